"""Hostile input, from anybody or from a tenant's own directory, is answered without a server error."""

from __future__ import annotations

import base64
import random
import string
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils.timezone import is_aware
from django.views.debug import get_exception_reporter_filter
from lxml import etree

from jitprov.host import user_fields
from jitprov.models import ClaimMapping, IdentityProvider, ProvisioningEvent, UnprovedRefusals
from jitprov.sign_in.round_trip import COOKIE_PREFIX
from jitprov.sign_in.views import AssertionConsumerServiceView
from jitprov.testing import ANN, FakeIdentityProvider, FakeResponse
from jitprov.testing.keys import rsa_key_pair
from jitprov.testing.person import NAME_CLAIM, OBJECT_ID_CLAIM, SURNAME_CLAIM
from jitprov.testing.round_trip import SignIn
from tests.support.accounts.models import User
from tests.support.arrivals import all_at_once
from tests.support.factories import connected

pytestmark = pytest.mark.django_db

ACS = "/saml/acme/acs/"
LOGIN = "/saml/acme/login/"
DISCOVERY = "/saml/login/"
METADATA = "/saml/acme/metadata/"
SP_KEYS = rsa_key_pair("service provider")


@pytest.fixture
def fake(fake_identity_provider: FakeIdentityProvider) -> FakeIdentityProvider:
    return fake_identity_provider


@pytest.fixture
def idp(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake, slug="acme")


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 -- not for secrets: the same sequence on every run


def latest() -> ProvisioningEvent:
    return ProvisioningEvent.objects.latest("pk")


# Claims of a directory


@pytest.mark.parametrize("claim", [SURNAME_CLAIM, NAME_CLAIM, OBJECT_ID_CLAIM, "employeeid"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("x" * 1025, id="longer than any of our columns"),
        pytest.param("x" * 4096, id="as long as a value may be"),
        pytest.param("x" * 100_000, id="longer than that"),
        pytest.param("😀" * 1024, id="four bytes for each character"),
        pytest.param("\u0130\ufb03\u1e9e" * 60, id="letters that grow when their case changes"),
        pytest.param("\ufdfa" * 150, id="a letter that is eighteen in another normal form"),
        pytest.param("a\u0300" * 150, id="marks on letters"),
        pytest.param("\u200b\u200b", id="nothing that can be seen"),
        pytest.param("\u202egnirts", id="from right to left"),
        pytest.param("a\tb\nc\rd", id="tabs and line ends"),
        pytest.param("\x85\u2028\ufffd\U0010ffff", id="the oddest of characters"),
        pytest.param("'; DROP TABLE accounts_user; --", id="another language"),
        pytest.param("{{ 7|add:7 }}{% now %}<script>", id="templates"),
        pytest.param("%s %(name)s \\ \\0 {} {0.__class__}", id="formats"),
        pytest.param("-" * 200, id="a user name of nothing but signs"),
    ],
)
def test_any_text_in_a_claim_is_stored_or_refused(
    saml_sign_in: SignIn, idp: IdentityProvider, fake: FakeIdentityProvider, claim: str, value: str
) -> None:
    ClaimMapping.objects.create(
        identity_provider=idp, position=9, target="department", sources="employeeid"
    )
    saml_sign_in.client.raise_request_exception = True
    for _ in range(2):
        answer = saml_sign_in(idp, fake, ANN, attributes={claim: value})
        assert answer.status_code in {302, 403}
        assert latest().outcome != "error"
        # The stored values can be read again, by a query for all users.
        assert len(list(User.objects.all())) <= 2


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("9999-12-31T23:59:59-14:00", id="after the end of time"),
        pytest.param("9999-12-31T23:59:59", id="the end of time, nobody knows where"),
        pytest.param("0001-01-01T00:00:00+14:00", id="before the beginning of time"),
        pytest.param("2026-03-02T09:15:30", id="a time without a zone"),
        pytest.param("2026-03-02", id="a day"),
        pytest.param("1e400", id="no time at all"),
    ],
)
def test_any_time_in_a_claim_is_stored_or_refused(
    saml_sign_in: SignIn, idp: IdentityProvider, fake: FakeIdentityProvider, value: str
) -> None:
    ClaimMapping.objects.create(
        identity_provider=idp, position=9, target="date_joined", sources="since"
    )
    for expected in ("created", "unchanged"):
        answer = saml_sign_in(idp, fake, ANN, attributes={"since": value})
        assert answer.status_code in {302, 403}
        assert latest().outcome in {"refused", expected}
        assert all(is_aware(user.date_joined) for user in User.objects.all())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param(models.FloatField(), "nan", id="not a number, which never equals itself"),
        pytest.param(models.FloatField(), "1e999", id="more than any number"),
        pytest.param(models.DecimalField(max_digits=5, decimal_places=2), "sNaN", id="a signal"),
        pytest.param(models.DurationField(), "9" * 12 + " 00:00:00", id="longer than for ever"),
        pytest.param(models.IntegerField(), "9" * 5000, id="more digits than are read"),
        pytest.param(models.IntegerField(), "9" * 30, id="more than a column holds"),
        pytest.param(models.DateField(), "9999-99-99", id="no day"),
        pytest.param(models.UUIDField(), "{" * 32, id="no UUID"),
        pytest.param(models.GenericIPAddressField(), "::ffff:1.2.3.4.5%0", id="no address"),
    ],
)
def test_a_value_that_no_column_can_store_is_invalid(
    field: models.Field[Any, Any], value: str
) -> None:
    with pytest.raises(ValidationError):
        user_fields._clean(field, value)


