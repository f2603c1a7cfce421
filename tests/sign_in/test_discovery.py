from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from jitprov.models import EmailDomain, IdentityProvider, Tenant
from jitprov.sign_in.round_trip import COOKIE_PREFIX, PendingLogin
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.accounts.models import User
from tests.support.factories import TenantFactory, connected

pytestmark = pytest.mark.django_db

DISCOVERY = "/saml/login/"
IDP_HOST = "login.microsoftonline.com"


@pytest.fixture
def acme() -> Tenant:
    return TenantFactory.create(slug="acme")


@pytest.fixture
def idp(fake_identity_provider: FakeIdentityProvider, acme: Tenant) -> IdentityProvider:
    row = connected(fake_identity_provider, slug="acme-entra", tenant=acme)
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")
    return row


@pytest.fixture
def second(fake_identity_provider: FakeIdentityProvider, acme: Tenant) -> IdentityProvider:
    return connected(fake_identity_provider, slug="acme-okta", tenant=acme)


def pending(client: Client) -> list[PendingLogin]:
    cookies = [name for name in client.cookies if name.startswith(COOKIE_PREFIX)]
    found = [PendingLogin.loads(client.cookies[name].value) for name in cookies]
    return [item for item in found if item is not None]


def stored_next(client: Client) -> str:
    [one] = pending(client)
    return one.next_url


def page(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def leaves_for_the_identity_provider(answer: Any) -> bool:
    return bool(answer.status_code == 302 and urlsplit(answer["Location"]).hostname == IDP_HOST)


# Found


@pytest.mark.parametrize(
    ("method", "data"),
    [
        pytest.param("get", {"tenant": "acme"}, id="a tenant in the URL"),
        pytest.param("get", {"email": "ann@acme.example"}, id="an e-mail address in the URL"),
        pytest.param("post", {"email": "ann@acme.example"}, id="an e-mail address in the form"),
        pytest.param("post", {"tenant": "acme"}, id="a tenant in the form"),
        pytest.param("get", {"email": "ANN@ACME.EXAMPLE"}, id="in upper case"),
        pytest.param("post", {"email": " ann@Acme.example "}, id="with blanks around it"),
        pytest.param("get", {"email": "ann+saml@acme.example"}, id="with a plus"),
        pytest.param("get", {"email": '"a@b"@acme.example'}, id="with an @ in quotes"),
        pytest.param(
            "get", {"tenant": "acme", "email": "ann@other.example"}, id="a tenant beats an address"
        ),
    ],
)
def test_the_person_is_sent_to_their_identity_provider(
    client: Client, idp: IdentityProvider, method: str, data: dict[str, str]
) -> None:
    answer = getattr(client, method)(DISCOVERY, data)

    assert leaves_for_the_identity_provider(answer)
    assert [item.slug for item in pending(client)] == [idp.slug]


def test_a_whole_sign_in_that_begins_with_an_e_mail_address(
    client: Client,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    saml_sign_in: SignIn,
) -> None:
    leaving = client.post(DISCOVERY, {"email": "ann@acme.example", "next": "/reports/"})

    request = fake_identity_provider.read_request(leaving["Location"])
    answer = saml_sign_in.deliver(fake_identity_provider.answer(request))

    assert answer["Location"] == "/reports/"
    assert User.objects.count() == 1


def test_the_page_asks_for_an_e_mail_address(client: Client) -> None:
    answer = client.get(DISCOVERY, {"next": "/reports/"})

    assert answer.status_code == 200
    assert 'type="email"' in page(answer)
    assert '<input type="hidden" name="next" value="/reports/"' in page(answer)


def test_the_form_needs_a_csrf_token(idp: IdentityProvider) -> None:
    strict = Client(enforce_csrf_checks=True)
    token = strict.get(DISCOVERY).context["csrf_token"]
    data = {"email": "ann@acme.example"}

    assert strict.post(DISCOVERY, data).status_code == 403
    assert leaves_for_the_identity_provider(
        strict.post(DISCOVERY, {**data, "csrfmiddlewaretoken": str(token)})
    )


# Not found


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"email": "ann@other.example"}, id="an unknown domain"),
        pytest.param({"email": "ann@sub.acme.example"}, id="a sub-domain of a known one"),
        pytest.param({"email": "ann@notacme.example"}, id="a domain that ends like a known one"),
        pytest.param({"email": "ann@acme.example.evil.example"}, id="one that begins like it"),
        pytest.param({"email": "acme.example@evil.example"}, id="a known domain as the name"),
        pytest.param({"tenant": "other"}, id="an unknown tenant"),
        pytest.param({"tenant": "acme'--"}, id="a tenant with a quote"),
        pytest.param({"tenant": "acme\x00"}, id="a tenant with a NUL"),
        pytest.param({"tenant": "a" * 201}, id="a tenant that is too long"),
        pytest.param({"email": "ann"}, id="no e-mail address at all"),
        pytest.param({"email": "ann@acme.example\nBcc: x@y.example"}, id="two lines"),
        pytest.param({"email": f"ann@{'a' * 300}.example"}, id="an address that is too long"),
        pytest.param({"email": "ann@acme.example", "next": "/\x00"}, id="a NUL in next"),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_input_without_an_identity_provider_redirects_nowhere(
    client: Client, idp: IdentityProvider, method: str, data: dict[str, str]
) -> None:
    answer = getattr(client, method)(DISCOVERY, data)

    assert answer.status_code == 404
    assert "<form" in page(answer)
    assert pending(client) == []


