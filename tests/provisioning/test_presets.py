from __future__ import annotations

import pytest

from jitprov.provisioning.mapping import check_rule, map_claims
from jitprov.provisioning.presets import (
    NAME_ID_CLAIM,
    NAME_ID_EMAIL_CLAIM,
    PRESETS,
    Preset,
    detect,
)
from jitprov.provisioning.types import Claims, Source

TENANT = "5b3f1c1e-7a51-4f0c-9d0a-1f1c5b1f3c11"


CASES = [
    pytest.param(
        f"https://sts.windows.net/{TENANT}/",
        f"https://login.microsoftonline.com/{TENANT}/saml2",
        Preset.ENTRA,
        id="Entra",
    ),
    pytest.param(
        "urn:acme",
        f"https://login.microsoftonline.us/{TENANT}/saml2",
        Preset.ENTRA,
        id="its US cloud",
    ),
    pytest.param(
        "urn:acme",
        f"https://acme.ciamlogin.com/{TENANT}/saml2",
        Preset.ENTRA,
        id="its External ID",
    ),
    pytest.param(
        "http://www.okta.com/exk1",
        "https://login.acme.example/app/x/exk1/sso/saml",
        Preset.OKTA,
        id="Okta with a customer's own domain",
    ),
    pytest.param("urn:acme", "https://acme.okta.com/app/x/sso/saml", Preset.OKTA, id="Okta by URL"),
    pytest.param(
        "https://accounts.google.com/o/saml2?idpid=C02",
        "https://accounts.google.com/o/saml2/idp?idpid=C02",
        Preset.GOOGLE,
        id="Google Workspace",
    ),
    pytest.param(
        "http://fs.acme.example/adfs/services/trust",
        "https://fs.acme.example/adfs/ls/",
        Preset.ADFS,
        id="AD FS",
    ),
    pytest.param("urn:acme", "https://fs.acme.example/adfs/ls/", Preset.ADFS, id="AD FS by URL"),
    pytest.param(
        "https://app.onelogin.com/saml/metadata/503983",
        "https://app.onelogin.com/trust/saml2/http-post/sso/503983",
        Preset.ONELOGIN,
        id="OneLogin",
    ),
    pytest.param(
        "urn:acme",
        "https://acme.onelogin.com/trust/saml2/x",
        Preset.ONELOGIN,
        id="OneLogin by URL",
    ),
    pytest.param(
        "https://sso.acme.example/realms/staff",
        "https://sso.acme.example/realms/staff/protocol/saml",
        Preset.KEYCLOAK,
        id="Keycloak",
    ),
    pytest.param(
        "https://sso.acme.example/auth/realms/staff",
        "https://sso.acme.example/auth/realms/staff/protocol/saml",
        Preset.KEYCLOAK,
        id="an old Keycloak",
    ),
    pytest.param("urn:acme", "https://notokta.com/sso", Preset.NONE, id="ends like Okta's domain"),
    pytest.param(
        "https://acme.example/?sts.windows.net",
        "https://acme.example/login.microsoftonline.com",
        Preset.NONE,
        id="Entra's names in the wrong place",
    ),
    pytest.param(
        "https://accounts.google.com/o/oauth2",
        "https://x.example/",
        Preset.NONE,
        id="Google, not SAML",
    ),
    pytest.param(
        "https://a.example/realms/x",
        "https://a.example/realms/y/protocol/saml",
        Preset.NONE,
        id="two realms that differ",
    ),
    pytest.param("https://[", "https://idp.example/sso", Preset.NONE, id="no URL at all"),
    pytest.param("", "", Preset.NONE, id="nothing"),
]


@pytest.mark.parametrize(("entity_id", "sso_url", "expected"), CASES)
def test_a_kind_is_recognised_by_its_metadata(
    entity_id: str, sso_url: str, expected: Preset
) -> None:
    assert detect(entity_id, sso_url) is expected


def test_every_kind_is_recognised_in_a_case() -> None:
    assert {case.values[2] for case in CASES} == set(Preset)


@pytest.mark.parametrize("preset", Preset)
def test_each_preset_has_valid_rules(preset: Preset) -> None:
    targets = [rule.target for rule in preset.details.rules]
    for rule in preset.details.rules:
        check_rule(rule)
    assert targets == ["first_name", "last_name", "email", "username"]
    assert preset.details.label


def test_each_preset_has_details_and_no_details_are_without_one() -> None:
    assert set(PRESETS) == set(Preset)


def test_there_is_no_preset_called_auto() -> None:
    assert "auto" not in {str(preset) for preset in Preset}


def test_entra_is_anchored_in_the_object_id_and_no_other_in_a_claim() -> None:
    anchors = {preset: preset.details.subject_claim for preset in Preset}
    oid = "http://schemas.microsoft.com/identity/claims/objectidentifier"
    assert anchors.pop(Preset.ENTRA) == oid
    assert set(anchors.values()) == {""}


XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"


def test_entras_default_claims_fill_a_django_user() -> None:
    values = {
        f"{XMLSOAP}/givenname": ("Mia",),
        f"{XMLSOAP}/surname": ("Lund",),
        f"{XMLSOAP}/emailaddress": ("mia.lund@acme.example",),
        f"{XMLSOAP}/name": ("Mia.Lund@acme.example",),
    }
    said = Claims(source=Source.SAML, external_id="x", values=values)
    wanted = map_claims(said, Preset.ENTRA.details.rules, ())
    assert {name: item.value for name, item in wanted.fields.items()} == {
        "first_name": "Mia",
        "last_name": "Lund",
        "email": "mia.lund@acme.example",
        "username": "Mia.Lund@acme.example",
    }


def test_entras_name_claim_never_fills_the_e_mail_address() -> None:
    said = Claims(
        source=Source.SAML, external_id="x", values={f"{XMLSOAP}/name": ("mia@acme.example",)}
    )
    assert map_claims(said, Preset.ENTRA.details.rules, ()).fields.keys() == {"username"}


@pytest.mark.parametrize("preset", [Preset.GOOGLE, Preset.ONELOGIN])
def test_a_name_id_that_is_an_e_mail_address_fills_it(preset: Preset) -> None:
    values = {NAME_ID_CLAIM: ("mia@acme.example",)}
    wanted = map_claims(
        Claims(source=Source.SAML, external_id="x", values=values), preset.details.rules, ()
    )
    assert wanted.fields["email"].value == "mia@acme.example"


def test_of_an_unknown_product_a_name_id_fills_it_if_its_format_says_so() -> None:
    values = {NAME_ID_CLAIM: ("mia@acme.example",), NAME_ID_EMAIL_CLAIM: ("mia@acme.example",)}
    said = Claims(source=Source.SAML, external_id="x", values=values)

    wanted = map_claims(said, Preset.NONE.details.rules, ()).fields

    assert wanted["email"].value == "mia@acme.example"
    assert wanted["username"].value == "mia@acme.example"


@pytest.mark.parametrize("preset", [Preset.ENTRA, Preset.ADFS, Preset.NONE])
def test_a_name_id_that_may_be_opaque_fills_no_field(preset: Preset) -> None:
    assert not any(NAME_ID_CLAIM in rule.sources for rule in preset.details.rules)