@pytest.mark.parametrize(
    "knobs",
    [
        {"confirmation_not_on_or_after": "9999-12-31T23:59:59Z"},
        {"confirmation_not_on_or_after": "9999-12-31T23:59:59.999999-14:00"},
        {"not_on_or_after": "9999-12-31T23:59:59Z"},
        {"session_not_on_or_after": "9999-12-31T23:59:59Z"},
        {"session_not_on_or_after": "0001-01-01T00:00:00Z"},
        {"authn_instant": "0001-01-01T00:00:00Z"},
        {"authn_instant": "0001-01-01T00:00:00+14:00"},
        {"not_before": "0001-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_an_assertion_at_either_end_of_time_causes_no_server_error(
    saml_sign_in: SignIn, idp: IdentityProvider, fake: FakeIdentityProvider, knobs: dict[str, Any]
) -> None:
    answer = saml_sign_in(idp, fake, ANN, **knobs)
    assert answer.status_code in {302, 403}
    assert latest().outcome in {"created", "refused"}


# Requests of anybody


def test_a_login_hint_that_is_too_long_is_not_passed_on(
    client: Client, idp: IdentityProvider
) -> None:
    answer = client.get(LOGIN, {"login_hint": "x" * 5000})
    assert answer.status_code == 302
    assert "login_hint" not in answer["Location"]


def test_a_long_sso_url_is_used_unchanged(client: Client, idp: IdentityProvider) -> None:
    idp.sso_url = "https://login.example/" + "x" * 2000
    idp.save()
    answer = client.get(LOGIN)
    assert answer.status_code == 302
    assert answer["Location"].startswith(idp.sso_url)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param("/" + "".join(chr(0x1F300 + n % 700) for n in range(1900)), id="pictures"),
        pytest.param("/" + "".join(chr(0x4E00 + n * 7) for n in range(1900)), id="Chinese"),
        pytest.param("/" + "%" * 1990, id="what must be escaped"),
    ],
)
def test_a_next_url_that_does_not_fit_into_a_cookie_is_dropped(
    client: Client, idp: IdentityProvider, wanted: str
) -> None:
    """Browsers drop a cookie of more than 4096 bytes, so that the sign-in could never finish."""
    client.get(LOGIN, {"next": wanted})
    [cookie] = client.cookies.values()
    assert len(cookie.key) + len(cookie.value) < 4000


def test_the_cookies_of_pending_sign_ins_are_limited_in_size(
    client: Client, idp: IdentityProvider
) -> None:
    """Another site's page can send a browser here many times, and servers refuse requests with too large cookies."""
    rnd = seeded(1)
    for _ in range(12):
        client.get(LOGIN, {"next": "/" + "".join(rnd.choices(string.ascii_letters, k=1900))})
    kept = [cookie for cookie in client.cookies.values() if cookie.value]
    assert sum(len(cookie.key) + len(cookie.value) for cookie in kept) < 8000
    assert len(kept) >= 1


def test_several_tabs_can_sign_in_at_once(
    client: Client, idp: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    browser = SignIn(client)
    tabs = [browser.begin(idp, fake, ANN, next_url=f"/page/{tab}/") for tab in range(8)]
    assert [browser.deliver(tab)["Location"] for tab in tabs] == [
        f"/page/{tab}/" for tab in range(8)
    ]


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https:///evil.example",
        "https://app.example@evil.example",
        "https://app.example.evil.example",
        "https://app.example:443@evil.example/",
        "http://app.example/",
        "/\t/evil.example",
        "\x01//evil.example",
        " //evil.example",
        "//[evil",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example\\@evil.example",
        "HTTPS://evil.example",
        "//evil。example",
    ],
)
def test_a_next_url_on_another_site_is_ignored(
    saml_sign_in: SignIn, idp: IdentityProvider, fake: FakeIdentityProvider, wanted: str
) -> None:
    assert saml_sign_in(idp, fake, next_url=wanted)["Location"] == "/accounts/profile/"