def test_an_unknown_domain_is_explained_in_plain_words(client: Client) -> None:
    answer = client.post(DISCOVERY, {"email": "ann@other.example"})

    assert "We know no organisation by this address." in page(answer)
    assert 'value="ann@other.example"' in page(answer)  # to be corrected, not typed again


def test_an_empty_form_is_shown_again(client: Client) -> None:
    answer = client.post(DISCOVERY, {"email": ""})

    assert "Enter your e-mail address." in page(answer)
    assert answer.status_code // 100 == 4


def test_a_subdomain_can_have_its_own_identity_provider(
    client: Client, second: IdentityProvider
) -> None:
    EmailDomain.objects.create(identity_provider=second, domain="sub.acme.example")

    answer = client.get(DISCOVERY, {"email": "ann@sub.acme.example"})

    assert leaves_for_the_identity_provider(answer)


@pytest.mark.parametrize("data", [{"tenant": "acme"}, {"email": "ann@acme.example"}])
def test_a_disabled_identity_provider_is_not_offered(
    client: Client, idp: IdentityProvider, data: dict[str, str]
) -> None:
    IdentityProvider.objects.update(enabled=False)

    assert client.get(DISCOVERY, data).status_code == 404


def test_a_disabled_identity_provider_is_left_out_of_a_choice(
    client: Client, idp: IdentityProvider, second: IdentityProvider
) -> None:
    IdentityProvider.objects.filter(pk=idp.pk).update(enabled=False)

    client.get(DISCOVERY, {"tenant": "acme"})

    assert [item.slug for item in pending(client)] == [second.slug]


# Several found


def test_several_identity_providers_are_offered_as_a_choice(
    client: Client, idp: IdentityProvider, second: IdentityProvider
) -> None:
    answer = client.get(DISCOVERY, {"tenant": "acme", "next": "/a?b=c&d=é"})

    assert answer.status_code == 200
    links = [url for _, url in answer.context["choices"]]
    assert [urlsplit(url).path for url in links] == [
        reverse("jitprov:login", args=[row.slug]) for row in (idp, second)
    ]
    assert all(parse_qs(urlsplit(url).query) == {"next": ["/a?b=c&d=é"]} for url in links)
    assert all(f'href="{url}"' in page(answer) for url in links)
    assert pending(client) == []


def test_a_choice_leads_to_the_identity_provider_and_then_to_next(
    client: Client, idp: IdentityProvider, second: IdentityProvider
) -> None:
    choice = client.get(DISCOVERY, {"tenant": "acme", "next": "/reports/"}).context["choices"][1]

    answer = client.get(choice[1])

    assert leaves_for_the_identity_provider(answer)
    assert [(item.slug, item.next_url) for item in pending(client)] == [(second.slug, "/reports/")]


# The URL after the sign-in

HOSTILE = [
    pytest.param("//evil.example", id="another host, without a scheme"),
    pytest.param("///evil.example", id="with three slashes"),
    pytest.param("https://evil.example/", id="another host"),
    pytest.param("https:evil.example", id="a scheme without slashes"),
    pytest.param("https:///evil.example", id="a scheme with three"),
    pytest.param("http://app.example/", id="our host without TLS"),
    pytest.param("https://app.example@evil.example/", id="our host as a user name"),
    pytest.param("https://app.example.evil.example/", id="our host as a prefix"),
    pytest.param("https://app.example:8443/", id="our host at another port"),
    pytest.param("https://testserver/", id="the Host header"),
    pytest.param("javascript:alert(1)", id="a script"),
    pytest.param("JaVaScRiPt:alert(1)//app.example", id="a script in other letters"),
    pytest.param("data:text/html,x", id="data"),
    pytest.param("\\\\evil.example", id="backslashes"),
    pytest.param("/\\evil.example", id="a slash and a backslash"),
    pytest.param("\t//evil.example", id="a tab in front"),
    pytest.param("\x01//evil.example", id="a control character in front"),
    pytest.param(" https://evil.example", id="a blank in front"),
    pytest.param("/" + "a" * 2000, id="too long for the cookie"),
    pytest.param("", id="nothing"),
]


