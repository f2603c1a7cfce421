from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jitprov.configuration import identity_providers
from jitprov.metadata import source
from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    IdentityProvider,
    SigningCertificate,
    Tenant,
)
from jitprov.saml.certificates import fingerprint_of, load_certificate
from tests.saml.documents import POST, entity, idp_role, key_descriptor, signed
from tests.support.accounts.models import User
from tests.support.importing import ENTRA_ID, ENTRA_URL, Runner, entra, key_pair, snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Tenant:
    return Tenant.objects.create(slug="acme", name="Acme")


@pytest.fixture
def beta() -> Tenant:
    return Tenant.objects.create(slug="beta", name="Beta")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(tmp_path, monkeypatch)


# A new identity provider


def test_everything_is_understood_and_saved(run: Runner, acme: Tenant) -> None:
    printed = run(entra(key_pair(), key_pair("rsa-2"), attributes='WantAuthnRequestsSigned="1"'))
    row = IdentityProvider.objects.get()
    assert (row.slug, row.tenant, row.preset) == ("acme", acme, "entra")
    assert (row.entity_id, row.sso_url, row.slo_url) == (ENTRA_ID, ENTRA_URL, ENTRA_URL)
    assert row.want_authn_requests_signed
    assert row.subject_claim == "http://schemas.microsoft.com/identity/claims/objectidentifier"
    assert row.certificates.count() == 2
    assert list(row.claim_mappings.values_list("target", flat=True)) == [
        "first_name",
        "last_name",
        "email",
        "username",
    ]
    for words in (
        "'acme' of tenant 'acme': created",
        "Microsoft Entra ID",
        ENTRA_ID,
        f"{ENTRA_URL} (HTTP-Redirect)",
        "wants signed requests and there is no key",
        "https://app.example/saml/acme/metadata/",
        "https://app.example/saml/acme/acs/",
        "https://app.example/saml/acme/login/",
        "first_name, last_name, email, username",
    ):
        assert words in printed


def test_a_sign_in_uses_the_imported_metadata(run: Runner, acme: Tenant) -> None:
    run(entra())
    row = IdentityProvider.objects.with_configuration().get()
    assert row.as_metadata().entity_id == ENTRA_ID
    assert [rule.target for rule in row.claim_rules()][:2] == ["first_name", "last_name"]


def test_json_has_everything(run: Runner, acme: Tenant) -> None:
    found = run.json(entra())
    assert found["ok"] is True
    assert found["created"] is True
    assert found["identity_provider"]["slug"] == "acme"
    assert found["identity_provider"]["entity_id"] == ENTRA_ID
    assert found["certificates_added"] == [found["certificates"][0]["fingerprint"]]
    assert found["service_provider"] == {
        "metadata_url": "https://app.example/saml/acme/metadata/",
        "entity_id": "https://app.example/saml/acme/metadata/",
        "acs_url": "https://app.example/saml/acme/acs/",
        "login_url": "https://app.example/saml/acme/login/",
    }


def test_an_identity_provider_with_http_post_only_is_imported(run: Runner, acme: Tenant) -> None:
    google = "https://accounts.google.com/o/saml2?idpid=C02"
    printed = run(entra(entity_id=google, url=google, binding=POST, logout=False))
    row = IdentityProvider.objects.get()
    assert (row.preset, row.sso_binding, row.slo_url) == ("google", POST, "")
    assert "(HTTP-POST)" in printed
    assert "Logout" not in printed


@pytest.mark.parametrize(
    ("option", "preset"), [("auto", "none"), ("none", "none"), ("okta", "okta"), ("adfs", "adfs")]
)
def test_the_preset_can_be_named(run: Runner, acme: Tenant, option: str, preset: str) -> None:
    run(entity(idp_role(keys=key_descriptor(key_pair()))), "--preset", option)
    assert IdentityProvider.objects.get().preset == preset


