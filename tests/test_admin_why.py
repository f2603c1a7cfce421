"""The admin's pages that say why: what they show after real sign-ins, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse

from jitprov.admin import events
from jitprov.admin.identities import ExternalIdentityAdmin
from jitprov.admin.people import ProvisioningLink
from jitprov.models import (
    ClaimMapping,
    ConfigurationChange,
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
    TenantAdministrator,
)
from jitprov.provisioning.presets import Preset
from jitprov.testing import FakeIdentityProvider, rsa_key_pair
from jitprov.testing.person import ANN, EMAIL_CLAIM, SURNAME_CLAIM
from tests.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    IdentityProviderFactory,
    UserFactory,
    connected,
    map_group,
)
from tests.latest import event

pytestmark = pytest.mark.django_db

User = get_user_model()
LIST = "/admin/jitprov/provisioningevent/"


class Seen(HTMLParser):
    """What a page is made of, as far as it matters for people who do not see it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.columns_without_scope = 0
        self.inline = False
        self.feed(html.partition('id="content-main"')[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append(int(tag[1]))
        self.columns_without_scope += tag == "th" and "scope" not in names
        self.inline = self.inline or tag in {"style", "script"} or "style" in names


def administrator_of(*providers: IdentityProvider) -> Client:
    """Return a browser of their own, in which nobody signs in by SAML."""
    user = UserFactory.create(is_staff=True)
    for provider in providers:
        TenantAdministrator.objects.create(user=user, tenant=provider.tenant)
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def browser(idp: IdentityProvider) -> Client:
    IdentityProvider.objects.update(preset=Preset.ENTRA.value)
    return administrator_of(idp)


@pytest.fixture
def stranger() -> Client:
    """Administers another tenant."""
    return administrator_of(IdentityProviderFactory.create())


def page_of(found: ProvisioningEvent) -> str:
    return reverse("admin:jitprov_provisioningevent_change", args=[found.pk])


def person_page(user: Any) -> str:
    return reverse("admin:jitprov_person", args=[user.pk])


def text_of(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def listed(browser: Client, **question: str) -> list[str]:
    answer = browser.get(LIST, question)
    assert answer.status_code == 200
    return [row.reference for row in answer.context["cl"].result_list]


def statements(browser: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(address).status_code == 200
    return len(queries)


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


# From the refusal to its cause


@pytest.mark.parametrize(
    ("refuse", "said"), REFUSALS, ids=lambda item: getattr(item, "__name__", "")
)
def test_the_refusal_page_leads_an_administrator_to_the_cause(
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
def test_the_person_who_is_refused_learns_nothing_more(
    sign_in: Callable[..., Any], refuse: Callable[..., Any], said: list[str]
) -> None:
    refusal = refuse(sign_in).content.decode()

    code, *facts = said
    assert code in refusal
    assert [fact for fact in facts if fact in refusal and fact != "switched off"] == []


def test_a_host_without_an_admin_shows_no_link(client: Client, settings: Any) -> None:
    IdentityProviderFactory.create(slug="acme")
    settings.ROOT_URLCONF = __name__

    answer = client.post(reverse("jitprov:acs", args=["acme"]), {"SAMLResponse": "junk!"})
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


def test_nobody_reads_it_who_is_not_signed_in(sign_in: Callable[..., Any]) -> None:
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


def test_what_a_stranger_sends_is_shown_as_text(
    sign_in: Callable[..., Any], browser: Client
) -> None:
    sign_in(destination="https://x.example/<script>alert(1)</script>")

    shown = text_of(browser, page_of(event()))
    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;" in shown


def test_a_person_whose_identity_is_gone_is_named_without_a_link(
    sign_in: Callable[..., Any], browser: Client
) -> None:
    sign_in()
    ExternalIdentity.objects.all().delete()

    shown = text_of(browser, page_of(event()))
    assert ANN.upn in shown
    assert "/person/" not in shown


def test_it_cannot_be_changed(sign_in: Callable[..., Any], browser: Client) -> None:
    sign_in()

    assert browser.post(page_of(event()), {"reference": "X"}).status_code == 403


# The list


@pytest.fixture
def attempts(sign_in: Callable[..., Any], idp: IdentityProvider) -> dict[str, str]:
    """A sign-in, a refusal of a stranger, and one of a person here."""
    sign_in()
    created = event().reference
    wrong_audience(sign_in)
    refused = event().reference
    IdentityProvider.objects.update(create_users=False)
    sign_in(replace(ANN, object_id="another", email="bob@acme.example", upn="bob"))
    return {"created": created, "audience": refused, "stranger": event().reference}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ann.archer@acme.example", ["created"]),
        ("ann.archer", ["created"]),
        ("BOB@acme.example", ["stranger"]),
        ("audience_mismatch", ["audience"]),
        ("creation acme", ["stranger"]),
        ("acme", ["stranger", "audience", "created"]),
        ("nothing-like-it", []),
        ("ob@acme.example", []),
    ],
)
def test_attempts_are_found_by_what_people_know(
    attempts: dict[str, str], browser: Client, words: str, found: list[str]
) -> None:
    assert listed(browser, q=words) == [attempts[name] for name in found]


def test_attempts_are_found_by_reference(attempts: dict[str, str], browser: Client) -> None:
    assert listed(browser, q=attempts["audience"].lower()) == [attempts["audience"]]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("reason", "audience_mismatch", ["audience"]),
        ("outcome__exact", "created", ["created"]),
        ("verified__exact", "0", []),
        ("created_at__gte", "2100-01-01 00:00:00+00:00", []),
    ],
)
def test_attempts_can_be_filtered(
    attempts: dict[str, str], browser: Client, name: str, value: str, found: list[str]
) -> None:
    assert listed(browser, **{name: value}) == [attempts[one] for one in found]


def test_only_reasons_that_occurred_in_the_tenant_are_offered(
    attempts: dict[str, str], browser: Client, stranger: Client
) -> None:
    assert "?reason=audience_mismatch" in text_of(browser, LIST)
    assert "audience_mismatch" not in text_of(stranger, LIST)


def test_a_list_that_is_too_long_is_cut_and_says_so(
    attempts: dict[str, str], browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Only the first of them" not in text_of(browser, LIST)
    monkeypatch.setattr(events, "MAX_COUNTED", 2)

    assert "Only the first of them" in text_of(browser, LIST)


def test_the_list_never_reads_what_was_said(attempts: dict[str, str], browser: Client) -> None:
    page = page_of(event())
    with CaptureQueriesContext(connection) as queries:
        browser.get(LIST)
        browser.get(page)

    assert [query["sql"] for query in queries if '"claims"' in query["sql"]] == []


@pytest.mark.parametrize("words", ["x" * 5000, "a " * 3000, "%", "'", "\x00", "@"])
def test_whatever_is_searched_for_is_answered(browser: Client, words: str) -> None:
    assert browser.get(LIST, {"q": words}).status_code == 200


def test_the_list_costs_the_same_however_long_it_is(
    sign_in: Callable[..., Any], idp: IdentityProvider, browser: Client
) -> None:
    sign_in()
    question = f"{LIST}?q=acme"
    statements(browser, question)
    few = statements(browser, question)
    ProvisioningEvent.objects.bulk_create(
        ProvisioningEvent(
            identity_provider=idp,
            tenant=idp.tenant,
            user=ExternalIdentityFactory.create(identity_provider=idp).user,
            outcome="refused",
            reason=f"reason_{number}",
        )
        for number in range(30)
    )

    assert statements(browser, question) == few <= 12


# The page of a person


def test_a_person_s_page_says_where_everything_comes_from(
    sign_in: Callable[..., Any], idp: IdentityProvider, browser: Client
) -> None:
    group = map_group(idp, ANN.groups[0])
    sign_in()
    user = User.objects.get(username=ANN.upn)
    user.groups.add(GroupFactory.create(name="By hand"))
    deactivated(sign_in)

    shown = text_of(browser, person_page(user))
    for words in (ANN.object_id, ANN.surname, SURNAME_CLAIM, group.name, ANN.groups[0], "By hand"):
        assert words in shown
    assert "Given by hand" in shown
    assert "account_disabled" in shown
    assert "The account is switched off" in shown
    assert page_of(event()) in shown


@pytest.mark.parametrize("key", ["0", "x", "99999999999999999999999999", "1/2", "-1"])
def test_a_person_who_is_not_there_has_no_page(browser: Client, key: str) -> None:
    assert browser.get(f"/admin/jitprov/externalidentity/person/{key}/").status_code == 404


def test_a_user_without_an_identity_has_no_page(browser: Client) -> None:
    assert browser.get(person_page(UserFactory.create())).status_code == 404


def test_lists_lead_to_the_person(sign_in: Callable[..., Any], browser: Client) -> None:
    sign_in()
    link = person_page(User.objects.get(username=ANN.upn))
    identity = ExternalIdentity.objects.get()

    assert link in text_of(browser, LIST)
    assert link in text_of(browser, "/admin/jitprov/externalidentity/")
    assert link in text_of(
        browser, reverse("admin:jitprov_externalidentity_change", args=[identity.pk])
    )


def test_a_person_s_page_costs_the_same_however_much_there_is(
    sign_in: Callable[..., Any], idp: IdentityProvider, browser: Client
) -> None:
    map_group(idp, ANN.groups[0])
    sign_in()
    user = User.objects.get(username=ANN.upn)
    few = statements(browser, person_page(user))
    for number in range(5):
        other = connected(FakeIdentityProvider(), tenant=idp.tenant)
        ExternalIdentityFactory.create(identity_provider=other, user=user)
        sign_in(replace(ANN, surname=f"Baker {number}"))

    assert statements(browser, person_page(user)) == few <= 16


# Switching an identity off


def change_identity(browser: Client, identity: ExternalIdentity, **columns: str) -> Any:
    formset = {
        f"granted_groups-{name}": number
        for name, number in (("TOTAL_FORMS", "0"), ("INITIAL_FORMS", "0"))
    }
    page = reverse("admin:jitprov_externalidentity_change", args=[identity.pk])
    return browser.post(page, {**formset, **columns})


def test_who_switches_an_identity_off_is_written_down(
    sign_in: Callable[..., Any], browser: Client
) -> None:
    sign_in()
    identity = ExternalIdentity.objects.get()

    assert change_identity(browser, identity).status_code == 302
    assert sign_in().status_code == 403
    assert change_identity(browser, identity).status_code == 302  # changes nothing
    assert change_identity(browser, identity, active="on").status_code == 302
    assert sign_in().status_code == 302
    kept = ConfigurationChange.objects.filter(what="identity").order_by("pk")
    assert [change.note for change in kept] == ["switched off", "switched on"]
    assert {change.via for change in kept} == {"admin"}
    assert ANN.object_id not in "".join(change.label for change in kept)


def test_who_removes_an_identity_is_written_down(
    sign_in: Callable[..., Any], browser: Client
) -> None:
    sign_in()
    identity = ExternalIdentity.objects.get()

    browser.post(
        reverse("admin:jitprov_externalidentity_delete", args=[identity.pk]), {"post": "yes"}
    )
    sign_in(replace(ANN, upn="another", email=""))
    browser.post(
        "/admin/jitprov/externalidentity/",
        {
            "action": "delete_selected",
            "_selected_action": [str(ExternalIdentity.objects.get().pk)],
            "post": "yes",
        },
    )
    assert not ExternalIdentity.objects.exists()
    kept = ConfigurationChange.objects.filter(what="identity")
    assert [change.note for change in kept] == ["removed", "removed"]


# Another tenant


def test_another_tenant_s_administrator_finds_nothing(
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


def test_a_person_of_two_tenants_is_shown_to_each_without_the_other(
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


def test_staff_without_a_tenant_finds_nothing(sign_in: Callable[..., Any]) -> None:
    sign_in()
    nobody = administrator_of()

    reference = reverse("admin:jitprov_event_by_reference", args=[event().reference])
    assert nobody.get(reference).status_code == 404
    assert nobody.get(person_page(User.objects.get(username=ANN.upn))).status_code == 404


# For everybody


@pytest.mark.parametrize("refuse", [refuse for refuse, _said in REFUSALS])
def test_pages_can_be_read_without_seeing_them(
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


# The host's own screen of users


class UserAdminWithLink(ProvisioningLink, UserAdmin):  # type: ignore[type-arg]
    pass


def host_with(screen: Any) -> tuple[Any, ...]:
    """Return the URLs of a host that has its users in the admin."""
    site = admin.AdminSite()
    site.register(User, screen)
    site.register(ExternalIdentity, ExternalIdentityAdmin)
    return (path("admin/", site.urls), path("saml/", include("jitprov.urls")))


def test_the_host_s_page_of_a_user_leads_to_provisioning(
    sign_in: Callable[..., Any], client: Client, settings: Any
) -> None:
    sign_in()
    user, superuser = User.objects.get(), UserFactory.create(is_staff=True, is_superuser=True)
    settings.ROOT_URLCONF = host_with(UserAdminWithLink)
    client.force_login(superuser)

    def shown(name: str, *key: Any) -> str:
        return text_of(client, reverse(f"admin:accounts_user_{name}", args=key))

    assert f'<a href="{person_page(user)}">Provisioning</a>' in shown("change", user.pk)
    assert "/person/" not in shown("change", superuser.pk)
    assert "/person/" not in shown("add")


def test_the_host_s_own_template_stays(
    sign_in: Callable[..., Any], client: Client, settings: Any
) -> None:
    class Themed(UserAdmin):  # type: ignore[type-arg]
        change_form_template = "admin/auth/user/add_form.html"

    class Linked(ProvisioningLink, Themed):
        pass

    sign_in()
    user = User.objects.get()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    settings.ROOT_URLCONF = host_with(Linked)

    shown = text_of(client, reverse("admin:accounts_user_change", args=[user.pk]))
    assert "created a user, you" in shown
    assert person_page(user) in shown