@pytest.mark.parametrize("wanted", HOSTILE)
@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        pytest.param("get", DISCOVERY, {"tenant": "acme"}, id="discovery by URL"),
        pytest.param("post", DISCOVERY, {"email": "ann@acme.example"}, id="discovery by form"),
        pytest.param("get", "/saml/acme-entra/login/", {}, id="login"),
    ],
)
def test_a_hostile_next_is_not_stored(
    client: Client, idp: IdentityProvider, method: str, path: str, data: dict[str, str], wanted: str
) -> None:
    answer = getattr(client, method)(path, {**data, "next": wanted})

    assert leaves_for_the_identity_provider(answer)
    assert stored_next(client) == "/accounts/profile/"


@pytest.mark.parametrize("wanted", HOSTILE)
def test_a_hostile_next_is_in_no_link(
    client: Client, idp: IdentityProvider, second: IdentityProvider, wanted: str
) -> None:
    answer = client.get(DISCOVERY, {"tenant": "acme", "next": wanted})

    for _, url in answer.context["choices"]:
        assert parse_qs(urlsplit(url).query) == {"next": ["/accounts/profile/"]}


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param("/reports/?page=2#top", id="a path"),
        pytest.param("https://app.example/reports/", id="our own URL"),
        pytest.param("reports/", id="a relative path"),
        pytest.param("/" + "a" * 1999, id="the longest there may be"),
        pytest.param("/Übersicht/", id="letters beyond ASCII"),
    ],
)
def test_a_next_on_this_site_is_kept(client: Client, idp: IdentityProvider, wanted: str) -> None:
    client.get(DISCOVERY, {"tenant": "acme", "next": wanted})

    assert stored_next(client) == wanted


def test_a_script_in_next_is_not_run_by_the_form(client: Client) -> None:
    wanted = '"><script>alert(1)</script>'

    answer = client.get(DISCOVERY, {"next": wanted})

    assert "<script>alert" not in page(answer)


# The e-mail address


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_e_mail_address_is_a_hint_for_the_identity_provider(
    client: Client, idp: IdentityProvider, method: str
) -> None:
    answer = getattr(client, method)(DISCOVERY, {"email": "ann+1@acme.example"})

    query = parse_qs(urlsplit(answer["Location"]).query)
    assert query["login_hint"] == ["ann+1@acme.example"]


def test_without_an_address_there_is_no_hint(client: Client, idp: IdentityProvider) -> None:
    answer = client.get(DISCOVERY, {"tenant": "acme"})

    assert "login_hint" not in answer["Location"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_e_mail_address_is_in_no_redirect_or_link_to_ourselves(
    client: Client, idp: IdentityProvider, second: IdentityProvider, method: str
) -> None:
    data = {"tenant": "acme", "email": "ann@acme.example"}

    choice = getattr(client, method)(DISCOVERY, data)
    straight = getattr(client, method)(DISCOVERY, {"email": "ann@acme.example"})

    assert all("ann" not in url for _, url in choice.context["choices"])
    # Addresses in URLs of ours would end up in our logs: to the identity provider, and at once.
    assert leaves_for_the_identity_provider(straight)


def test_the_e_mail_address_is_not_in_the_cookie(client: Client, idp: IdentityProvider) -> None:
    client.post(DISCOVERY, {"email": "ann@acme.example"})

    assert "ann" not in repr(pending(client))


# Tenants by another field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("pk", "acme", id="no number for a primary key"),
        pytest.param("pk", "1.5", id="half a number"),
        pytest.param("pk", "9" * 30, id="a number that no column holds"),
        pytest.param("pk", "-1", id="a negative number"),
        pytest.param("pk", "0", id="nobody's number"),
        pytest.param("code", "acme", id="a field that is not there"),
        pytest.param("name", "acme", id="another field's value"),
    ],
)
def test_an_unknown_tenant_is_refused_with_every_lookup_field(
    client: Client, idp: IdentityProvider, settings: Any, field: str, value: str
) -> None:
    settings.JITPROV_TENANT_LOOKUP_FIELD = field

    assert client.get(DISCOVERY, {"tenant": value}).status_code == 404


def test_a_tenant_can_be_looked_up_by_its_primary_key(
    client: Client, idp: IdentityProvider, acme: Tenant, settings: Any
) -> None:
    settings.JITPROV_TENANT_LOOKUP_FIELD = "pk"

    answer = client.get(DISCOVERY, {"tenant": str(acme.pk)})

    assert leaves_for_the_identity_provider(answer)
