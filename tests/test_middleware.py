"""A session that began with a sign-in ends at its next request once whoever may has ended it; all others go on."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse
from django.utils import timezone

from jitprov.accounts import session_cache
from jitprov.accounts.sessions import IN_SESSION, NAME_ID
from jitprov.configuration import enabling
from jitprov.journal.actors import Actor
from jitprov.middleware import SignInSessionMiddleware
from jitprov.models import ExternalIdentity, IdentityProvider, SignInSession, Via
from jitprov.provisioner import Provisioner
from jitprov.sealed import unseal
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.person import ANN, Person
from jitprov.testing.round_trip import SignIn
from tests.api.client import Api
from tests.support.factories import UserFactory, connected

pytestmark = pytest.mark.django_db

BOB = Person(object_id="bob", email="bob@acme.example", given_name="Bob")
CODE = Actor(via=Via.CODE, name="test")
ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies"]


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user))


async def me(request: Any) -> HttpResponse:
    user = await request.auser()
    return HttpResponse(str(user))


def directory(request: Any) -> HttpResponse:
    known = request.identity
    return HttpResponse(
        f"{known.identity_provider} {known.external_id} {known.authn_context}" if known else "none"
    )


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse("anonymous")


urlpatterns = [
    path("", home),
    path("me/", me),
    path("directory/", directory),
    path("nothing/", nothing),
    path("admin/", admin.site.urls),
    path("saml/", include("jitprov.urls")),
    path("sso-api/", include("jitprov.api.urls")),
]


@pytest.fixture(autouse=True)
def own_urls(settings: Any, tmp_path: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.SESSION_FILE_PATH = str(tmp_path)


@pytest.fixture
def ann(sign_in: Callable[..., Any], client: Client) -> Client:
    """Sign Ann in, and return her browser."""
    assert sign_in().status_code == 302
    return client


def is_in(browser: Client) -> bool:
    return browser.get("/").content.decode() != "AnonymousUser"


# The ways to end it


class Closed(Provisioner):
    """A host whose tenants are all disabled."""

    def is_tenant_enabled(self) -> bool:
        return False


def by_the_admin(settings: Any) -> None:
    staff = Client()
    staff.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    identity = ExternalIdentity.objects.get(external_id=ANN.object_id)
    url = reverse("admin:jitprov_externalidentity_change", args=[identity.pk])
    prefix = "granted_groups"
    form = {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    assert staff.post(url, form).status_code == 302
    assert not ExternalIdentity.objects.get(pk=identity.pk).active


def by_the_action(settings: Any) -> None:
    staff = Client()
    staff.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    identity = ExternalIdentity.objects.get(external_id=ANN.object_id)
    chosen = {"action": "end_sessions", "_selected_action": [identity.pk]}
    url = reverse("admin:jitprov_externalidentity_changelist")
    assert staff.post(url, chosen).status_code == 302


def by_the_command(settings: Any) -> None:
    identity = ExternalIdentity.objects.get(external_id=ANN.object_id)
    call_command("end_sessions", "--identity", str(identity.pk), stdout=StringIO())


def by_the_command_for_a_tenant(settings: Any) -> None:
    tenant = IdentityProvider.objects.get(slug="acme").tenant
    call_command("end_sessions", "--tenant", tenant.slug, stdout=StringIO())


def by_ending_access_by_the_command(settings: Any) -> None:
    identity = ExternalIdentity.objects.get(external_id=ANN.object_id)
    call_command("end_access", "--identity", str(identity.pk), stdout=StringIO())


def by_ending_access_by_the_api(settings: Any) -> None:
    staff = Client()
    staff.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    answer = Api(staff).post("identity-providers/acme/end-access/", {"external_id": ANN.object_id})
    assert answer.status == 200


def by_a_date(settings: Any) -> None:
    people = ExternalIdentity.objects.filter(external_id=ANN.object_id)
    enabling.set_leaving_date(people, CODE, timezone.now())


def by_a_date_that_comes_while_a_cache_knows_better(settings: Any) -> None:
    people = ExternalIdentity.objects.filter(external_id=ANN.object_id)
    enabling.set_leaving_date(people, CODE, timezone.now() + timedelta(seconds=0.2))
    time.sleep(0.3)


def by_disabling_the_identity_provider(settings: Any) -> None:
    enabling.disable(IdentityProvider.objects.get(slug="acme"), CODE)


def by_deleting_the_identity(settings: Any) -> None:
    staff = Client()
    staff.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    identity = ExternalIdentity.objects.get(external_id=ANN.object_id)
    url = reverse("admin:jitprov_externalidentity_delete", args=[identity.pk])
    assert staff.post(url, {"post": "yes"}).status_code == 302
    assert not ExternalIdentity.objects.filter(pk=identity.pk).exists()


def by_disabling_the_tenant(settings: Any) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Closed"
    # Only the host knows, and nobody has told the cache.
    session_cache.forget(session_cache.IDENTITY_PROVIDER, [IdentityProvider.objects.get().pk])


WAYS = [
    by_the_admin,
    by_the_action,
    by_the_command,
    by_the_command_for_a_tenant,
    by_ending_access_by_the_command,
    by_ending_access_by_the_api,
    by_a_date,
    by_a_date_that_comes_while_a_cache_knows_better,
    by_disabling_the_identity_provider,
    by_deleting_the_identity,
    by_disabling_the_tenant,
]


@pytest.mark.parametrize("age", [0, 30])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("end", WAYS, ids=lambda way: way.__name__)
def test_the_next_request_is_signed_out_with_each_engine_of_sessions(
    settings: Any,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    end: Callable[[Any], None],
    engine: str,
    age: int,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.JITPROV_SESSION_CHECK_AGE = age
    browsers = [Client(), Client()]
    for browser, person in zip(browsers, [ANN, BOB], strict=True):
        assert SignIn(browser)(idp, fake_identity_provider, person).status_code == 302
        assert is_in(browser)

    with django_capture_on_commit_callbacks(execute=True):
        end(settings)

    assert not is_in(browsers[0])
    assert not is_in(browsers[0])
    everybody = {
        by_the_command_for_a_tenant,
        by_disabling_the_identity_provider,
        by_disabling_the_tenant,
    }
    assert is_in(browsers[1]) is (end not in everybody)


@pytest.mark.parametrize("end", [by_the_action, by_disabling_the_identity_provider])
def test_other_sessions_of_the_same_person_go_on(
    ann: Client, settings: Any, end: Callable[[Any], None], django_capture_on_commit_callbacks: Any
) -> None:
    user = get_user_model().objects.get()
    elsewhere, by_password = Client(), Client()
    other = FakeIdentityProvider(tenant_id="another-directory")
    row = connected(other, slug="other", link_existing_users=True)
    ExternalIdentity.objects.create(identity_provider=row, user=user, external_id=ANN.object_id)
    assert SignIn(elsewhere)(row, other).status_code == 302
    by_password.force_login(user)

    ExternalIdentity.objects.filter(identity_provider=row).update(external_id="of the other")
    with django_capture_on_commit_callbacks(execute=True):
        end(settings)

    assert not is_in(ann)
    assert is_in(elsewhere)
    assert is_in(by_password)


def test_an_ended_session_stays_ended_after_switching_on_again(
    ann: Client, sign_in: Any, django_capture_on_commit_callbacks: Any
) -> None:
    kept = ann.cookies["sessionid"].value
    row = IdentityProvider.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        enabling.disable(row, CODE)
    IdentityProvider.objects.update(enabled=True)

    assert not is_in(ann)
    ann.cookies["sessionid"] = kept
    assert not is_in(ann)
    assert sign_in().status_code == 302
    assert is_in(ann)


def test_a_session_of_an_account_that_the_identity_no_longer_names_has_ended(
    ann: Client, settings: Any
) -> None:
    settings.JITPROV_SESSION_CHECK_AGE = 0
    ExternalIdentity.objects.update(user=UserFactory.create())
    assert not is_in(ann)


# When it must end


def test_a_session_ends_after_the_hours_that_the_tenant_allows(
    sign_in: Any, client: Client, idp: IdentityProvider, settings: Any
) -> None:
    settings.JITPROV_SESSION_CHECK_AGE = 0
    IdentityProvider.objects.update(session_hours=2)
    sign_in()
    left = client.session.get_expiry_date() - datetime.now(UTC)
    assert timedelta(hours=1, minutes=59) < left <= timedelta(hours=2)

    session = client.session
    session.set_expiry(timedelta(days=30))  # a host that extends sessions as they are used
    session.save()
    assert is_in(client)
    SignInSession.objects.update(ends_at=datetime.now(UTC))
    assert not is_in(client)


def test_the_earlier_end_counts(sign_in: Any, client: Client, idp: IdentityProvider) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    for hours in (None, 5):
        IdentityProvider.objects.update(session_hours=hours)
        sign_in(session_not_on_or_after=soon)
        row = SignInSession.objects.latest("pk")
        assert row.ends_at is not None
        assert abs(row.ends_at - soon) < timedelta(seconds=1)


def test_a_session_that_goes_on_is_written_at_most_daily(ann: Client, settings: Any) -> None:
    settings.JITPROV_SESSION_CHECK_AGE = 0
    before = SignInSession.objects.get().kept_until
    assert is_in(ann)
    assert SignInSession.objects.get().kept_until == before

    SignInSession.objects.update(kept_until=before - timedelta(days=1, minutes=1))
    assert is_in(ann)
    assert SignInSession.objects.get().kept_until >= before


def test_pruning_ends_no_session_that_is_used(ann: Client) -> None:
    call_command("prune_jitprov", stdout=StringIO())
    cache.clear()
    assert is_in(ann)

    SignInSession.objects.update(kept_until=datetime.now(UTC) - timedelta(seconds=1))
    call_command("prune_jitprov", stdout=StringIO())
    cache.clear()
    assert not is_in(ann)


# Sessions that are not ours


@pytest.mark.parametrize("keep", [True, False])
def test_a_session_from_before_the_upgrade_ends_unless_a_setting_keeps_it(
    ann: Client, settings: Any, keep: bool
) -> None:
    settings.JITPROV_KEEP_UNKNOWN_SESSIONS = keep
    session = ann.session
    del session[IN_SESSION]
    session.save()
    assert is_in(ann) is keep


def test_a_session_that_went_on_with_a_password_is_one_of_a_password(
    ann: Client, settings: Any
) -> None:
    ann.force_login(get_user_model().objects.get())
    ExternalIdentity.objects.update(active=False)
    cache.clear()
    assert is_in(ann)
    assert ann.get("/directory/").content == b"none"


@pytest.mark.parametrize(
    "forged", ["x", ["x"], [1, 2], {"a": 1}, 7, True, ["0" * 32, 1, 1], [None] * 3]
)
def test_a_session_that_names_no_row_has_ended(ann: Client, forged: Any) -> None:
    session = ann.session
    session[IN_SESSION] = forged
    session.save()
    assert not is_in(ann)


def test_the_row_of_somebody_else_lets_nobody_in(
    ann: Client, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    bob = Client()
    SignIn(bob)(idp, fake_identity_provider, BOB)
    session = ann.session
    session[IN_SESSION] = bob.session[IN_SESSION]
    session.save()

    assert is_in(bob)
    assert not is_in(ann)


# What it costs


def test_a_request_with_a_warm_cache_runs_no_statement_of_ours(ann: Client) -> None:
    assert is_in(ann)
    with CaptureQueriesContext(connection) as queries:
        assert is_in(ann)
    assert not [one for one in queries if "jitprov" in one["sql"]]


def test_a_request_that_asks_the_database_runs_one_statement(ann: Client, settings: Any) -> None:
    settings.JITPROV_SESSION_CHECK_AGE = 0
    with CaptureQueriesContext(connection) as queries:
        assert is_in(ann)
    assert len([one for one in queries if "jitprov" in one["sql"]]) == 1


def test_a_page_that_asks_for_nobody_does_not_vary_by_cookie(ann: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = ann.get("/nothing/")
    assert "Vary" not in answer.headers
    assert not queries.captured_queries


# The cache


class Broken:
    """A cache whose server is down."""

    def __init__(self) -> None:
        self.asked = 0

    def get_many(self, keys: Any) -> Any:
        self.asked += 1
        raise ConnectionError("redis://:secret@cache.example")

    set = set_many = get_many


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Broken:
    cache = Broken()
    monkeypatch.setattr(session_cache, "cache", cache)
    monkeypatch.setattr(session_cache._Down, "until", 0.0)
    return cache


def test_a_cache_that_is_down_lets_nobody_in_and_is_not_asked_at_once_again(
    ann: Client, broken: Broken, caplog: pytest.LogCaptureFixture
) -> None:
    assert is_in(ann)
    assert is_in(ann)
    assert broken.asked == 1
    assert "secret" not in caplog.text

    ExternalIdentity.objects.update(active=False)
    assert not is_in(ann)


def test_an_answer_that_only_this_process_remembers_is_forgotten_in_time(
    ann: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Another process has ended it, and could not tell this one's cache."""
    settings.JITPROV_SESSION_CHECK_AGE = 0.2
    assert is_in(ann)
    ExternalIdentity.objects.update(active=False)
    deadline = datetime.now(UTC) + timedelta(seconds=5)
    while is_in(ann):
        assert datetime.now(UTC) < deadline


