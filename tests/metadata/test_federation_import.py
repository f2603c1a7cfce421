from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jitprov.metadata.federation_import import BATCH_SIZE, FederationImport
from jitprov.metadata.federation_map import MapRow
from jitprov.models import ExternalIdentity, IdentityProvider, SigningCertificate, Tenant
from tests.saml.documents import POST, aggregate, entity, idp_role, key_descriptor, signed, sp_role
from tests.support.accounts.models import User
from tests.support.bench_data import Federation as Generated
from tests.support.factories import ExternalIdentityFactory, IdentityProviderFactory
from tests.support.federations import Federation, federation, member, members, name, row
from tests.support.importing import entra, key_pair, snapshot

pytestmark = pytest.mark.django_db

PAST = 'validUntil="2014-01-01T00:00:00Z"'


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Federation:
    return federation(tmp_path, monkeypatch)


def slugs() -> list[str]:
    return list(IdentityProvider.objects.order_by("slug").values_list("slug", flat=True))


# Added, unchanged, changed


def test_all_of_the_map_are_added_and_then_unchanged(run: Federation) -> None:
    rows = [row(0), row(1, tenant="beta"), row(2)]
    printed = run.many(members(3), rows)
    assert "3 added, 0 changed, 0 unchanged, 0 missing, 0 refused." in printed
    assert IdentityProvider.objects.get(slug="idp-1").tenant.slug == "beta"
    before = snapshot()
    printed = run.many(members(3), rows)
    assert "0 added, 0 changed, 3 unchanged, 0 missing, 0 refused." in printed
    assert snapshot() == before


def test_a_row_is_as_if_it_had_been_imported_alone(run: Federation) -> None:
    document = member(0, url="https://login.okta.com/sso", binding=POST)

    def columns(slug: str) -> list[Any]:
        found = IdentityProvider.objects.get(slug=slug)
        hidden = {"id", "slug", "created_at", "updated_at", "identity_provider_id"}
        related = [*found.certificates.values(), *found.claim_mappings.values()]
        own = IdentityProvider.objects.filter(pk=found.pk).values().get()
        return [{k: v for k, v in one.items() if k not in hidden} for one in [own, *related]]

    run(document, "--slug", "alone")
    run.many(aggregate(document), [row(0)])
    assert columns("idp-0") == columns("alone")
    assert len(columns("idp-0")) > 2


def test_notes_on_rows_that_were_imported_are_told(run: Federation) -> None:
    def weak(number: int) -> str:
        return entra(key_pair(), key_pair("rsa-1024"), entity_id=name(number))

    printed = run.many(aggregate(weak(0)), 1)
    assert "  Note     line 2, https://idp0.example/ (idp-0): certificate" in printed
    (note,) = run.many_json(aggregate(weak(0)), 1)["notes"]
    assert (note["slug"], "1024 bits" in note["note"]) == ("idp-0", True)
    ExternalIdentityFactory.create(identity_provider=IdentityProvider.objects.get(slug="idp-0"))
    assert "Note" not in run.incomplete(aggregate(weak(1)), [row(1, slug="idp-0")])


def test_an_identity_provider_imported_alone_is_unchanged_by_a_map(run: Federation) -> None:
    run(member(0), "--slug", "idp-0")
    assert "0 added, 0 changed, 1 unchanged" in run.many(members(1), 1)


def test_changes_are_made_and_told(run: Federation) -> None:
    run.many(members(4), 4)
    seen = dict(IdentityProvider.objects.values_list("slug", "updated_at"))
    printed = run.many(
        aggregate(
            member(0),
            member(1, url="https://idp.example/new", binding=POST),
            entity(idp_role(keys=key_descriptor(key_pair("ec"))), entity_id=name(2)),
            member(3),
        ),
        4,
    )
    assert "0 added, 2 changed, 2 unchanged" in printed
    assert "  Changed  idp-1: sso url, sso binding\n" in printed
    assert "certificates +1, certificates -1" in printed
    changed = IdentityProvider.objects.get(slug="idp-1")
    assert (changed.sso_url, changed.sso_binding) == ("https://idp.example/new", POST)
    (certificate,) = SigningCertificate.objects.filter(identity_provider__slug="idp-2")
    assert certificate.fingerprint
    now = dict(IdentityProvider.objects.values_list("slug", "updated_at"))
    assert {slug for slug in now if now[slug] != seen[slug]} == {"idp-1", "idp-2"}


def test_a_new_certificate_alone_changes_the_row_s_time(run: Federation) -> None:
    run.many(members(1), 1)
    before = IdentityProvider.objects.get()
    both = entra(key_pair(), key_pair("ec"), entity_id=name(0), url=f"{name(0)}sso")
    assert "  Changed  idp-0: certificates +1\n" in run.many(aggregate(both), 1)
    assert IdentityProvider.objects.get().updated_at > before.updated_at
    assert before.certificates.count() == 2


