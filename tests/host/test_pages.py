from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from jitprov.exceptions import JitprovError
from jitprov.models import EmailDomain, IdentityProvider
from jitprov.saml.types import Binding
from jitprov.sign_in.views import SignInView
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from jitprov.words.refusals import EXPLANATIONS, explain
from tests.support.factories import TenantFactory, connected

pytestmark = pytest.mark.django_db

NOWHERE = "/saml/nobody/login/"
"""A URL that answers with a refusal."""
HOST = "<!doctype html><title>Host</title><main>{% block content %}{% endblock %}</main>"
SCRIPT = '"><script>alert(1)</script>'


class Page(HTMLParser):
    """A page as a browser without scripts shows it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.inside = ""
        self.inline_scripts = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in {"script", "style"}:
            self.inline_scripts += data.strip()
        else:
            self.texts.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.texts))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def show(answer: Any) -> Page:
    return Page(answer.content.decode())


@pytest.fixture
def templates(settings: Any) -> dict[str, str]:
    """The templates of a host by name, which a test fills before it requests a page."""
    found: dict[str, str] = {}
    loaders = [
        ("django.template.loaders.locmem.Loader", found),
        "django.template.loaders.app_directories.Loader",
    ]
    engine = {**settings.TEMPLATES[0], "APP_DIRS": False}
    engine["OPTIONS"] = {**engine["OPTIONS"], "loaders": loaders}
    settings.TEMPLATES = [engine]
    return found


# The base template

FITS: list[Any] = [
    pytest.param({"base.html": HOST}, id="with a content block"),
    pytest.param(
        {
            "base.html": "{% block body %}<main>{% block content %}{% endblock %}</main>{% endblock %}"
        },
        id="with a content block in another one",
    ),
    pytest.param(
        {"base.html": "{% if user %}{% block content %}{% endblock %}{% endif %}"},
        id="with a content block in a condition",
    ),
    pytest.param(
        {"base.html": '{% extends "root.html" %}', "root.html": HOST},
        id="a child of a template that has one",
    ),
    pytest.param(
        {
            "base.html": '{% extends "root.html" %}{% block content %}default{% endblock %}',
            "root.html": HOST,
        },
        id="a child that fills it itself",
    ),
    pytest.param(
        {
            "base.html": '{% extends "root.html" %}{% block body %}{% block content %}{% endblock %}'
            "{% endblock %}",
            "root.html": "{% block body %}{% endblock %}",
        },
        id="a child that adds one where it is shown",
    ),
]
DOES_NOT_FIT: list[Any] = [
    pytest.param({}, id="there is none"),
    pytest.param({"base.html": "<h1>Host</h1>"}, id="without a block"),
    pytest.param({"base.html": "{% block main %}{% endblock %}"}, id="with another block"),
    pytest.param(
        {
            "base.html": '{% extends "root.html" %}{% block content %}{% endblock %}',
            "root.html": "{% block main %}{% endblock %}",
        },
        id="a child whose content block the parent never shows",
    ),
    pytest.param(
        {
            "base.html": '{% extends "root.html" %}{% block main %}nothing{% endblock %}',
            "root.html": "{% block main %}{% block content %}{% endblock %}{% endblock %}",
        },
        id="a child that throws the parent's content block away",
    ),
    pytest.param({"base.html": '{% extends "gone.html" %}'}, id="a child of nothing"),
    pytest.param({"base.html": "{% extends parent %}"}, id="a child of a variable"),
    pytest.param({"base.html": "{% block content %}"}, id="with a mistake"),
]


@pytest.mark.parametrize("files", FITS)
def test_a_refusal_is_shown_in_the_hosts_base_template(
    client: Client, templates: dict[str, str], files: dict[str, str]
) -> None:
    templates.update(files)

    answer = client.get(NOWHERE)

    assert "We know no organisation by this address." in show(answer).text
    assert b"jitprov-card" not in answer.content


@pytest.mark.parametrize("files", DOES_NOT_FIT)
def test_a_refusal_is_shown_in_our_base_template_if_the_hosts_does_not_show_it(
    client: Client, templates: dict[str, str], files: dict[str, str]
) -> None:
    templates.update(files)

    answer = client.get(NOWHERE)

    assert "We know no organisation by this address." in show(answer).text
    assert b"jitprov-card" in answer.content


def test_the_base_template_may_have_another_name(
    client: Client, templates: dict[str, str], settings: Any
) -> None:
    settings.JITPROV_BASE_TEMPLATE = "shop/layout.html"
    templates["shop/layout.html"] = HOST
    templates["base.html"] = "<h1>Not this one</h1>{% block content %}{% endblock %}"

    page = show(client.get(NOWHERE))

    assert "Host" in page.text
    assert "Not this one" not in page.text


def test_another_template_engine_is_not_extended(settings: Any, tmp_path: Any) -> None:
    (tmp_path / "base.html").write_text("<h1>$title</h1>", "utf-8")
    strings = {
        "BACKEND": "django.template.backends.dummy.TemplateStrings",
        "DIRS": [tmp_path],
        "OPTIONS": {},
    }
    settings.TEMPLATES = [strings, *settings.TEMPLATES]


# The content of a refusal


def refused(code: str, accept: str = "text/html", slug: str = "acme") -> Any:
    request = RequestFactory().get("/", headers={"Accept": accept})
    view = SignInView()
    view.setup(request, slug=slug)
    error = JitprovError("only for the log")
    error.code, error.reference = code, "ABCDE23456"
    return view.login_refused(error)


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_every_refusal_has_a_page_in_plain_words(code: str) -> None:
    answer = refused(code)
    page, explanation = show(answer), explain(code)

    assert answer.status_code == explanation.status
    assert str(explanation.happened) in page.text
    assert str(explanation.advice.value) in page.text
    assert "Reference ABCDE23456" in page.text
    assert f"Reason {code}" in page.text
    assert "for the log" not in page.text


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_every_refusal_is_returned_to_programs_as_json(code: str) -> None:
    answer = refused(code, "application/json")

    assert answer.status_code == explain(code).status
    assert answer["Content-Type"] == "application/json"
    assert b'"error": "%s"' % code.encode() in answer.content
    assert b'"reference": "ABCDE23456"' in answer.content
    assert b"for the log" not in answer.content


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_the_status_of_every_refusal_is_an_error_status(code: str) -> None:
    assert explain(code).status in {400, 401, 403, 404, 409, 410, 429, 503}


def test_a_refusal_by_the_host_gets_the_general_explanation() -> None:
    answer = refused("host_says_no")

    assert answer.status_code == 403
    assert "Reason host_says_no" in show(answer).text


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_a_link_to_try_again_is_shown_where_a_retry_can_help(code: str) -> None:
    links = [link["href"] for link in show(refused(code)).all("a")]
    for_administrators = "/admin/jitprov/provisioningevent/reference/ABCDE23456/"

    again = ["/saml/acme/login/"] if explain(code).can_retry else []
    assert links == [*again, for_administrators]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        pytest.param("application/json", "application/json", id="JSON"),
        pytest.param("application/json, text/html;q=0.5", "application/json", id="rather JSON"),
        pytest.param("text/html, application/json;q=0.9", "text/html", id="rather HTML"),
        pytest.param(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/html",
            id="as browsers ask",
        ),
        pytest.param("*/*", "text/html", id="anything"),
        pytest.param("", "text/html", id="nothing"),
        pytest.param("image/png", "text/html", id="something that there is not"),
        pytest.param("junk;;,", "text/html", id="nonsense"),
    ],
)
def test_json_is_returned_only_to_clients_that_prefer_it(accept: str, content_type: str) -> None:
    assert refused("expired", accept)["Content-Type"].partition(";")[0] == content_type


# Values of the request


@pytest.fixture
def idp(fake_identity_provider: FakeIdentityProvider) -> IdentityProvider:
    row = connected(fake_identity_provider, slug="acme", tenant=TenantFactory.create(slug="acme"))
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")
    return row


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        pytest.param("get", NOWHERE, {"next": SCRIPT, "login_hint": SCRIPT}, id="login"),
        pytest.param("get", "/saml/login/", {"next": SCRIPT}, id="discovery"),
        pytest.param("get", "/saml/login/", {"tenant": SCRIPT, "next": SCRIPT}, id="tenant"),
        pytest.param("post", "/saml/login/", {"email": SCRIPT, "next": SCRIPT}, id="e-mail"),
        pytest.param(
            "post", "/saml/acme/acs/", {"SAMLResponse": SCRIPT, "RelayState": SCRIPT}, id="ACS"
        ),
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_values_of_the_request_are_never_shown_unescaped(
    client: Client, idp: IdentityProvider, method: str, path: str, data: dict[str, str], accept: str
) -> None:
    answer = getattr(client, method)(path, data, headers={"Accept": accept})

    assert b"<script>alert" not in answer.content


# Pages under a strict Content-Security-Policy


@pytest.fixture
def pages(client: Client, idp: IdentityProvider) -> list[Page]:
    second = FakeIdentityProvider(sso_binding=Binding.POST)
    connected(second, slug="other", tenant=idp.tenant)
    answers = [
        client.get(NOWHERE),
        client.get("/saml/login/"),
        client.get("/saml/login/", {"tenant": "acme"}),
        client.get(reverse("jitprov:login", args=["other"])),
    ]
    assert [answer.status_code for answer in answers] == [404, 200, 200, 200]
    return [show(answer) for answer in answers]


def test_no_page_has_inline_scripts_or_styles(pages: list[Page]) -> None:
    for page in pages:
        assert page.inline_scripts == ""
        for _, attributes in page.tags:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            assert not attributes.get("href", "").startswith("javascript:")


def test_every_page_has_a_viewport_a_language_and_one_heading(pages: list[Page]) -> None:
    for page in pages:
        assert page.all("html")[0]["lang"] == "en"
        assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all(
            "meta"
        )
        assert len(page.all("h1")) == 1


def test_a_form_for_the_identity_provider_works_without_scripts(
    client: Client, saml_sign_in: SignIn
) -> None:
    fake = FakeIdentityProvider(sso_binding=Binding.POST)
    connected(fake, slug="acme")

    page = show(client.get("/saml/acme/login/", {"next": "/reports/"}))

    [form] = page.all("form")
    assert (form["method"], form["action"]) == ("post", fake.sso_url)
    assert [button["type"] for button in page.all("button")] == ["submit"]
    fields = {field["name"]: field["value"] for field in page.all("input")}
    assert list(fields) == ["SAMLRequest"]  # above all no CSRF token of ours for another site
    answer = saml_sign_in.deliver(fake.answer(fake.read_request(fields)))
    assert answer["Location"] == "/reports/"


def test_the_form_is_submitted_by_our_own_script_file(pages: list[Page]) -> None:
    assert [script["src"] for script in pages[-1].all("script")] == ["/static/jitprov/submit.js"]
