"""Django's settings, one after the other: with each a whole sign-in works, or a check says what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import global_settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.core.cache import caches
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from jitprov.models import EmailDomain, IdentityProvider, ProvisioningEvent, TestSignIn
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.setup.pages import administrator_of, url
from tests.support.factories import connected
from tests.support.setup_link_holder import path_of

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

pytestmark = pytest.mark.django_db

User: Any = get_user_model()
ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies"]
CACHE_MIDDLEWARE = [
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
HERE = __name__


def forbidden(request: Any, reason: str = "") -> HttpResponse:
    """Answer where Django's own protection against forged requests says no."""
    return HttpResponse(f"forbidden: {reason}", status=403)


TRIED: dict[str, list[Any]] = {
    # Cookies
    "SESSION_COOKIE_NAME": ["sid"],
    "SESSION_COOKIE_SAMESITE": ["Lax", "Strict", "None", False],
    "SESSION_COOKIE_SECURE": [True],
    "SESSION_COOKIE_HTTPONLY": [False],
    "SESSION_COOKIE_DOMAIN": [".testserver"],
    "SESSION_COOKIE_PATH": ["/"],
    "SESSION_COOKIE_AGE": [60],
    "CSRF_COOKIE_NAME": ["token"],
    "CSRF_COOKIE_SAMESITE": ["Strict", "None"],
    "CSRF_COOKIE_SECURE": [True],
    "CSRF_COOKIE_HTTPONLY": [True],
    "CSRF_COOKIE_DOMAIN": [".testserver"],
    "CSRF_COOKIE_PATH": ["/"],
    "CSRF_COOKIE_AGE": [None],
    "CSRF_USE_SESSIONS": [True],
    "CSRF_HEADER_NAME": ["HTTP_X_OWN_TOKEN"],
    "CSRF_TRUSTED_ORIGINS": [["https://front.app.example"]],
    "CSRF_FAILURE_VIEW": [f"{HERE}.forbidden"],
    "LANGUAGE_COOKIE_NAME": ["language"],
    "LANGUAGE_COOKIE_SECURE": [True],
    # Sessions
    "SESSION_ENGINE": [f"django.contrib.sessions.backends.{name}" for name in ENGINES],
    "SESSION_CACHE_ALIAS": ["default"],
    "SESSION_EXPIRE_AT_BROWSER_CLOSE": [True],
    "SESSION_SAVE_EVERY_REQUEST": [True],
    "SESSION_SERIALIZER": ["django.contrib.sessions.serializers.JSONSerializer"],
    "SIGNING_BACKEND": [f"{HERE}.OwnSigner", "django.core.signing.TimestampSigner"],
    "SECRET_KEY_FALLBACKS": [["an earlier key"]],
    "CACHES": [
        {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
        {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    ],
    "MESSAGE_STORAGE": [
        "django.contrib.messages.storage.session.SessionStorage",
        "django.contrib.messages.storage.cookie.CookieStorage",
    ],
    # URLs
    "APPEND_SLASH": [False],
    "FORCE_SCRIPT_NAME": ["/app"],
    "USE_X_FORWARDED_HOST": [True],
    "USE_X_FORWARDED_PORT": [True],
    "LOGIN_URL": ["jitprov:discovery", "/saml/login/"],
    "LOGIN_REDIRECT_URL": ["/after/", "jitprov:discovery"],
    "LOGOUT_REDIRECT_URL": ["/"],
    "ALLOWED_HOSTS": [["testserver"], ["*"]],
    "ABSOLUTE_URL_OVERRIDES": [{"accounts.user": str}],
    # Security
    "SECURE_SSL_REDIRECT": [True],
    "SECURE_SSL_HOST": ["testserver"],
    "SECURE_PROXY_SSL_HEADER": [("HTTP_X_FORWARDED_PROTO", "https")],
    "SECURE_HSTS_SECONDS": [3600],
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": [True],
    "SECURE_HSTS_PRELOAD": [True],
    "SECURE_CONTENT_TYPE_NOSNIFF": [False],
    "SECURE_CROSS_ORIGIN_OPENER_POLICY": [None, "same-origin", "unsafe-none"],
    "SECURE_REFERRER_POLICY": ["no-referrer", "strict-origin", None],
    "SECURE_REDIRECT_EXEMPT": [["^saml/"]],
    "X_FRAME_OPTIONS": ["SAMEORIGIN"],
    "SECURE_CSP": [{"default-src": ["'self'"], "form-action": ["'self'", "https:"]}],
    "DISALLOWED_USER_AGENTS": [[re.compile("Crawler")]],
    "DATA_UPLOAD_MAX_MEMORY_SIZE": [None, 300_000],
    "DATA_UPLOAD_MAX_NUMBER_FIELDS": [None],
    # Authentication
    "AUTHENTICATION_BACKENDS": [
        ["jitprov.backends.ProvisionedUserBackend"],
        [
            "django.contrib.auth.backends.ModelBackend",
            "jitprov.backends.ProvisionedUserBackend",
            "django.contrib.auth.backends.RemoteUserBackend",
        ],
    ],
    "PASSWORD_HASHERS": [["django.contrib.auth.hashers.MD5PasswordHasher"]],
    "AUTH_PASSWORD_VALIDATORS": [
        [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]
    ],
    # Time, language, text
    "TIME_ZONE": ["Asia/Kathmandu", "Pacific/Kiritimati"],
    "USE_I18N": [False],
    "LANGUAGE_CODE": ["de", "fr", "ar"],
    "USE_THOUSAND_SEPARATOR": [True],
    "FIRST_DAY_OF_WEEK": [1],
    # Debugging
    "DEBUG": [True],
    "DEBUG_PROPAGATE_EXCEPTIONS": [True],
    "INTERNAL_IPS": [["127.0.0.1"]],
}

NOTHING_OF_OURS = """
    ADMINS MANAGERS SERVER_EMAIL DEFAULT_FROM_EMAIL EMAIL_.* MAILERS PASSWORD_RESET_TIMEOUT
    CACHE_MIDDLEWARE_.* LANGUAGE_COOKIE_.* LANGUAGES LANGUAGES_BIDI LOCALE_PATHS FORMAT_MODULE_PATH
    .*_FORMAT .*_FORMATS DECIMAL_SEPARATOR THOUSAND_SEPARATOR NUMBER_GROUPING
    MEDIA_ROOT MEDIA_URL STATIC_.* STATICFILES_.* STORAGES FILE_UPLOAD_.* DATA_UPLOAD_MAX_NUMBER_FILES
    FIXTURE_DIRS FORMS_URLFIELD_ASSUME_HTTPS IGNORABLE_404_URLS MIGRATION_MODULES TEST_.* WSGI_APPLICATION SESSION_FILE_PATH
    USE_BLANK_CHOICE_DASH DEFAULT_INDEX_TABLESPACE DEFAULT_TABLESPACE SIGNED_COOKIE_LEGACY_SALT_FALLBACK URLIZE_ASSUME_HTTPS
    LOGGING LOGGING_CONFIG DEFAULT_EXCEPTION_REPORTER DEFAULT_EXCEPTION_REPORTER_FILTER SECURE_CSP_REPORT_ONLY
"""
"""Mail, files, formats of dates, tests and logs: no page of a sign-in depends on them."""

ELSEWHERE = """
    INSTALLED_APPS MIDDLEWARE TEMPLATES FORM_RENDERER ROOT_URLCONF DATABASES DATABASE_ROUTERS AUTH_USER_MODEL SECRET_KEY
    USE_TZ DEFAULT_AUTO_FIELD DEFAULT_CHARSET SILENCED_SYSTEM_CHECKS PREPEND_WWW TASKS
"""
"""Tried below or in tests/hosts, where one value is not enough, or by checks."""


class OwnSigner:
    """A signer of the host's, as SIGNING_BACKEND names it."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        from django.core.signing import TimestampSigner  # noqa: PLC0415

        return TimestampSigner(*args, **kwargs)


def matches(name: str, patterns: str) -> bool:
    return any(re.fullmatch(pattern, name) for pattern in patterns.split())


def test_every_setting_of_django_has_its_place() -> None:
    names = {name for name in dir(global_settings) if name.isupper()}
    placed = {name for name in names if name in TRIED or matches(name, NOTHING_OF_OURS + ELSEWHERE)}
    assert names - placed == set()


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def acme(fake: FakeIdentityProvider) -> IdentityProvider:
    row = connected(fake, slug="acme")
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")
    return row


class Journey:
    """A whole sign-in at one host: the first, a returning one, a refused one, discovery, and a test sign-in."""

    def __init__(self, acme: IdentityProvider, fake: FakeIdentityProvider, **headers: str) -> None:
        self.acme, self.fake, self.headers = acme, fake, headers

    def browser(self) -> Client:
        return Client(enforce_csrf_checks=True, headers=self.headers)

    def run(self) -> None:
        self.first_and_returning()
        self.refused()
        self.discovered()
        self.tested()

    def first_and_returning(self) -> None:
        for outcome in ("created", "unchanged"):
            client = self.browser()
            answer = SignIn(client)(self.acme, self.fake, next_url="/reports/")
            assert answer.status_code in {200, 302}  # by a page of ours, where the cookie is Strict
            went_on = answer.get("Location") or answer["Refresh"]
            assert went_on.endswith("/reports/")
            assert SESSION_KEY in client.session
            assert ProvisioningEvent.objects.latest("pk").outcome == outcome

    def refused(self) -> None:
        User.objects.update(is_active=False)
        client = self.browser()
        answer = SignIn(client)(self.acme, self.fake)
        assert answer.status_code == 403
        assert ProvisioningEvent.objects.latest("pk").reference in answer.content.decode()
        assert SESSION_KEY not in client.session
        User.objects.update(is_active=True)

    def discovered(self) -> None:
        client = self.browser()
        page = client.get("/saml/login/", secure=True)
        assert page.status_code == 200
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())
        sent = {"email": ANN.email, "csrfmiddlewaretoken": token[1] if token else ""}
        answer = client.post(
            "/saml/login/", sent, secure=True, headers={"referer": "https://testserver/saml/login/"}
        )
        assert answer["Location"].startswith(self.fake.sso_url)

    def tested(self) -> None:
        admin = administrator_of(self.acme)
        client = Client(headers=self.headers)
        client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
        page = client.post(url("test", self.acme.pk).removeprefix("/app"), secure=True)
        start = re.search(r'href="([^"]*token=[^"]*)"', page.content.decode())
        assert start, page.content
        address = path_of(start[1].replace("&amp;", "&")).removeprefix("/app")
        request = self.fake.read_request(client.get(address, secure=True)["Location"])
        answer = self.fake.answer(request, person=ANN)
        done = client.post(path_of(answer.acs_url).removeprefix("/app"), answer.form, secure=True)
        assert done.status_code in {200, 302}, done.content
        test = TestSignIn.objects.latest("pk")
        assert (test.passed, test.code) == (True, "")


@pytest.fixture
def journey(acme: IdentityProvider, fake: FakeIdentityProvider) -> Journey:
    return Journey(acme, fake)


CASES = [
    pytest.param(name, value, id=f"{name}={number}")
    for name, values in TRIED.items()
    for number, value in enumerate(values)
]


@pytest.fixture(autouse=True)
def _sessions_in_files_of_this_test(settings: Settings, tmp_path: Path) -> None:
    settings.SESSION_FILE_PATH = str(tmp_path)


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_whole_sign_in_works_with_each_value(
    settings: Settings, journey: Journey, name: str, value: Any
) -> None:
    setattr(settings, name, value)
    if name == "SECURE_PROXY_SSL_HEADER":
        journey.headers = {"x-forwarded-proto": "https"}
    if name == "AUTHENTICATION_BACKENDS" and len(value) == 1:
        journey.tested = lambda: None  # type: ignore[method-assign]  # nobody signs in to the admin by a password
    journey.run()


def test_a_whole_sign_in_works_with_one_transaction_for_each_request(
    monkeypatch: pytest.MonkeyPatch, journey: Journey
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    journey.run()


@pytest.mark.parametrize("where", ["before", "around"])
def test_a_whole_sign_in_works_where_every_page_is_cached(
    settings: Settings, journey: Journey, where: str
) -> None:
    rest = [one for one in settings.MIDDLEWARE if not one.endswith("CommonMiddleware")]
    settings.MIDDLEWARE = [CACHE_MIDDLEWARE[0], *rest[:2], *CACHE_MIDDLEWARE[1:], *rest[2:]]
    if where == "before":
        settings.MIDDLEWARE = [*rest[:2], *CACHE_MIDDLEWARE, *rest[2:]]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    caches["default"].clear()
    journey.run()
    journey.acme.refresh_from_db()


@pytest.mark.parametrize(
    "middleware",
    [
        "django.middleware.gzip.GZipMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ],
)
def test_a_whole_sign_in_works_with_djangos_other_middleware(
    settings: Settings, journey: Journey, middleware: str
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, middleware]
    journey.run()


@pytest.mark.parametrize(
    "option",
    [
        {"string_if_invalid": "INVALID %s"},
        {"debug": True},
        {"autoescape": True, "builtins": ["django.templatetags.i18n"]},
    ],
    ids=str,
)
def test_a_whole_sign_in_works_with_each_option_of_templates(
    settings: Settings, journey: Journey, option: dict[str, Any]
) -> None:
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "OPTIONS": {**engine["OPTIONS"], **option}}]
    journey.run()