def test_the_tenants_decisions_are_kept(run: Federation) -> None:
    run.many(members(1), 1, "--preset", "entra")
    found = IdentityProvider.objects.get()
    found.claim_mappings.exclude(target="email").delete()
    IdentityProvider.objects.update(subject_claim="employee", enabled=False)
    found.certificates.update(allow_expired=True)
    run.many(aggregate(member(0, url="https://idp.example/new")), 1)
    found.refresh_from_db()
    assert (found.subject_claim, found.enabled, found.preset) == ("employee", False, "entra")
    assert [one.target for one in found.claim_mappings.all()] == ["email"]
    assert found.certificates.get().allow_expired


def test_a_preset_that_is_given_applies_to_all(run: Federation) -> None:
    run.many(members(2), 2, "--preset", "okta")
    assert set(IdentityProvider.objects.values_list("preset", flat=True)) == {"okta"}
    assert "2 changed" in run.many(members(2), 2, "--preset", "adfs")


def test_entities_that_are_not_in_the_map_are_left_alone(run: Federation) -> None:
    run.many(members(3), [row(1)])
    assert slugs() == ["idp-1"]


def test_a_slug_can_get_another_entity_id_while_nobody_has_signed_in(run: Federation) -> None:
    run.many(members(1), 1)
    printed = run.many(members(2), [row(1, slug="idp-0")])
    assert "  Changed  idp-0: entity id, sso url\n" in printed
    assert IdentityProvider.objects.get().entity_id == name(1)


def test_all_batches_are_imported(run: Federation) -> None:
    count = 2 * BATCH_SIZE + 1
    assert f"{count} added" in run.many(members(count), count)
    assert f"{count} unchanged" in run.many(members(count), count)


# Missing and refused


def test_missing_entities_are_reported_and_the_others_imported(run: Federation) -> None:
    service_provider = entity(sp_role(), entity_id=name(7))
    printed = run.incomplete(
        aggregate(member(0), service_provider), [row(0), row(7), row(8, slug="eight")]
    )
    assert "1 added, 0 changed, 0 unchanged, 2 missing, 0 refused." in printed
    assert f"  Missing  line 3, {name(7)} (idp-7)\n" in printed
    assert f"  Missing  line 4, {name(8)} (eight)\n" in printed
    assert printed.endswith("[import_incomplete]")
    assert slugs() == ["idp-0"]


def test_only_some_of_many_that_are_missing_are_listed(run: Federation) -> None:
    printed = run.incomplete(members(1), 100)
    assert printed.count("  Missing  ") == 20
    assert "and 79 more; --json lists them" in printed


@pytest.mark.parametrize(
    ("document", "code"),
    [
        pytest.param(
            entity(idp_role(services=""), entity_id=name(1)),
            "metadata_without_sso_url",
            id="no sign-on URL",
        ),
        pytest.param(
            entity(idp_role(keys=""), entity_id=name(1)),
            "metadata_without_certificate",
            id="no certificate",
        ),
        pytest.param(member(1, url="http://idp.example/"), "metadata_without_sso_url", id="no TLS"),
        pytest.param(
            entity(idp_role(keys=key_descriptor(key_pair(days=-1))), entity_id=name(1)),
            "metadata_certificates_expired",
            id="expired certificates",
        ),
        pytest.param(member(1).replace('ID="e1"', PAST), "metadata_expired", id="no longer valid"),
        pytest.param(
            aggregate(member(1), attributes=PAST), "metadata_expired", id="in a group that ended"
        ),
        pytest.param(
            member(1) + member(1, url="https://evil.example/"),
            "import_entity_repeated",
            id="twice, and differently",
        ),
        pytest.param(
            signed(member(1)).partition("?>")[2].replace("/sso", "/evil"),
            "metadata_signature_refused",
            id="changed after it was signed",
        ),
    ],
)
def test_one_that_is_refused_does_not_stop_the_others(
    run: Federation, document: str, code: str
) -> None:
    printed = run.incomplete(aggregate(member(0), document, member(2)), 3)
    assert f"  Refused  line 3, {name(1)} (idp-1): " in printed
    assert f"[{code}]\n" in printed
    assert "1 refused." in printed
    assert {"idp-0", "idp-2"} <= set(slugs())
    urls = IdentityProvider.objects.values_list("sso_url", flat=True)
    assert not any("evil" in url for url in urls)


def test_of_one_that_comes_twice_the_first_counts_every_time(run: Federation) -> None:
    document = aggregate(member(0), member(0, url="https://evil.example/"), member(0))
    assert "1 added, 0 changed, 0 unchanged, 0 missing, 1 refused." in run.incomplete(document, 1)
    assert "0 added, 0 changed, 1 unchanged, 0 missing, 1 refused." in run.incomplete(document, 1)
    assert IdentityProvider.objects.get().sso_url == f"{name(0)}sso"


