"""Isolation of tenants: an administrator of one tenant requests every URL of the admin and the API for another one.

The URLs are taken from the URL configuration, so that a new one is tested as soon as it is added. Every row of the
other tenant has a mark in its texts that no other page can show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db.models import ForeignKey
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from example_site.demo.page import Form, Page
from jitprov.journal.actors import Actor
from jitprov.journal.audit import recorded
from jitprov.journal.observed_claims import email_digest, sealed_claims
from jitprov.models import (
    ClaimMapping,
    ConfigurationChange,
    ConsumedAssertion,
    EmailDomain,
    ExternalIdentity,
    GrantedGroup,
    GroupMapping,
    IdentityProvider,
    ObservedClaim,
    ProvisioningEvent,
    SetupLink,
    SigningCertificate,
    Tenant,
    TenantAdministrator,
    TestSignIn,
    digest,
)
from jitprov.provisioning.types import Claims, Source
from jitprov.sign_in import rehearsal
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import GroupFactory, UserFactory, connected

pytestmark = pytest.mark.django_db
MARK = "zebra"
EMAIL = f"{MARK}@zebra.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A tenant with one row of each kind."""

    tenant: Tenant
    idp: IdentityProvider
    administrator: Any
    person: Any
    event: ProvisioningEvent
    test: TestSignIn

    def kwargs(self) -> dict[str, Any]:
        """Return values for the parameters of a URL other than primary keys."""
        return {
            "slug": self.idp.slug,
            "reference": self.event.reference,
            "user_pk": self.person.pk,
            "token": "x" * 43,
        }


def side(name: str) -> Side:
    """Make a tenant whose texts all begin with its mark."""
    tenant = Tenant.objects.create(slug=name, name=f"{name} Incorporated")
    administrator = UserFactory.create(username=f"{name}-administrator", is_staff=True)
    TenantAdministrator.objects.create(user=administrator, tenant=tenant)
    fake = FakeIdentityProvider(
        entity_id=f"https://{name}.example/", sso_url=f"https://{name}.example/sso"
    )
    idp = connected(fake, slug=name, tenant=tenant, metadata_url=f"https://{name}.example/metadata")
    with recorded(idp, Actor.person(administrator)):
        ClaimMapping.objects.create(
            identity_provider=idp, position=9, target="department", sources=f"{name}-department"
        )
    group = GroupFactory.create()
    GroupMapping.objects.create(
        identity_provider=idp, claim="groups", value=f"{name}-group", name=name, group=group
    )
    EmailDomain.objects.create(identity_provider=idp, domain=f"{name}.example")
    today = datetime.now(UTC).date()
    ObservedClaim.objects.create(
        identity_provider=idp,
        name=f"{name}-claim",
        name_digest=digest(name),
        first_seen=today,
        last_seen=today,
    )
    person = UserFactory.create(username=f"{name}-person", email=f"{name}@{name}.example")
    identity = ExternalIdentity.objects.create(
        identity_provider=idp, external_id=f"{name}-id", user=person
    )
    GrantedGroup.objects.create(identity=identity, group=group, value=f"{name}-group")
    ConsumedAssertion.objects.create(
        identity_provider=idp, assertion_digest=digest(name), expires_at=datetime.now(UTC)
    )
    claims = Claims(
        source=Source.SAML, external_id=f"{name}-id", values={f"{name}-claim": (f"{name}-said",)}
    )
    event = ProvisioningEvent.objects.create(
        identity_provider=idp,
        tenant=tenant,
        user=person,
        outcome="refused",
        reason="audience_mismatch",
        details={"expected": name, "received": [f"{name}-received"], "claims": [f"{name}-claim"]},
        claims=sealed_claims(claims),
        email_digest=email_digest(f"{name}@{name}.example"),
    )
    SetupLink.objects.create(
        identity_provider=idp,
        token_digest=digest(f"{name}-token"),
        recipient=name,
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )
    test = rehearsal.begin(idp, actor=Actor.person(administrator), report_url=f"/{name}/")
    return Side(
        tenant=tenant,
        idp=idp,
        administrator=administrator,
        person=person,
        event=event,
        test=test,
    )


@pytest.fixture
def theirs() -> Side:
    return side(MARK)


@pytest.fixture
def ours(theirs: Side) -> Side:
    return side("ours")


@pytest.fixture
def browser(client: Client, ours: Side) -> Client:
    client.force_login(ours.administrator)
    client.raise_request_exception = True
    return client


# Every URL


