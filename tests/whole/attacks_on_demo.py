"""Attacks over HTTP on the demo's own set-up: test_attacks_on_demo.py runs them, with the settings of example_site."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.management.base import OutputWrapper
from django.test import Client
from lxml import etree

from example_site.demo.seed import ensure_tenant_admin, seed
from example_site.directory.directories import ACME, INITECH, Directory
from example_site.organisations.models import Organisation
from example_site.people.models import User
from jitprov.models import ExternalIdentity, IdentityProvider, ProvisioningEvent
from jitprov.testing import FakeIdentityProvider, Person, rsa_key_pair
from jitprov.testing.person import OBJECT_ID_CLAIM
from jitprov.testing.round_trip import SignIn

pytestmark = pytest.mark.django_db

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SPACES = [
    character
    for character in map(chr, range(0x20, sys.maxunicode + 1))
    if character.isspace() and character != " "
]
"""Every space of Unicode that XML can carry and does not know as white space."""


@pytest.fixture(autouse=True)
def demo() -> None:
    assert settings.DEBUG  # the demo, and not a host that is like it
    seed(OutputWrapper(io.StringIO()))


@pytest.fixture
def acme() -> IdentityProvider:
    return IdentityProvider.objects.get(slug=ACME.slug)


def browser() -> Client:
    return Client(headers={"host": "localhost:8000"}, enforce_csrf_checks=True)


def person(key: str, directory: Directory = ACME) -> Person:
    entry = directory.entry(key)
    assert entry is not None
    return entry.person


def sign_in(acme: IdentityProvider, who: Person, **knobs: Any) -> User | None:
    """Sign somebody in at Acme by a response with a real signature, and return who that is here."""
    client = browser()
    SignIn(client)(acme, ACME.identity_provider(), who, **knobs)
    key = client.session.get(SESSION_KEY)
    return User.objects.get(pk=key) if key else None


def reason() -> str:
    return ProvisioningEvent.objects.latest("pk").reason


def spaced(value: str) -> Iterator[str]:
    for character in SPACES:
        yield from (f"{value}{character}", f"{character}{value}")


def with_an_element(name: str, value: str) -> Callable[[etree._Element], None]:
    """Return a mutation before signing that turns ``VALUE.evil`` into ``VALUE<x/>.evil``."""

    def mutate(root: etree._Element) -> None:
        element = next(one for one in root.iter(f"{SAML}{name}") if one.text == f"{value}.evil")
        element.text = value
        etree.SubElement(element, "{urn:x}x").tail = ".evil"

    return mutate


def test_the_demo_lets_its_people_in(acme: IdentityProvider) -> None:
    ann = sign_in(acme, person("ann"))
    assert ann is not None
    assert sign_in(acme, person("ann")) == ann


def test_an_anchor_with_a_space_of_unicode_opens_nobodys_account(acme: IdentityProvider) -> None:
    victim = sign_in(acme, person("ann"))
    assert victim is not None
    for forged in spaced(person("ann").object_id):
        came = sign_in(acme, replace(person("ben"), object_id=forged))
        assert came != victim, ascii(forged)


def test_a_name_id_with_a_space_of_unicode_opens_nobodys_account(acme: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=acme.pk).update(subject_claim="")
    victim = sign_in(acme, person("ann"), name_id="ann-persistent")
    assert victim is not None
    for forged in spaced("ann-persistent"):
        assert sign_in(acme, person("ben"), name_id=forged) != victim, ascii(forged)


def test_an_anchor_with_an_element_inside_is_refused(acme: IdentityProvider) -> None:
    victim = person("ann")
    assert sign_in(acme, victim) is not None
    evil = replace(person("ben"), object_id=f"{victim.object_id}.evil")
    mutate = with_an_element("AttributeValue", victim.object_id)
    assert sign_in(acme, evil, mutate_before_signing=mutate) is None
    assert reason() == "subject_missing"
    assert not ExternalIdentity.objects.filter(external_id=evil.object_id).exists()


def test_a_name_id_with_an_element_inside_is_refused(acme: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=acme.pk).update(subject_claim="")
    assert sign_in(acme, person("ann"), name_id="ann-persistent") is not None
    mutate = with_an_element("NameID", "ann-persistent")
    evil = "ann-persistent.evil"
    assert sign_in(acme, person("ben"), name_id=evil, mutate_before_signing=mutate) is None
    assert reason() == "assertion_malformed"


def test_an_identifier_of_another_claim_is_not_the_anchor(acme: IdentityProvider) -> None:
    assert acme.subject_claim == OBJECT_ID_CLAIM
    victim = sign_in(acme, person("ann"))
    assert sign_in(acme, person("ben"), name_id=person("ann").object_id) != victim


@pytest.mark.parametrize("power", ["superuser", "staff"])
def test_a_colleague_with_more_power_is_nobodys_to_sign_in_as(
    acme: IdentityProvider, power: str
) -> None:
    colleague = sign_in(acme, person("ann"))
    assert colleague is not None
    User.objects.filter(pk=colleague.pk).update(**{f"is_{power}": True})
    assert sign_in(acme, person("ann")) is None
    assert reason() == "account_privileged"


# Trust, names and tests


def tenant_admin() -> Client:
    """Return the browser of the IT admin of Acme."""
    password = ensure_tenant_admin("frank", ACME)
    client = browser()
    page = client.get("/admin/login/")
    token = page.cookies["csrftoken"].value
    sent = {"username": "frank", "password": password, "csrfmiddlewaretoken": token}
    assert client.post("/admin/login/?next=/admin/", sent).status_code == 302
    return client


def posted(client: Client, path: str, data: dict[str, str]) -> Any:
    token = client.cookies["csrftoken"].value
    return client.post(path, {**data, "csrfmiddlewaretoken": token})


def swap_certificate(client: Client, acme: IdentityProvider, evil: FakeIdentityProvider) -> None:
    """Give other metadata of the same directory on the set-up page, and save it."""
    page = f"/admin/jitprov/identityprovider/{acme.pk}/metadata/"
    read = posted(client, page, {"metadata-xml": evil.metadata_xml()}).content.decode()
    sealed = re.search(r'name="sealed" value="([^"]+)"', read)
    assert sealed, read
    assert posted(client, page, {"sealed": sealed[1], "_save_metadata": "1"}).status_code == 302


def evil_twin() -> FakeIdentityProvider:
    """Return an identity provider that says it is Acme's, with a key of the attacker's."""
    real = ACME.identity_provider()
    return FakeIdentityProvider(
        tenant_id=real.tenant_id, sso_url=real.sso_url, key_pairs=[rsa_key_pair("evil")]
    )


def test_a_tenants_admin_who_swaps_the_certificate_gets_nowhere(acme: IdentityProvider) -> None:
    colleague = sign_in(acme, person("ann"))
    evil = evil_twin()
    swap_certificate(tenant_admin(), acme, evil)

    client = browser()
    SignIn(client)(acme, evil, person("ann"))
    assert SESSION_KEY not in client.session
    assert reason() == "signature_invalid"
    assert sign_in(acme, person("ann")) == colleague


def test_a_colleague_with_more_power_is_safe_also_after_a_test(acme: IdentityProvider) -> None:
    colleague = sign_in(acme, person("ann"))
    assert colleague is not None
    User.objects.filter(pk=colleague.pk).update(is_superuser=True)
    evil, admin = evil_twin(), tenant_admin()
    swap_certificate(admin, acme, evil)
    go_through_a_test(begin_test(admin, acme), admin, evil, person("ben"))
    assert not hasattr(acme, "proposed_trust")

    client = browser()
    SignIn(client)(acme, evil, person("ann"))
    assert SESSION_KEY not in client.session
    assert reason() == "account_privileged"


def begin_test(admin: Client, acme: IdentityProvider) -> str:
    page = posted(admin, f"/admin/jitprov/identityprovider/{acme.pk}/test/", {}).content.decode()
    start = re.search(r'href="([^"]*token=[^"]*)"', page)
    assert start, page
    return "/" + start[1].replace("&amp;", "&").split("/", 3)[3]


def go_through_a_test(
    start: str, client: Client, directory: FakeIdentityProvider, who: Person
) -> Any:
    request = directory.read_request(client.get(start)["Location"])
    return SignIn(client).deliver(directory.answer(request, person=who))


def test_a_forwarded_test_tells_nothing_of_whoever_opens_it(acme: IdentityProvider) -> None:
    admin, victim = tenant_admin(), browser()
    start = begin_test(admin, acme)
    report = go_through_a_test(start, victim, ACME.identity_provider(), person("ann"))["Location"]

    shown = admin.get(report).content.decode()
    for value in (person("ann").object_id, person("ann").email, person("ann").surname):
        assert value not in shown
    assert victim.get(start).status_code == 410
    assert SESSION_KEY not in victim.session


def test_a_test_that_was_opened_diverts_no_sign_in(acme: IdentityProvider) -> None:
    victim = browser()
    victim.get(begin_test(tenant_admin(), acme))
    SignIn(victim)(acme, ACME.identity_provider(), person("ann"))
    assert SESSION_KEY in victim.session


def test_a_recycled_slug_is_nobody_elses(acme: IdentityProvider) -> None:
    acme.delete()
    assert not IdentityProvider.objects.filter(slug="acme").exists()
    password = ensure_tenant_admin("carla", INITECH)
    client = browser()
    token = client.get("/admin/login/").cookies["csrftoken"].value
    sent = {"username": "carla", "password": password, "csrfmiddlewaretoken": token}
    client.post("/admin/login/?next=/admin/", sent)
    initech = Organisation._default_manager.get(slug=INITECH.slug)
    draft = {"tenant": str(initech.pk), "slug": "acme", "preset": "entra"}
    answer = posted(client, "/admin/jitprov/identityprovider/add/", draft)
    assert answer.status_code == 200
    assert "another customer" in answer.content.decode()
    assert not IdentityProvider.objects.filter(slug="acme").exists()
