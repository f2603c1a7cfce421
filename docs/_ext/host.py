"""Set up a host in memory that has nothing but jitprov, from which pages are made."""

from __future__ import annotations

import logging
from typing import Any

import django
from django.conf import settings

SETTINGS: dict[str, Any] = {
    "SECRET_KEY": "only-for-the-documentation",
    "ALLOWED_HOSTS": ["testserver"],
    "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    "INSTALLED_APPS": [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "jitprov",
    ],
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "jitprov.middleware.SignInSessionMiddleware",
    ],
    "AUTHENTICATION_BACKENDS": ["jitprov.backends.ProvisionedUserBackend"],
    "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    "ROOT_URLCONF": "_ext.urls",
    "USE_TZ": True,
    "LANGUAGE_CODE": "en",
    "LOGGING_CONFIG": None,  # Sphinx has its own, and Django's would silence it
    "JITPROV_BASE_URL": "https://app.example",
}


def set_up() -> None:
    """Configure Django with :data:`SETTINGS`, and load the apps."""
    settings.configure(**SETTINGS)
    django.setup()
    logging.getLogger("jitprov").setLevel(logging.ERROR)