def routes(
    resolver: URLResolver | None = None, prefix: str = "", namespace: str = ""
) -> Iterator[tuple[str, str, str]]:
    """Yield namespace, name and pattern of every URL."""
    for one in (resolver or get_resolver()).url_patterns:
        pattern = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one, pattern, one.namespace or namespace)
        elif isinstance(one, URLPattern):
            yield namespace, one.name or "", pattern


ADMIN = sorted(
    {pattern for space, _, pattern in routes() if space == "admin" and "jitprov/" in pattern}
)
API = sorted({pattern for space, _, pattern in routes() if space == "jitprov_api"})
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# The OpenAPI document is the same for all users; Django's other URLs are not ours.
SCHEMA = "sso-api/v1/schema/"


def model_of(pattern: str) -> Any:
    """Return the model whose primary key ``object_id`` is."""
    return apps.get_model("jitprov", pattern.split("jitprov/")[1].split("/", maxsplit=1)[0])


def rows_of(model: Any, owner: Side) -> list[Any]:
    """Return the rows of a model that belong to a tenant."""
    return [row for row in model._default_manager.all() if belongs(row, owner)]


def belongs(row: Any, owner: Side) -> bool:
    if isinstance(row, Tenant):
        return row.pk == owner.tenant.pk
    if isinstance(row, GrantedGroup):
        return row.identity.identity_provider_id == owner.idp.pk
    if isinstance(
        row, (IdentityProvider, ProvisioningEvent, ConfigurationChange, TenantAdministrator)
    ):
        return row.tenant_id == owner.tenant.pk
    return bool(row.identity_provider_id == owner.idp.pk)


def filled(pattern: str, owner: Side) -> Iterator[str]:
    """Yield the URLs of a pattern for the rows of a tenant."""
    names = _PARAMETER.findall(pattern)
    values = owner.kwargs()
    keys: list[Any] = [None]
    if "object_id" in names:
        keys = [row.pk for row in rows_of(model_of(pattern), owner)]
    if "id" in names:
        kinds = {"group-mappings": GroupMapping, "setup-links": SetupLink}
        model = next((kinds[name] for name in kinds if name in pattern), ClaimMapping)
        keys = [row.pk for row in rows_of(model, owner)]
    references = [owner.event.reference, owner.test.reference]
    for key in keys:
        for reference in references if "reference" in names else [""]:
            found = {**values, "object_id": key, "id": key, "reference": reference}
            yield "/" + _PARAMETER.sub(partial(_value_of, found), pattern)


def _value_of(values: dict[str, Any], match: re.Match[str]) -> str:
    return str(values[match[1]])


def everything_of(owner: Side) -> str:
    """Return all stored rows of a tenant, to be compared."""
    models = list(apps.get_app_config("jitprov").get_models())
    kept = {
        model.__name__: [
            {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}
            for row in sorted(rows_of(model, owner), key=lambda row: row.pk)
        ]
        for model in models
    }
    person = type(owner.person).objects.filter(pk=owner.person.pk).values().get()
    return json.dumps([kept, person], default=str, sort_keys=True)


def guessed(ours: Side, theirs: Side) -> dict[str, Any]:
    """Return a body that names the other tenant's rows in every field that can name a row."""
    return {
        "tenant": theirs.tenant.pk,
        "identity_provider": theirs.idp.pk,
        "user": theirs.person.pk,
        "slug": theirs.idp.slug,
        "preset": "entra",
        "post": "yes",
        "do": "enable",
        "enabled": "on",
        "active": "",
        "url": "https://idp.example/metadata",
        "xml": "<x/>",
    }


def is_nothing(answer: Any) -> bool:
    """Say whether a response is that of a missing row. Django's admin answers it by a redirect to its index."""
    return answer.status_code in {403, 404, 405} or (
        answer.status_code == 302
        and answer["Location"].startswith("/admin/")
        and (answer["Location"] == "/admin/")
    )


@pytest.mark.parametrize("pattern", [one for one in ADMIN if _PARAMETER.search(one)])
def test_an_admin_page_of_another_tenants_row_answers_404(
    browser: Client, ours: Side, theirs: Side, pattern: str
) -> None:
    before = everything_of(theirs)
    addresses = list(filled(pattern, theirs))
    assert addresses, "nothing to try"

    for address in addresses:
        answers = [browser.get(address), browser.post(address, guessed(ours, theirs))]
        # A pattern without a view of its own redirects to the page that has one.
        if pattern.endswith("<path:object_id>/"):
            assert [answer.status_code for answer in answers] == [302, 302]
            continue
        for answer in answers:
            assert is_nothing(answer), (address, answer.status_code)
            assert MARK not in answer.content.decode()
    assert MARK not in browser.get("/admin/").content.decode()

    assert everything_of(theirs) == before


