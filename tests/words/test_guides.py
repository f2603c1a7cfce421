"""Every kind of identity provider has a complete guide, which knows the claims that its preset reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils.functional import Promise
from django.utils.translation import override

from jitprov.provisioning.presets import NAME_ID_CLAIM, PRESETS, Preset
from jitprov.words.guides import (
    GUIDES,
    OurValue,
    Text,
    known_claims,
    label_of,
    metadata_place,
    place_of,
    places,
    steps,
)
from tests.support.pages import DOCS

XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

every_preset = pytest.mark.parametrize("preset", list(Preset))


def texts(preset: Preset) -> Iterator[Text]:
    for location in (*places(preset), metadata_place(preset)):
        yield from (*location.path, location.field, location.note)
    for step in steps(preset):
        yield from (step.text, step.note)
    for claim in known_claims(preset):
        yield from (claim.label, claim.note)


@every_preset
def test_every_guide_has_a_place_for_the_entity_id_and_the_acs_url(preset: Preset) -> None:
    for value in (OurValue.ENTITY_ID, OurValue.ACS_URL):
        place = place_of(preset, value)
        assert place is not None
        assert place.label == value.label
        assert all(str(name) for name in (*place.path, place.field))


@every_preset
def test_no_value_has_two_places(preset: Preset) -> None:
    values = [place.value for place in places(preset)]
    assert len(values) == len(set(values))


@every_preset
def test_every_guide_says_where_the_metadata_is(preset: Preset) -> None:
    place = metadata_place(preset)
    assert place.path
    assert str(place.trail).endswith(f" > {place.field}")


@every_preset
def test_every_guide_ends_with_a_test_sign_in(preset: Preset) -> None:
    assert len(steps(preset)) >= 5
    assert "test sign-in" in str(steps(preset)[-1].text)


@every_preset
def test_a_preset_reads_only_claims_that_its_guide_knows(preset: Preset) -> None:
    details = PRESETS[preset]
    read = {source for rule in details.rules for source in rule.sources}
    read |= {details.subject_claim, details.group_claim} - {""}
    assert read <= {claim.name for claim in known_claims(preset)}


@every_preset
def test_no_claim_is_listed_twice(preset: Preset) -> None:
    names = [claim.name for claim in known_claims(preset)]
    assert len(names) == len(set(names))
    assert NAME_ID_CLAIM in names


@every_preset
def test_every_text_is_translatable_and_has_no_placeholder(
    preset: Preset,
) -> None:
    for text in texts(preset):
        assert isinstance(text, Promise) or text == "" or text.startswith("/")
        assert "%(" not in str(text)
        assert "{" not in str(text)


def test_a_claim_has_the_same_label_everywhere() -> None:
    labels = {(claim.name, str(claim.label)) for guide in GUIDES.values() for claim in guide.claims}
    assert len(labels) == len({name for name, _label in labels})


def test_entra_has_a_place_for_every_value() -> None:
    assert {place.value for place in places(Preset.ENTRA)} == set(OurValue)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (OurValue.ENTITY_ID, "Basic SAML Configuration > Identifier (Entity ID)"),
        (OurValue.ACS_URL, "Basic SAML Configuration > Reply URL"),
        (OurValue.LOGIN_URL, "Basic SAML Configuration > Sign on URL"),
        (OurValue.LOGOUT_URL, "Basic SAML Configuration > Logout Url"),
        (OurValue.METADATA_URL, "Single sign-on > Upload metadata file"),
    ],
)
def test_a_value_of_ours_has_its_place_in_entra(value: OurValue, expected: str) -> None:
    place = place_of(Preset.ENTRA, value)
    assert place is not None
    assert str(place.trail).startswith(
        "Enterprise applications > your application > Single sign-on"
    )
    assert expected in str(place.trail)


def test_the_metadata_of_entra_is_found_at_the_application() -> None:
    place = metadata_place(Preset.ENTRA)
    assert str(place.trail).endswith("SAML Certificates > App Federation Metadata Url")
    assert "?appid=" in str(place.note)


def test_a_value_without_a_field_has_no_place() -> None:
    assert place_of(Preset.GOOGLE, OurValue.METADATA_URL) is None


@pytest.mark.parametrize(
    ("name", "label"),
    [
        (f"{XMLSOAP}emailaddress", "E-mail address"),
        (
            "http://schemas.microsoft.com/identity/claims/objectidentifier",
            "Object ID (never changes)",
        ),
        ("urn:oid:2.5.4.42", "First name"),
        ("https://claims.acme.example/department", "department"),
        ("https://claims.acme.example/department/", "department"),
        ("urn:oid:2.5.4.11", "urn:oid:2.5.4.11"),
        ("department", "department"),
        ("/", "/"),
        ("", ""),
    ],
)
def test_claims_have_readable_names(name: str, label: str) -> None:
    with override("en"):
        assert label_of(name) == label


# What the documentation says


PAGES = {
    Preset.ENTRA: ("entra", "tenant-admins/entra"),
    Preset.OKTA: ("okta",),
    Preset.GOOGLE: ("google-workspace",),
    Preset.ADFS: ("ad-fs",),
    Preset.ONELOGIN: ("onelogin",),
    Preset.KEYCLOAK: ("keycloak",),
}


@pytest.mark.parametrize(
    ("preset", "page"), [(preset, page) for preset, names in PAGES.items() for page in names]
)
def test_a_how_to_page_names_the_fields_as_its_guide_does(preset: Preset, page: str) -> None:
    text = " ".join((DOCS / "how-to" / f"{page}.md").read_text("utf-8").split())
    fields = [str(place.field) for place in (*places(preset), metadata_place(preset))]
    assert [field for field in fields if field not in text] == []


def test_every_kind_with_a_guide_of_its_own_has_a_how_to_page() -> None:
    assert PAGES.keys() == set(Preset) - {Preset.NONE}