def test_a_row_that_knows_people_never_gets_another_directory(run: Federation) -> None:
    run.many(members(1), 1)
    person = User.objects.create(username="ann")
    ExternalIdentity.objects.create(
        identity_provider=IdentityProvider.objects.get(), external_id="1", user=person
    )
    before = snapshot()
    printed = run.incomplete(members(3), [row(1, slug="idp-0"), row(2)])
    assert "people are known by it" in printed
    assert "[import_entity_id_changed]" in printed
    assert slugs() == ["idp-0", "idp-2"]
    IdentityProvider.objects.get(slug="idp-2").delete()
    assert snapshot() == before


def test_a_slug_that_another_tenant_took_in_the_meantime_is_refused(run: Federation) -> None:
    IdentityProviderFactory.create(slug="idp-0")
    acme = Tenant.objects.get(slug="acme")
    one = MapRow(line=2, entity_id=name(0), tenant="acme", slug="idp-0", tenant_id=acme.pk)
    work = FederationImport({one.entity_id: one}, now=datetime.now(UTC))
    work.run(io.BytesIO(members(1).encode()))
    assert [refused.code for refused in work.summary.refused] == ["import_slug_refused"]
    assert not work.summary.complete


@pytest.mark.parametrize(
    ("document", "code"),
    [
        pytest.param(aggregate(member(0), attributes=PAST), "metadata_expired", id="ended"),
        pytest.param("<a/>", "not_metadata", id="something else"),
        pytest.param("<!DOCTYPE a>" + members(1), "metadata_forbidden_xml", id="a DTD"),
        pytest.param("", "metadata_empty", id="nothing"),
    ],
)
def test_an_aggregate_that_is_refused_imports_nothing(
    run: Federation, document: str, code: str
) -> None:
    printed = run.incomplete(document, 1)
    assert printed.endswith(f"[{code}]")
    assert "\n" not in printed
    assert slugs() == []


def test_a_run_that_ends_early_keeps_its_batches_and_a_second_run_imports_the_rest(
    run: Federation,
) -> None:
    count = BATCH_SIZE + 50
    document = members(count)
    printed = run.incomplete(document[:-100], count)
    assert (
        f"{BATCH_SIZE} added, 0 changed, 0 unchanged, 0 refused; the rest was not read" in printed
    )
    assert printed.endswith("[metadata_not_xml]")
    assert len(slugs()) == BATCH_SIZE
    assert f"50 added, 0 changed, {BATCH_SIZE} unchanged" in run.many(document, count)


# Others at the same time


def interfere(times: int) -> Callable[..., Any]:
    """Return a wrapper of statements that takes a slug just before ours is inserted, so many times."""
    beta = Tenant.objects.get(slug="beta")
    left = [True] * times

    def before(execute: Any, sql: str, *rest: Any) -> Any:
        ours = sql.startswith("INSERT") and "jitprov_identityprovider" in sql
        if ours and "idp-0" in str(rest[0]) and left:
            left.pop()
            IdentityProviderFactory.create(slug="idp-1", tenant=beta)
        return execute(sql, *rest)

    return before


def test_a_batch_that_conflicts_once_is_tried_again(run: Federation) -> None:
    with connection.execute_wrapper(interfere(1)):
        assert "3 added" in run.many(members(3), 3)


def test_a_batch_that_conflicts_twice_is_refused(run: Federation) -> None:
    with connection.execute_wrapper(interfere(2)):
        printed = run.incomplete(members(3), 3)
    assert "0 added, 0 changed, 0 unchanged, 0 missing, 3 refused." in printed
    assert printed.count("Run it again. [import_refused]") == 3
    assert slugs() == []


# What it costs


def statements(run: Federation, count: int) -> int:
    with CaptureQueriesContext(connection) as queries:
        run.many(members(count), count)
    return len(queries)


def test_the_number_of_statements_does_not_depend_on_the_number_in_a_batch(
    run: Federation,
) -> None:
    few, again, many = statements(run, 5), statements(run, 5), statements(run, 15)
    assert many <= few + 4  # what was there, and what is new
    assert again == statements(run, 5) == statements(run, 15)
    assert again < few


PEAK = """
import resource, sys
from datetime import UTC, datetime
from jitprov.saml.aggregate import iter_idp_metadata
with open(sys.argv[1], "rb") as file:
    count = sum(1 for _ in iter_idp_metadata(file, now=datetime.now(UTC)))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_aggregate(tmp_path: Path) -> None:
    def peak(entities: int) -> int:
        path = Generated(entities=entities, certificates=50).write(tmp_path / "aggregate.xml")
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True
        )
        count, kilobytes = map(int, done.stdout.split())
        assert count == entities
        return kilobytes

    # The larger document has 10 MB more, and would take 50 MB more as a tree.
    assert peak(2000) < peak(400) + 8 * 1024