@pytest.mark.parametrize("pattern", [one for one in ADMIN if not _PARAMETER.search(one)])
def test_a_list_or_an_empty_form_shows_nothing_of_another_tenant(
    browser: Client, ours: Side, theirs: Side, pattern: str
) -> None:
    before = everything_of(theirs)
    address = f"/{pattern}"
    questions: list[dict[str, Any]] = [
        {},
        {"q": MARK},
        {"q": EMAIL},
        {"q": theirs.event.reference},
        {"tenant__id__exact": theirs.tenant.pk},
        {"tenant__exact": theirs.tenant.pk},
        {"tenant": theirs.tenant.pk},
        {"identity_provider__id__exact": theirs.idp.pk},
        {"identity_provider": theirs.idp.pk},
        {"user__username": theirs.person.username},
        {"identity_provider__slug": theirs.idp.slug},
    ]
    for question in questions:
        answer = browser.get(address, question, follow=True)
        assert answer.status_code in {200, 400, 403}
        typed = " ".join(str(value) for value in question.values())
        shown = answer.content.decode()
        assert MARK not in (_without_the_question(shown) if MARK in typed else shown), question
    model = model_of(pattern)
    chosen = [row.pk for row in rows_of(model, theirs)]
    for action in ("delete_selected", "disable", "enable", "revoke"):
        form = {"action": action, "_selected_action": chosen, "post": "yes", "index": 0}
        answer = browser.post(address, form, follow=True)
        assert MARK not in answer.content.decode()
    browser.post(address, guessed(ours, theirs))

    assert everything_of(theirs) == before


def _without_the_question(html: str) -> str:
    """Return a page without the text of its search field and the links that repeat it."""
    return re.sub(r'(value|href|action|data-\w+)="[^"]*"', "", html)


def test_the_overview_shows_nothing_of_another_tenant(browser: Client, theirs: Side) -> None:
    SigningCertificate.objects.filter(identity_provider=theirs.idp).update(
        not_after=datetime.now(UTC) - timedelta(days=1)
    )

    for address in ("/admin/", "/admin/jitprov/"):
        assert MARK not in browser.get(address).content.decode()


def test_no_autocomplete_finds_anything_of_another_tenant(browser: Client, theirs: Side) -> None:
    tried = 0
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey) and admin.site.is_registered(field.related_model):
                question = {
                    "app_label": model._meta.app_label,
                    "model_name": str(model._meta.model_name),
                    "field_name": field.name,
                    "term": MARK,
                }
                answer = browser.get("/admin/autocomplete/", question)
                assert answer.status_code in {403, 200}
                assert MARK not in answer.content.decode()
                tried += 1
    assert tried > 10


def test_the_admins_redirect_to_a_row_answers_404_for_another_tenant(
    browser: Client, theirs: Side
) -> None:
    for model in apps.get_app_config("jitprov").get_models():
        content_type = ContentType.objects.get_for_model(model)
        for row in rows_of(model, theirs):
            answer = browser.get(f"/admin/r/{content_type.pk}/{row.pk}/")
            assert answer.status_code == 404
            assert MARK not in answer.content.decode()


# Guessed primary keys in forms of one's own page


def page_of(browser: Client, address: str) -> Page:
    answer = browser.get(address)
    return Page(url=address, status=answer.status_code, html=answer.content.decode())


def test_a_guessed_primary_key_in_the_own_pages_form_has_no_effect(
    browser: Client, ours: Side, theirs: Side
) -> None:
    before = everything_of(theirs)
    address = f"/admin/jitprov/identityprovider/{ours.idp.pk}/change/"
    page = page_of(browser, address)
    assert page.status == 200
    their_keys = {
        ClaimMapping: [row.pk for row in rows_of(ClaimMapping, theirs)],
        GroupMapping: [row.pk for row in rows_of(GroupMapping, theirs)],
        SigningCertificate: [row.pk for row in rows_of(SigningCertificate, theirs)],
        EmailDomain: [row.pk for row in rows_of(EmailDomain, theirs)],
    }
    tried = 0
    for form in page.forms:
        names = [name for name in form.fields if name.endswith("-id")]
        for keys in their_keys.values() if names else ():
            tried += _post_with(browser, form, dict.fromkeys(names[:1], str(keys[0])))
            tried += _post_with(browser, form, dict.fromkeys(names, str(keys[0])))
    assert tried > 5

    assert everything_of(theirs) == before


