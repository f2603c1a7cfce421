"""A host whose users have an e-mail address and no user name. Without the admin, which wants permissions."""

from __future__ import annotations

from tests.settings import *  # noqa: F403

AUTH_USER_MODEL = "email_accounts.Person"
JITPROV_MAPPABLE_FIELDS = ["email", "last_name"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "jitprov",
    "tests.support.email_accounts",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jitprov.middleware.SignInSessionMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
ROOT_URLCONF = "tests.support.email_accounts.urls"
