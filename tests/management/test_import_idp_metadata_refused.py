from __future__ import annotations

import base64
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from jitprov.management.commands import import_idp_metadata
from jitprov.models import IdentityProvider, SigningCertificate, Tenant
from tests.metadata.test_fetch import running
from tests.saml import real_data
from tests.saml.documents import aggregate, base64_of, entity, signed, sp_role
from tests.support.importing import ENTRA_URL, Runner, entra, key_pair, snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Tenant:
    return Tenant.objects.create(slug="acme", name="Acme")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(tmp_path, monkeypatch)


# Sources


def test_the_document_is_read_from_standard_input(run: Runner, acme: Tenant) -> None:
    run.stdin(entra())
    assert "created" in run.source("-")


def test_the_document_is_fetched_from_a_url(
    run: Runner, acme: Tenant, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.metadata.test_fetch.DOCUMENT", entra().encode())
    with running(None) as server:
        url = f"http://127.0.0.1:{server.port}/document"
        assert "metadata_url_refused" in run.fail_source(url)
        settings.DEBUG = True
        assert "created" in run.source(url)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("http://idp.example/", "is not an https URL", id="no TLS"),
        pytest.param("https://127.0.0.1/", "not public", id="this machine"),
        pytest.param("file:///etc/passwd", "metadata_url_refused", id="another scheme"),
        pytest.param("idp.example/metadata", "No such file", id="a URL without its scheme"),
        pytest.param(".", "Is a directory", id="a folder"),
        pytest.param("a\0b", "not a file name", id="no name at all"),
    ],
)
def test_a_source_that_can_not_be_read_is_an_error(
    run: Runner, acme: Tenant, source: str, words: str
) -> None:
    assert words in run.fail_source(source)


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_a_source_that_is_too_large_is_refused(
    run: Runner, acme: Tenant, settings: Any, source: str
) -> None:
    settings.JITPROV_METADATA_MAX_BYTES = 500
    run.stdin(entra())
    path = run.file(entra()) if source == "file" else "-"
    assert "more than 500 bytes" in run.fail_source(path)


def test_a_sign_on_url_on_this_machine_is_allowed_in_development_only(
    run: Runner, acme: Tenant, settings: Any
) -> None:
    document = entra(url="http://127.0.0.1:7001/sso")
    assert "metadata_without_sso_url" in run.fail(document)
    settings.DEBUG = True
    run(document)
    assert IdentityProvider.objects.get().sso_url == "http://127.0.0.1:7001/sso"


# Tenants


def test_an_unknown_tenant_is_an_error(run: Runner, acme: Tenant) -> None:
    text = run.fail(entra(), tenant="acmee")
    assert text.startswith("There is no tenant with slug 'acmee'. Create it first")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        pytest.param("pk", "abc", "no tenant with pk 'abc'", id="not a primary key"),
        pytest.param("nothing", "acme", "has no field 'nothing'", id="no such field"),
        pytest.param("name", "Acme", "Several tenants have name 'Acme'", id="not unique"),
    ],
)
def test_a_tenant_that_can_not_be_looked_up_is_an_error(
    run: Runner, acme: Tenant, settings: Any, field: str, value: str, words: str
) -> None:
    Tenant.objects.create(slug="acme-2", name="Acme")
    settings.JITPROV_TENANT_LOOKUP_FIELD = field
    assert words in run.fail(entra(), tenant=value)


def test_a_tenant_is_found_by_its_primary_key(run: Runner, acme: Tenant, settings: Any) -> None:
    settings.JITPROV_TENANT_LOOKUP_FIELD = "pk"
    run(entra(), tenant=str(acme.pk))
    assert IdentityProvider.objects.get().slug == str(acme.pk)


# Refusals


REFUSED = [
    pytest.param("<html/>", "not_metadata", "EntityDescriptor", id="not metadata"),
    pytest.param("", "metadata_empty", "download was complete", id="nothing"),
    pytest.param("junk", "metadata_not_xml", "XML, in UTF-8", id="anything else"),
    pytest.param("<!DOCTYPE a>" + entra(), "metadata_forbidden_xml", "without a DTD", id="a DTD"),
    pytest.param(entity(sp_role()), "metadata_without_idp", "service provider", id="an SP"),
    pytest.param(
        aggregate(entra(), entra(entity_id="https://b.example")),
        "metadata_with_several_idps",
        "--entity-id",
        id="several",
    ),
    pytest.param(
        entra(entity_id="https://sts.windows.net/{tenantid}/"),
        "metadata_placeholder",
        "your own tenant",
        id="the common document",
    ),
    pytest.param(entra(key_pair(days=-1)), "metadata_certificates_expired", "renew", id="expired"),
    pytest.param(
        entra(url="http://idp.example/"), "metadata_without_sso_url", "https", id="no TLS"
    ),
    pytest.param(
        entra().replace('ID="e1"', 'validUntil="2014-01-01T00:00:00Z"'),
        "metadata_expired",
        "current metadata",
        id="not valid any more",
    ),
]


@pytest.mark.parametrize(("document", "code", "remedy"), REFUSED)
def test_a_document_that_is_refused_changes_nothing(
    run: Runner, acme: Tenant, document: str, code: str, remedy: str
) -> None:
    run(entra())
    before = snapshot()
    text = run.fail(document)
    assert text.endswith(f"[{code}]")
    assert remedy in text
    assert snapshot() == before


