"""The page of an attempt after real sign-ins, and who may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import include, path, reverse

from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
)
from jitprov.provisioning.presets import Preset
from jitprov.testing import FakeIdentityProvider, rsa_key_pair
from jitprov.testing.person import ANN, EMAIL_CLAIM, SURNAME_CLAIM
from tests.support.admin_pages import (
    LIST,
    Seen,
    administrator_of,
    change_identity,
    listed,
    page_of,
    person_page,
    text_of,
)
from tests.support.factories import (
    ExternalIdentityFactory,
    IdentityProviderFactory,
    connected,
    map_group,
)
from tests.support.latest import event

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture
def browser(idp: IdentityProvider) -> Client:
    IdentityProvider.objects.update(preset=Preset.ENTRA.value)
    return administrator_of(idp)


@pytest.fixture
def stranger() -> Client:
    """An administrator of another tenant."""
    return administrator_of(IdentityProviderFactory.create())


def wrong_certificate(sign_in: Callable[..., Any]) -> Any:
    return sign_in(signing_key_pair=rsa_key_pair("another"))


def wrong_audience(sign_in: Callable[..., Any]) -> Any:
    return sign_in(audience_restrictions=[["https://wrong.example"]])


def missing_claim(sign_in: Callable[..., Any]) -> Any:
    ClaimMapping.objects.filter(target="last_name").update(required=True)
    return sign_in(replace(ANN, surname=""))


def deactivated(sign_in: Callable[..., Any]) -> Any:
    sign_in()
    User.objects.filter(username=ANN.upn).update(is_active=False)
    return sign_in()


def slow_clock(sign_in: Callable[..., Any]) -> Any:
    return sign_in(not_before=datetime.now(UTC) + timedelta(minutes=30))


REFUSALS = [
    (wrong_certificate, ["signature_invalid", "App Federation Metadata Url", "may be made up"]),
    (
        wrong_audience,
        [
            "audience_mismatch",
            "https://wrong.example",
            "/saml/acme/metadata/",
            "Identifier (Entity ID)",
        ],
    ),
    (missing_claim, ["required_claim_missing", SURNAME_CLAIM, "did not come", "Add new claim"]),
    (deactivated, ["account_disabled", "switched off", ANN.upn]),
    (slow_clock, ["not_yet_valid", "later than what was expected"]),
]


# From the refusal page to the cause


@pytest.mark.parametrize(
    ("refuse", "said"), REFUSALS, ids=lambda item: getattr(item, "__name__", "")
)
def test_the_refusal_page_links_an_administrator_to_the_cause(
    sign_in: Callable[..., Any], browser: Client, refuse: Callable[..., Any], said: list[str]
) -> None:
    refusal = refuse(sign_in).content.decode()
    link = reverse("admin:jitprov_event_by_reference", args=[event().reference])

    assert f'href="{link}"' in refusal
    answer = browser.get(link)
    assert (answer.status_code, answer["Location"]) == (302, page_of(event()))
    shown = text_of(browser, page_of(event()))
    assert [words for words in said if words.replace(">", "&gt;") not in shown] == []
    assert "What to do" in shown


@pytest.mark.parametrize(
    ("refuse", "said"), REFUSALS, ids=lambda item: getattr(item, "__name__", "")
)
def test_the_refused_person_sees_no_cause(
    sign_in: Callable[..., Any], refuse: Callable[..., Any], said: list[str]
) -> None:
    refusal = refuse(sign_in).content.decode()

    code, *facts = said
    assert code in refusal
    assert [fact for fact in facts if fact in refusal and fact != "switched off"] == []


def test_a_host_without_an_admin_shows_no_link(client: Client, settings: Any) -> None:
    IdentityProviderFactory.create(slug="acme")
    settings.ROOT_URLCONF = __name__

    answer = client.post(
        reverse("jitprov:acs", args=["acme"]), {"SAMLResponse": "junk!"}, follow=True
    )
    assert answer.status_code == 400
    assert b"For administrators" not in answer.content


urlpatterns = [path("saml/", include("jitprov.urls"))]


def test_a_reference_is_read_as_people_type_it(
    sign_in: Callable[..., Any], browser: Client
) -> None:
    sign_in()

    answer = browser.get(f"{LIST}reference/{event().reference.lower()}%20/")
    assert answer["Location"] == page_of(event())
    assert browser.get(f"{LIST}reference/NOTTHERE22/").status_code == 404


def test_the_page_of_an_attempt_needs_a_signed_in_user(sign_in: Callable[..., Any]) -> None:
    sign_in()

    answer = Client().get(f"{LIST}reference/{event().reference}/")
    assert answer["Location"].startswith("/admin/login/")


# The page of an attempt


def test_a_first_sign_in_shows_fields_claims_and_groups_but_no_value(
    sign_in: Callable[..., Any], idp: IdentityProvider, browser: Client
) -> None:
    group = map_group(idp, ANN.groups[0])
    sign_in()

    shown = text_of(browser, page_of(event()))
    assert EMAIL_CLAIM in shown
    assert group.name in shown
    assert ANN.email not in shown
    assert person_page(User.objects.get(username=ANN.upn)) in shown
    assert reverse("admin:jitprov_identityprovider_change", args=[idp.pk]) in shown


def test_too_many_groups_are_explained(
    sign_in: Callable[..., Any], idp: IdentityProvider, browser: Client
) -> None:
    map_group(idp, ANN.groups[0])
    sign_in(replace(ANN, groups=(), group_overage=True))

    assert "more than 150 groups" in text_of(browser, page_of(event()))


def test_received_values_are_shown_as_escaped_text(
    sign_in: Callable[..., Any], browser: Client
) -> None:
    sign_in(destination="https://x.example/<script>alert(1)</script>")

    shown = text_of(browser, page_of(event()))
    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;" in shown


def test_a_person_without_an_identity_is_named_without_a_link(
    sign_in: Callable[..., Any], browser: Client
) -> None:
    sign_in()
    ExternalIdentity.objects.all().delete()

    shown = text_of(browser, page_of(event()))
    assert ANN.upn in shown
    assert "/person/" not in shown


def test_an_attempt_cannot_be_changed(sign_in: Callable[..., Any], browser: Client) -> None:
    sign_in()

    assert browser.post(page_of(event()), {"reference": "X"}).status_code == 403


# Another tenant


def test_another_tenants_administrator_finds_nothing(
    sign_in: Callable[..., Any], stranger: Client
) -> None:
    sign_in()
    found, user = event(), User.objects.get(username=ANN.upn)
    identity = ExternalIdentity.objects.get()

    addresses = [
        page_of(found),
        f"{LIST}{found.pk}/history/",
        reverse("admin:jitprov_event_by_reference", args=[found.reference]),
        person_page(user),
        reverse("admin:jitprov_externalidentity_change", args=[identity.pk]),
    ]
    assert {stranger.get(address).status_code for address in addresses} == {404}
    assert change_identity(stranger, identity).status_code == 404
    for question in (found.reference, ANN.email, "acme", ANN.upn):
        assert listed(stranger, q=question) == []
    assert listed(stranger, identity_provider__id__exact=str(found.identity_provider_id)) == []


def test_each_tenant_sees_only_its_own_part_of_a_shared_person(
    sign_in: Callable[..., Any], browser: Client
) -> None:
    sign_in()
    user = User.objects.get(username=ANN.upn)
    other = connected(FakeIdentityProvider(), slug="elsewhere")
    ExternalIdentityFactory.create(identity_provider=other, user=user, external_id="secret-id")
    ProvisioningEvent.objects.create(
        identity_provider=other, tenant=other.tenant, user=user, outcome="unchanged"
    )

    ours, theirs = text_of(browser, person_page(user)), administrator_of(other)
    assert "elsewhere" not in ours
    assert "secret-id" not in ours
    assert ANN.object_id not in text_of(theirs, person_page(user))


def test_staff_without_a_tenant_find_nothing(sign_in: Callable[..., Any]) -> None:
    sign_in()
    nobody = administrator_of()

    reference = reverse("admin:jitprov_event_by_reference", args=[event().reference])
    assert nobody.get(reference).status_code == 404
    assert nobody.get(person_page(User.objects.get(username=ANN.upn))).status_code == 404


# Accessibility


@pytest.mark.parametrize("refuse", [refuse for refuse, _said in REFUSALS])
def test_pages_are_accessible(
    sign_in: Callable[..., Any], browser: Client, refuse: Callable[..., Any]
) -> None:
    refuse(sign_in)
    sign_in()
    pages = [page_of(found) for found in ProvisioningEvent.objects.all()]
    pages += [person_page(user) for user in User.objects.filter(username=ANN.upn)]

    for address in pages:
        seen = Seen(text_of(browser, address))
        assert seen.columns_without_scope == 0
        assert not seen.inline
        assert seen.headings[0] == 2
        steps = zip(seen.headings, seen.headings[1:], strict=False)
        assert all(after - before <= 1 for before, after in steps)