def _post_with(browser: Client, form: Form, changed: dict[str, str]) -> int:
    answer = browser.post(form.action, {**form.fields, **changed})
    assert answer.status_code in {200, 302, 400, 403, 404, 405}
    assert MARK not in answer.content.decode()
    return 1


# The API


class Program(Client):
    """A user of the API who is not throttled, which would hide everything else."""

    def request(self, **request: Any) -> Any:
        cache.clear()
        return super().request(**request)


@pytest.fixture
def program(ours: Side) -> Program:
    program = Program()
    program.force_login(ours.administrator)
    return program


BODIES: list[Any] = [
    {"enabled": True, "preset": "okta", "entity_id": "https://mallory.example/"},
    {"xml": "<x/>", "dry_run": False, "override": True},
]


@pytest.mark.parametrize("pattern", [one for one in API if _PARAMETER.search(one)])
def test_an_api_url_of_another_tenants_row_answers_as_one_that_does_not_exist(
    program: Client, ours: Side, theirs: Side, pattern: str
) -> None:
    before = everything_of(theirs)
    for address in filled(pattern, theirs):
        nowhere = address.replace(f"/{MARK}/", "/no-such-thing/")
        for method, body in attempts(guessed(ours, theirs)):
            answer, other = (ask(program, method, one, body) for one in (address, nowhere))
            assert answer.status_code == other.status_code, (method, address)
            assert answer.status_code in {400, 404, 405}, (method, address)
            assert answer.content == other.content
            assert MARK not in answer.content.decode()

    assert everything_of(theirs) == before


def attempts(body: Any) -> Iterator[tuple[str, Any]]:
    """Yield each method with each body."""
    yield from (("get", None), ("delete", None))
    for method in ("post", "put", "patch"):
        yield from ((method, one) for one in [*BODIES, body])


def ask(program: Client, method: str, address: str, body: Any) -> Any:
    return program.generic(method.upper(), address, json.dumps(body), "application/json")


def test_another_tenants_row_below_the_own_identity_provider_answers_404(
    program: Client, ours: Side, theirs: Side
) -> None:
    """The identity provider in the URL is ours, and the row below it is not."""
    before = everything_of(theirs)
    tried = 0
    for pattern in API:
        names = _PARAMETER.findall(pattern)
        if "slug" not in names or len(names) == 1:
            continue
        for address in filled(pattern.replace("<str:slug>", ours.idp.slug), theirs):
            methods = ("get", "delete", "post", "put", "patch")
            answers = [ask(program, method, address, guessed(ours, theirs)) for method in methods]
            assert {answer.status_code for answer in answers} <= {404, 405}, address
            tried += 1
    assert tried >= 3

    assert everything_of(theirs) == before


@pytest.mark.parametrize("pattern", [one for one in API if not _PARAMETER.search(one)])
def test_an_api_list_shows_nothing_of_another_tenant(
    program: Client, ours: Side, theirs: Side, pattern: str
) -> None:
    before = everything_of(theirs)
    address = f"/{pattern}"
    questions: list[dict[str, Any]] = [
        {},
        {"search": MARK},
        {"tenant": theirs.tenant.pk},
        {"tenant": theirs.tenant.slug},
        {"identity_provider": theirs.idp.slug},
        {"email": EMAIL},
        {"user": theirs.person.pk},
        {"user": theirs.person.username},
        {"reference": theirs.event.reference},
        {"limit": 1000},
    ]
    for question in questions:
        answer = program.get(address, question)
        assert answer.status_code in {200, 400, 404}
        typed = json.dumps(list(question.values()))
        shown = answer.content.decode()
        assert (
            MARK not in shown
            or (MARK in typed and answer.status_code == 400)
            or (_only_in_links(shown, question))
        ), question
    for body in [*BODIES, guessed(ours, theirs)]:
        answer = program.post(address, json.dumps(body), "application/json")
        assert answer.status_code in {201, 400, 404, 405}
        assert answer.status_code != 201 or pattern != "sso-api/v1/identity-providers/"

    assert everything_of(theirs) == before


def _only_in_links(shown: str, question: dict[str, Any]) -> bool:
    """Say whether the mark appears only in links to other pages, which repeat the query."""
    return MARK not in re.sub(r'"(next|previous)":"[^"]*"', "", shown)


# These tests can fail


def test_a_superuser_sees_the_marked_rows(client: Client, theirs: Side) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    seen = [
        pattern
        for pattern in [*ADMIN, *API]
        for address in (filled(pattern, theirs) if _PARAMETER.search(pattern) else [f"/{pattern}"])
        if MARK in client.get(address).content.decode()
    ]

    assert len(set(seen)) > 20