@pytest.mark.parametrize(
    "accept",
    ["", ",", ";", "*/*;q=x", "text/html;q=nan", "a/b/c", "/", "application/json;q=inf", "é", "*"],
)
def test_any_accept_header_is_answered(client: Client, accept: str) -> None:
    answer = client.post("/saml/nobody/acs/", headers={"Accept": accept})
    assert answer.status_code == 404


def test_an_assertion_is_not_in_an_error_report(rf: RequestFactory) -> None:
    """Django mails posted values to the host's administrators when the host's code fails."""
    request = rf.post(ACS, {"SAMLResponse": "secret"})
    with pytest.raises(AttributeError):  # without a session: a part of the host that fails
        AssertionConsumerServiceView.as_view()(request, slug=BrokenSlug())
    shown = get_exception_reporter_filter(request).get_post_parameters(request)
    assert "secret" not in str(shown)


class BrokenSlug:
    """A value that fails in the middle of a request."""

    def __str__(self) -> str:
        raise AttributeError


# Random requests, in a fixed order


TEXTS = (
    "",
    "acme",
    "ann@acme.example",
    "\x00",
    "a\x00b",
    "\ud800",
    "é😀\u202e",
    "%00%0d%0aSet-Cookie: a=b",
    "\r\nX: y",
    "9" * 400,
    "-1",
    "x" * 3000,
    "//evil.example",
    "/reports/",
    "[]",
    "{}",
    "' OR 1=1 --",
    "__class__",
    "a@" + "b" * 300 + ".example",
    "a@[::1]",
    "\u0661\u0662",
)
TYPES = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=latin-1",
    "application/x-www-form-urlencoded; charset=nonsense",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "x" * 300,
    "application/json",
    "text/xml",
    "",
    ";",
    "\u00e9",
)


def junk(rnd: random.Random) -> bytes:
    """Return a body that resembles a form, or does not."""
    return rnd.choice(
        [
            b"",
            b"SAMLResponse=",
            b"SAMLResponse=%ff%fe&SAMLResponse=PGEvPg==",
            b"SAMLResponse=%00",
            b"&" * rnd.randrange(1, 900) + b"=",
            b"SAMLResponse=" + base64.b64encode(rnd.randbytes(rnd.randrange(200))),
            b"email=%ed%a0%80&tenant=%00&next=%00",
            b'--x\r\nContent-Disposition: form-data; name="SAMLResponse"\r\n\r\nPGEvPg==\r\n--x--',
            b'--x\r\nContent-Disposition: form-data; name="SAMLResponse"; filename="a"\r\n\r\na\r\n--x--',
            b'--x\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name="a"\r\n\r\n!',
            rnd.randbytes(rnd.randrange(300)),
        ]
    )


def headers(rnd: random.Random) -> dict[str, Any]:
    cookies = [
        f"{COOKIE_PREFIX}{rnd.choice(['', 'x', '0' * 16])}={rnd.choice(['', 'a:b:c', '.', 'é'])}",
        f"sessionid={rnd.choice(['', 'x' * 32, 'x' * 4000])}",
        rnd.choice(['"', ";;;=", "a=b; a=c", "=" * 100]),
    ]
    return {
        "HTTP_COOKIE": "; ".join(cookies),
        "HTTP_ACCEPT": rnd.choice(["text/html", "application/json", "*/*", ";q=1", "\u00e9", ""]),
        "HTTP_ORIGIN": rnd.choice(["null", "https://evil.example", "x"]),
        "HTTP_ACCEPT_LANGUAGE": rnd.choice(["de", "x" * 600, "*;q=2", ";"]),
    }


def asked(rnd: random.Random, client: Client) -> HttpResponse:
    slug = rnd.choice(["acme", "ACME", "nobody", "x" * 400, "-", "0"])
    path = rnd.choice([ACS, LOGIN, METADATA, DISCOVERY]).replace("acme", slug)
    if rnd.random() < 0.5:
        names = ("next", "email", "tenant", "login_hint", "SAMLResponse", "RelayState")
        query = {
            name: rnd.choice(TEXTS).encode("utf-8", "surrogatepass")
            for name in rnd.sample(names, rnd.randrange(4))
        }
        return client.get(path, query, **headers(rnd))  # type: ignore[return-value]
    method = rnd.choice(["POST", "POST", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "BREW"])
    return client.generic(  # type: ignore[return-value]
        method, path, junk(rnd), content_type=rnd.choice(TYPES), **headers(rnd)
    )


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_random_requests_to_our_urls_cause_no_server_error(
    client: Client, idp: IdentityProvider, seed: int
) -> None:
    rnd = seeded(seed)
    for _ in range(100):
        answer = asked(rnd, client)
        assert answer.status_code < 500
        assert not User.objects.exists()
        location = answer.headers.get("Location", "/")
        assert location.startswith(("/", "https://login.microsoftonline.com/"))
        assert not location.startswith("//")


