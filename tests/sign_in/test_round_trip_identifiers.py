"""Identifiers are compared as they were signed: each test forges one with a real signature and posts it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from lxml import etree

from jitprov.configuration.identity_providers import preset_mappings
from jitprov.models import ClaimMapping, ExternalIdentity, GroupMapping, IdentityProvider
from jitprov.provisioning.presets import Preset
from jitprov.saml.types import NameID
from jitprov.testing import FakeIdentityProvider, Person
from jitprov.testing.round_trip import SignIn
from tests.support.latest import event

pytestmark = pytest.mark.django_db

User = get_user_model()
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
VICTIM = "victim@acme.example"
XML_SPACE = " \t\n"
"""A carriage return comes as a reference, so that a parser keeps it; the test of that is below."""
UNICODE_SPACE = [
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if character.isspace() and character not in {*XML_SPACE, "\r"} and ord(character) >= 0x20
]
INVISIBLE = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u034f"]
Enter = Callable[..., Any]


@pytest.fixture
def by_claim(idp: IdentityProvider) -> IdentityProvider:
    idp.subject_claim = "employee"
    idp.save()
    return idp


@pytest.fixture
def enter(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> Enter:
    def enter(**knobs: Any) -> Any:
        saml_sign_in.client.logout()
        return saml_sign_in.deliver(saml_sign_in.begin(idp, fake_identity_provider, **knobs))

    return enter


def anchors() -> set[str]:
    return set(ExternalIdentity.objects.values_list("external_id", flat=True))


@pytest.mark.parametrize("character", [*UNICODE_SPACE, *INVISIBLE], ids=lambda c: f"{ord(c):04x}")
@pytest.mark.parametrize("place", ["{1}{0}", "{0}{1}", "{1}{0}{1}"])
def test_an_anchor_with_a_space_of_unicode_is_another_person(
    enter: Enter, by_claim: IdentityProvider, character: str, place: str
) -> None:
    forged = place.format(VICTIM, character)
    enter(attributes={"employee": VICTIM})
    enter(attributes={"employee": forged})
    assert event().user_id != ExternalIdentity.objects.get(external_id=VICTIM).user_id
    assert anchors() in ({VICTIM, forged}, {VICTIM})


@pytest.mark.parametrize("character", [*UNICODE_SPACE, *INVISIBLE], ids=lambda c: f"{ord(c):04x}")
def test_a_name_id_with_a_space_of_unicode_is_another_person(
    enter: Enter, idp: IdentityProvider, character: str
) -> None:
    idp.subject_claim = ""
    idp.save()
    enter(name_id=VICTIM)
    enter(name_id=VICTIM + character)
    assert event().user_id != ExternalIdentity.objects.get(external_id=VICTIM).user_id
    assert anchors() in ({VICTIM, VICTIM + character}, {VICTIM})


@pytest.mark.parametrize("character", [*XML_SPACE, "\r"], ids=lambda c: f"{ord(c):04x}")
def test_the_white_space_of_xml_around_an_anchor_goes(
    enter: Enter, by_claim: IdentityProvider, character: str
) -> None:
    enter(attributes={"employee": VICTIM})
    enter(attributes={"employee": f"{character}{VICTIM}{character}"})
    assert anchors() == {VICTIM}
    assert event().user_id is not None


@pytest.mark.parametrize("character", UNICODE_SPACE, ids=lambda c: f"{ord(c):04x}")
def test_a_blank_anchor_is_none(enter: Enter, by_claim: IdentityProvider, character: str) -> None:
    assert enter(attributes={"employee": character}).status_code == 403
    assert event().reason == "subject_missing"


@pytest.mark.parametrize("character", ["\u00a0", "\u2003", "\u200b"])
def test_a_group_value_with_a_space_of_unicode_is_another_group(
    enter: Enter, idp: IdentityProvider, character: str
) -> None:
    group = Group.objects.create(name="Admins")
    GroupMapping.objects.create(identity_provider=idp, claim="role", value="admin", group=group)
    enter(attributes={"role": [f"admin{character}"]})
    assert not User.objects.filter(groups=group).exists()
    enter(attributes={"role": ["admin"]})
    assert User.objects.filter(groups=group).exists()


# Elements inside a value


def with_an_element(name: str) -> Callable[[etree._Element], None]:
    """Return a mutation that turns ``VICTIM.evil`` into ``VICTIM<x/>.evil`` in a value or the NameID."""

    def mutate(root: etree._Element) -> None:
        element = next(
            item for item in root.iter(f"{SAML}{name}") if (item.text or "").startswith(VICTIM)
        )
        etree.SubElement(element, "{urn:x}x").tail = (element.text or "")[len(VICTIM) :]
        element.text = VICTIM

    return mutate


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_an_anchor_with_an_element_inside_opens_no_account(
    enter: Enter, by_claim: IdentityProvider, sign: str
) -> None:
    enter(attributes={"employee": VICTIM})
    answer = enter(
        attributes={"employee": f"{VICTIM}.evil.example"},
        mutate_before_signing=with_an_element("AttributeValue"),
        sign=sign,
    )
    assert (answer.status_code, event().reason) == (403, "subject_missing")
    assert anchors() == {VICTIM}


def test_a_name_id_with_an_element_inside_opens_no_account(
    enter: Enter, idp: IdentityProvider
) -> None:
    answer = enter(
        name_id=f"{VICTIM}.evil.example", mutate_before_signing=with_an_element("NameID")
    )
    assert (answer.status_code, event().reason) == (403, "assertion_malformed")
    assert event().details["received"] == ["{urn:x}x"]


def test_a_field_is_not_written_from_a_value_with_an_element_inside(
    enter: Enter, idp: IdentityProvider
) -> None:
    ClaimMapping.objects.filter(identity_provider=idp, target="first_name").delete()
    ClaimMapping.objects.create(
        identity_provider=idp, sources="nick\nhttp://x/other", target="first_name"
    )
    answer = enter(
        attributes={"nick": f"{VICTIM}.evil"},
        mutate_before_signing=with_an_element("AttributeValue"),
    )
    assert (answer.status_code, event().reason) == (403, "invalid_value")
    [problem] = event().details["problems"]
    assert problem["field"] == "first_name"
    assert problem["detail"].startswith("nick: a value is no text")


def test_a_group_is_not_given_by_a_value_with_an_element_inside(
    enter: Enter, idp: IdentityProvider
) -> None:
    group = Group.objects.create(name="Admins")
    GroupMapping.objects.create(identity_provider=idp, claim="role", value=VICTIM, group=group)
    answer = enter(
        attributes={"role": f"{VICTIM}.evil"},
        mutate_before_signing=with_an_element("AttributeValue"),
    )
    assert (answer.status_code, event().reason) == (403, "invalid_value")
    assert not User.objects.filter(groups=group).exists()


def test_a_value_with_an_element_inside_that_nobody_uses_keeps_nobody_out(
    enter: Enter, idp: IdentityProvider
) -> None:
    answer = enter(
        attributes={"unused": f"{VICTIM}.evil"},
        mutate_before_signing=with_an_element("AttributeValue"),
    )
    assert answer.status_code == 302


# Qualifiers


@pytest.mark.parametrize(
    ("qualifiers", "reason"),
    [
        ({"name_qualifier": "https://other.example/"}, "issuer_mismatch"),
        ({"sp_name_qualifier": "https://other.example/"}, "audience_mismatch"),
    ],
)
def test_a_name_id_of_another_directory_is_refused(
    enter: Enter, idp: IdentityProvider, qualifiers: dict[str, str], reason: str
) -> None:
    answer = enter(name_id=NameID(value=VICTIM, **qualifiers))
    assert (answer.status_code, event().reason) == (403, reason)


@pytest.mark.parametrize("qualifier", ["name_qualifier", "sp_name_qualifier"])
def test_a_name_id_of_another_directory_inside_the_anchor_is_refused(
    enter: Enter, by_claim: IdentityProvider, qualifier: str
) -> None:
    name_id = NameID(value=VICTIM, **{qualifier: "https://other.example/"})
    answer = enter(attributes={"employee": [name_id]})
    assert (answer.status_code, event().reason) == (403, "subject_missing")


def test_a_known_person_stays_known_with_qualifiers_of_ours(
    enter: Enter, by_claim: IdentityProvider
) -> None:
    enter(attributes={"employee": VICTIM})
    name_id = NameID(
        value=VICTIM,
        name_qualifier=by_claim.entity_id,
        sp_name_qualifier=by_claim.as_service_provider().entity_id,
    )
    assert enter(attributes={"employee": [name_id]}).status_code == 302
    assert anchors() == {VICTIM}


# A person of whom only the NameID is known

EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
NOBODY_KNOWN = Person(object_id="")


@pytest.fixture
def unknown_product(idp: IdentityProvider) -> IdentityProvider:
    idp.preset, idp.subject_claim = Preset.NONE.value, ""
    idp.save()
    idp.claim_mappings.all().delete()
    ClaimMapping.objects.bulk_create(preset_mappings(idp))
    return idp


def test_a_name_id_that_is_an_e_mail_address_gives_the_address_and_the_user_name(
    unknown_product: IdentityProvider, enter: Enter
) -> None:
    name_id = NameID(value="mia@acme.example", format=EMAIL_FORMAT)

    assert enter(person=NOBODY_KNOWN, name_id=name_id).status_code == 302

    mia = User.objects.get()
    assert (mia.email, mia.get_username()) == ("mia@acme.example", "mia@acme.example")


@pytest.mark.parametrize("form", [PERSISTENT, ""])
def test_another_name_id_gives_no_address_and_a_user_name_that_is_its_own(
    unknown_product: IdentityProvider, enter: Enter, form: str
) -> None:
    for value in ("G-1/4711", "***", "mia@acme.example"):
        name_id = NameID(value=value, format=form)
        assert enter(person=NOBODY_KNOWN, name_id=name_id).status_code == 302

    assert not User.objects.exclude(email="").exists()
    names = sorted(user.get_username() for user in User.objects.all())
    assert names == ["G-14711", "id-596f4162a52f", "mia@acme.example"]


def test_a_user_name_of_which_nothing_is_left_renames_nobody(
    idp: IdentityProvider, enter: Enter
) -> None:
    ClaimMapping.objects.filter(target="username").update(sources="uid")
    assert enter(attributes={"uid": "mia"}).status_code == 302

    assert enter(attributes={"uid": "***"}).status_code == 302

    assert User.objects.get().get_username() == "mia"