# Async, and where it stands


def test_an_asynchronous_view_sees_the_same(ann: Client, settings: Any) -> None:
    settings.JITPROV_SESSION_CHECK_AGE = 0
    browser = AsyncClient()
    browser.cookies = ann.cookies

    async def ask() -> str:
        answer = await browser.get("/me/")
        return str(answer.content.decode())

    assert async_to_sync(ask)() != "AnonymousUser"
    ExternalIdentity.objects.update(active=False)
    assert async_to_sync(ask)() == "AnonymousUser"


def test_the_middleware_is_a_coroutine_before_one() -> None:
    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert iscoroutinefunction(SignInSessionMiddleware(answer))
    assert not iscoroutinefunction(SignInSessionMiddleware(home))


def test_before_djangos_own_it_says_what_is_wrong() -> None:
    with pytest.raises(ImproperlyConfigured, match="AuthenticationMiddleware"):
        SignInSessionMiddleware(home)(RequestFactory().get("/"))


# Who the person is


def test_the_request_tells_who_the_person_is_in_the_words_of_the_directory(ann: Client) -> None:
    answer = ann.get("/directory/").content.decode()
    assert answer.startswith(f"acme {ANN.object_id} urn:oasis:names:tc:SAML:2.0:ac:classes:")


def test_of_other_logins_the_request_tells_nothing(client: Client) -> None:
    assert client.get("/directory/").content == b"none"
    client.force_login(UserFactory.create())
    assert client.get("/directory/").content == b"none"


def test_the_row_of_a_session_says_what_the_assertion_said(ann: Client) -> None:
    row = SignInSession.objects.get()
    name_id = unseal(row.sealed_name_id, NAME_ID)
    assert name_id is not None
    assert name_id["value"] == ANN.upn
    assert name_id["format"].endswith("emailAddress")
    assert row.session_index
    assert row.authn_instant <= datetime.now(UTC)