NAMES = ("urn:oasis:names:tc:SAML:2.0:assertion", "urn:x", "relative", "")
VALUES = ("", "x", "#default xml", "é😀", "0001-01-01T00:00:00Z", "true", "#", "]]>", "a" * 999)
IDS = ("ID", "Id", "id", "{http://www.w3.org/XML/1998/namespace}id")


def change(rnd: random.Random, root: etree._Element) -> None:
    """Change one element in one way."""
    rnd.choice([copy, remove, rewrite, retell, rename, declare])(
        rnd, rnd.choice(list(root.iter(etree.Element)))
    )


def copy(rnd: random.Random, element: etree._Element) -> None:
    place = rnd.choice([element, *element.iterancestors(), *element])
    place.append(etree.fromstring(etree.tostring(element, with_tail=False)))


def remove(_rnd: random.Random, element: etree._Element) -> None:
    if (parent := element.getparent()) is not None:
        parent.remove(element)


def rewrite(rnd: random.Random, element: etree._Element) -> None:
    element.set(rnd.choice([*map(str, element.attrib), *IDS]), rnd.choice(VALUES))


def retell(rnd: random.Random, element: etree._Element) -> None:
    element.text = rnd.choice(VALUES)


def rename(rnd: random.Random, element: etree._Element) -> None:
    name, local = rnd.choice(NAMES), etree.QName(element).localname
    element.tag = f"{{{name}}}{local}" if name else local


def declare(rnd: random.Random, element: etree._Element) -> None:
    etree.SubElement(element, "x", nsmap={"q": rnd.choice(NAMES[:3])})


def spoilt(
    rnd: random.Random, browser: SignIn, idp: IdentityProvider, fake: FakeIdentityProvider
) -> FakeResponse:
    def spoil(root: etree._Element) -> None:
        for _ in range(rnd.randrange(1, 3)):
            change(rnd, root)

    knobs: dict[str, Any] = {"sign": rnd.choice(["assertion", "response", "both"])}
    knobs["mutate_after_signing"] = spoil
    if rnd.random() < 0.3:
        knobs["encrypt_for"] = SP_KEYS.certificate
    if rnd.random() < 0.3:
        # Anybody who has our certificate can encrypt for us.
        knobs |= {"sign": "assertion", "encrypt_for": SP_KEYS.certificate}
        knobs["mutate_before_encrypting"] = knobs.pop("mutate_after_signing")
    return browser.begin(idp, fake, ANN, **knobs)


@pytest.mark.parametrize("seed", range(4))
def test_a_message_that_was_changed_after_signing_never_changes_the_claims(
    idp: IdentityProvider, fake: FakeIdentityProvider, settings: Any, seed: int
) -> None:
    settings.JITPROV_SP_KEY_PAIRS = [SP_KEYS]
    rnd = seeded(seed)
    for _ in range(60):
        browser = SignIn(Client())
        answer = browser.deliver(spoilt(rnd, browser, idp, fake))
        assert answer.status_code in {302, 400, 403}
        assert latest().outcome != "error"
    people = User.objects.values_list("first_name", "last_name", "email").distinct()
    assert set(people) <= {(ANN.given_name, ANN.surname, ANN.email)}
    assert User.objects.count() <= 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "proved", [pytest.param(False, id="junk"), pytest.param(True, id="one good response")]
)
def test_concurrent_refusals_are_all_answered_and_only_the_newest_are_kept(
    idp: IdentityProvider, fake: FakeIdentityProvider, settings: Any, *, proved: bool
) -> None:
    """Each refusal adds an event that references the identity provider, counts, and deletes old events."""
    settings.JITPROV_UNVERIFIED_EVENTS_KEPT = 1
    answer = SignIn(Client()).begin(idp, fake, ANN)
    form = answer.form if proved else {"SAMLResponse": "%"}

    def post() -> int:
        return Client().post(ACS, form, follow=True).status_code

    answers = [status for _ in range(6) for status in all_at_once([post] * 12)]
    assert set(answers) == {403 if proved else 400}
    counted = UnprovedRefusals.objects.filter(pk=idp.pk).values_list("count", flat=True).first()
    assert counted == (None if proved else 1)  # the rest is pending
    assert ProvisioningEvent.objects.count() <= 10 + 12