def test_a_refusal_as_json_is_one_object_too(run: Runner, acme: Tenant) -> None:
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command(
            "import_idp_metadata", run.file("<a/>"), "--tenant", "acme", "--json", stdout=out
        )
    found = json.loads(out.getvalue())
    assert found["ok"] is False
    assert found["code"] == "not_metadata"
    assert "EntityDescriptor" in found["error"]


def test_nothing_is_half_written(
    run: Runner, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(entra())
    before = snapshot()

    def broken(*args: Any, **kwargs: Any) -> None:
        raise IntegrityError("UNIQUE constraint failed")

    monkeypatch.setattr(SigningCertificate, "save", broken)
    text = run.fail(entra(key_pair("ec"), url="https://idp.example/new"))
    assert "Run the import again" in text
    assert snapshot() == before


def test_a_database_error_asks_to_migrate(
    run: Runner, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SigningCertificate._meta, "db_table", "nowhere")
    assert "manage.py migrate" in run.fail(entra())
    assert not IdentityProvider.objects.exists()


def test_a_dry_run_says_everything_and_saves_nothing(run: Runner, acme: Tenant) -> None:
    printed = run(entra(), "--dry-run")
    assert "would be created (dry run)" in printed
    assert "https://app.example/saml/acme/acs/" in printed
    assert snapshot() == [[], [], []]
    run(entra())
    before = snapshot()
    found = run.json(entra(key_pair("ec"), url="https://idp.example/new"), "--dry-run")
    assert found["dry_run"] is True
    assert found["changes"] == [
        {"field": "sso_url", "before": ENTRA_URL, "after": "https://idp.example/new"}
    ]
    assert len(found["certificates_removed"]) == 1
    assert snapshot() == before


# One of several, and signatures


def test_one_identity_provider_of_an_aggregate_is_chosen_by_entity_id(
    run: Runner, acme: Tenant
) -> None:
    document = aggregate(aggregate(entra(entity_id="https://a.example")), entra())
    run(document, "--entity-id", "https://a.example")
    assert IdentityProvider.objects.get().entity_id == "https://a.example"
    assert "metadata_entity_not_found" in run.fail(document, "--entity-id", "https://c.example")


@pytest.mark.parametrize("form", ["pem", "der", "with text around it"])
def test_metadata_signed_by_the_trusted_certificate_is_imported(
    run: Runner, acme: Tenant, form: str
) -> None:
    pem = key_pair("rsa-2").certificate
    content = {
        "pem": pem.encode(),
        "der": base64.b64decode(base64_of(pem)),
        "with text around it": f"Certificate:\n  Data: é\n{pem}".encode(),
    }[form]
    file = run.file(content, "signer.cer")
    assert "created" in run(signed(entra(), key_pair("rsa-2")), "--verify-with", file)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        pytest.param(entra(), "metadata_not_signed", id="not signed"),
        pytest.param(
            signed(entra(), key_pair()), "metadata_signature_refused", id="by somebody else"
        ),
        pytest.param(
            signed(entra(), key_pair("rsa-2")).replace(ENTRA_URL, "https://evil.example"),
            "metadata_signature_refused",
            id="changed afterwards",
        ),
    ],
)
def test_metadata_not_signed_by_the_trusted_certificate_is_refused(
    run: Runner, acme: Tenant, document: str, code: str
) -> None:
    file = run.file(key_pair("rsa-2").certificate, "signer.pem")
    assert code in run.fail(document, "--verify-with", file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("hello", "not a certificate", id="something else"),
        pytest.param("é", "not a certificate", id="something that is not even ASCII"),
        pytest.param(
            "-----BEGIN CERTIFICATE-----é-----END CERTIFICATE-----",
            "not a certificate",
            id="something in a certificate's clothes",
        ),
        pytest.param(
            key_pair().certificate + key_pair("ec").certificate, "2 certificates", id="several"
        ),
    ],
)
def test_a_certificate_that_can_not_verify_is_refused(
    run: Runner, acme: Tenant, content: str, words: str
) -> None:
    file = run.file(content, "signer.pem")
    assert words in run.fail(entra(), "--verify-with", file)


def test_a_missing_certificate_file_is_an_error(run: Runner, acme: Tenant) -> None:
    text = run.fail(entra(), "--verify-with", "nowhere.pem")
    assert "'nowhere.pem' can not be read: No such file" in text


# Real documents


REAL = {
    "aad-common-2018.xml": "metadata_placeholder",
    "adfs-v3.xml": "",
    "google-idp.xml": "",
    "invalid-expired.xml": "metadata_without_idp",
    "invalid-no-idp-role.xml": "metadata_without_idp",
    "okta-idp.xml": "",
    "onelogin-idp.xml": "",
    "rubysaml-idp_metadata_multi_signing_certs.xml": "",
    "rubysaml-idp_multiple_descriptors_2.xml": "metadata_with_several_idps",
    "sp-pac4j.xml": "metadata_without_idp",
    "swami-test-1.0.xml": "metadata_with_several_idps",
    "testshib-aggregate.xml": "",
}
"""The code of each document's refusal at the beginning of 2018; empty if it is imported."""


@real_data.needs_real_data
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("name", sorted(REAL))
def test_real_documents_are_imported_or_refused_as_expected(
    run: Runner, acme: Tenant, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(
        import_idp_metadata, "current_time", lambda: datetime(2018, 1, 1, tzinfo=UTC)
    )
    document = real_data.metadata(name)
    if REAL[name]:
        assert run.fail(document).endswith(f"[{REAL[name]}]")
        assert not IdentityProvider.objects.exists()
    else:
        assert "created" in run(document)
        assert "nothing changed" in run(document)