def test_mappings_for_fields_that_the_host_has_not_are_left_out(
    run: Runner, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {name: User._meta.get_field(name) for name in ("email", "last_name")}
    monkeypatch.setattr(identity_providers, "fields_of", lambda row: fields)
    run(entra())
    assert set(ClaimMapping.objects.values_list("target", flat=True)) == {"email", "last_name"}


# The second time


def test_a_second_run_changes_nothing_and_says_so(run: Runner, acme: Tenant) -> None:
    run(entra())
    before = snapshot()
    assert "nothing changed" in run(entra())
    assert run.json(entra())["changed"] is False
    assert snapshot() == before


def test_a_change_is_made_and_told(run: Runner, acme: Tenant) -> None:
    run(entra(key_pair(), key_pair("rsa-2")))
    kept = SigningCertificate.objects.get(
        fingerprint=load_certificate(key_pair("rsa-2").certificate).fingerprint
    )
    printed = run(
        entra(
            key_pair("rsa-2"),
            key_pair("ec"),
            url="https://idp.example/new",
            binding=POST,
            logout=False,
            attributes='WantAuthnRequestsSigned="true"',
        )
    )
    row = IdentityProvider.objects.get()
    assert row.sso_url == "https://idp.example/new"
    assert "updated" in printed
    assert f"sign-on URL: {ENTRA_URL} -> https://idp.example/new" in printed
    assert "sign-on binding: HTTP-Redirect -> HTTP-POST" in printed
    assert f"logout URL: {ENTRA_URL} -> none" in printed
    assert "wants signed requests: no -> yes" in printed
    assert len(re.findall(r"Certificate .*, new", printed)) == 1
    assert len(re.findall(r"Removed +certificate", printed)) == 1
    assert kept in row.certificates.all()
    assert row.certificates.count() == 2


def test_the_tenants_decisions_are_kept(run: Runner, acme: Tenant) -> None:
    run(entra())
    row = IdentityProvider.objects.get()
    row.claim_mappings.exclude(target="email").delete()
    row.claim_mappings.update(required=True)
    row.subject_claim = "employee"
    row.create_users = False
    row.enabled = False
    row.save()
    row.certificates.update(allow_expired=True)
    printed = run(entra(url="https://idp.example/new"), "--preset", "okta")
    row.refresh_from_db()
    assert (row.subject_claim, row.create_users, row.enabled) == ("employee", False, False)
    assert list(row.claim_mappings.values_list("target", "required")) == [("email", True)]
    assert row.certificates.get().allow_expired
    assert row.preset == "okta"
    assert "kind: entra -> okta" in printed
    assert "it is switched off" in printed


def test_a_preset_that_is_not_named_stays(run: Runner, acme: Tenant) -> None:
    run(entra(), "--preset", "keycloak")
    assert "nothing changed" in run(entra())
    assert IdentityProvider.objects.get().preset == "keycloak"


# Which row


def test_slugs_are_made_from_the_tenant(run: Runner, acme: Tenant) -> None:
    for number in range(3):
        run(entra(entity_id=f"https://idp{number}.example/"))
    slugs = IdentityProvider.objects.order_by("pk").values_list("slug", flat=True)
    assert list(slugs) == ["acme", "acme-2", "acme-3"]


def test_a_tenant_whose_name_makes_no_slug_gets_idp(run: Runner, settings: Any) -> None:
    Tenant.objects.create(slug="x", name="日本")
    settings.JITPROV_TENANT_LOOKUP_FIELD = "name"
    run(entra(), tenant="日本")
    assert IdentityProvider.objects.get().slug == "idp"


def test_a_slug_can_be_given(run: Runner, acme: Tenant) -> None:
    run(entra(), "--slug", "acme-entra")
    assert IdentityProvider.objects.get().slug == "acme-entra"
    assert "nothing changed" in run(entra()), "found by its entity ID"


def test_the_row_is_found_by_its_slug_even_if_the_entity_id_changes(
    run: Runner, acme: Tenant
) -> None:
    run(entra(), "--slug", "acme")
    person = User.objects.create(username="ann")
    row = IdentityProvider.objects.get()
    ExternalIdentity.objects.create(identity_provider=row, external_id="1", user=person)
    printed = run(entra(entity_id="https://other.example/"), "--slug", "acme")
    assert IdentityProvider.objects.get().entity_id == "https://other.example/"
    assert "1 people are known by the old one" in printed
    assert "another --slug" in printed


def test_two_applications_of_one_directory_need_a_slug_each(run: Runner, acme: Tenant) -> None:
    run(entra(), "--slug", "one")
    run(entra(), "--slug", "two")
    assert IdentityProvider.objects.count() == 2
    assert "one, two. Choose one with --slug" in run.fail(entra())
    assert "'two' of tenant 'acme': nothing changed" in run(entra(), "--slug", "two")


def test_an_entity_id_that_another_tenant_uses_is_imported_and_said(
    run: Runner, acme: Tenant, beta: Tenant
) -> None:
    run(entra())
    assert "the same entity ID is used by acme too" in run(entra(), tenant="beta")
    assert run.json(entra())["also_used_by"] == ["beta"]
    assert IdentityProvider.objects.count() == 2


def test_a_slug_of_another_tenant_is_refused(run: Runner, acme: Tenant, beta: Tenant) -> None:
    run(entra())
    before = snapshot()
    assert "taken by another tenant" in run.fail(entra(), "--slug", "acme", tenant="beta")
    assert snapshot() == before


@pytest.mark.parametrize("slug", ["a b", "a/b", "ü", "a" * 101])
def test_a_slug_that_is_no_slug_is_refused(run: Runner, acme: Tenant, slug: str) -> None:
    assert "import_slug_refused" in run.fail(entra(), "--slug", slug)


# What is said besides


def test_certificates_that_have_ended_or_end_soon_are_named(run: Runner, acme: Tenant) -> None:
    printed = run(entra(key_pair(), key_pair("ec", days=7), key_pair("rsa-2", days=-7)))
    assert printed.count("ends soon") == 1
    assert printed.count("has expired and is not trusted") == 1


def test_signing_certificates_that_are_left_out_are_named(run: Runner, acme: Tenant) -> None:
    weak = key_pair("rsa-1024")
    document = entra(key_pair(), weak)
    (note,) = [note for note in run.json(document)["notes"] if "is not used" in note]
    assert fingerprint_of(weak.certificate) in note
    assert "its key has 1024 bits, 2048 are the least" in note
    assert f"Note: {note}" in run(document)


def test_a_signature_that_cannot_be_verified_is_a_note(run: Runner, acme: Tenant) -> None:
    document = signed(entra()).replace("xmldsig-more#rsa-sha256", "xmldsig-more#rsa-md5")
    assert "signature can not be verified (algorithm_not_allowed" in run(document)


def test_the_end_of_the_document_s_validity_is_said(run: Runner, acme: Tenant) -> None:
    document = entra().replace('ID="e1"', 'validUntil="2999-01-01T00:00:00Z"')
    assert "2999-01-01 00:00 UTC" in run(document)
    assert run.json(document)["identity_provider"]["valid_until"] == "2999-01-01T00:00:00+00:00"


@pytest.mark.parametrize(("query", "said"), [("", True), ("?appid=123", False), ("?x=1", True)])
def test_the_document_of_a_whole_entra_directory_is_warned_of(
    run: Runner, acme: Tenant, monkeypatch: pytest.MonkeyPatch, query: str, said: bool
) -> None:
    document = entra().encode()
    monkeypatch.setattr(source, "fetch_metadata", lambda url, **options: document)
    url = "https://login.microsoftonline.com/x/FederationMetadata/2007-06/FederationMetadata.xml"
    assert ("?appid=" in run.source(url + query).partition("Give these")[0]) is said


def test_an_overridden_entity_id_of_ours_is_said(run: Runner, acme: Tenant) -> None:
    run(entra())
    IdentityProvider.objects.update(sp_entity_id="urn:acme:sp")
    assert "Entity ID       urn:acme:sp" in run(entra())


def test_a_host_without_our_urls_is_told_to_include_them(
    run: Runner, acme: Tenant, settings: Any
) -> None:
    settings.ROOT_URLCONF = ()
    assert 'include("jitprov.urls")' in run(entra())
    assert run.json(entra())["service_provider"] is None


def test_a_host_without_a_base_url_is_told_to_set_it(
    run: Runner, acme: Tenant, settings: Any
) -> None:
    settings.JITPROV_BASE_URL = ""
    assert "set JITPROV_BASE_URL" in run(entra())
