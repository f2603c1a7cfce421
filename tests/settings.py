"""A host for the tests: own user model, jitprov's own tenant model, SQLite unless DATABASE_URL says otherwise."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import environ

env = environ.Env()

SECRET_KEY = "only-for-tests"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
USE_TZ = True
# For error reports; Django names its mailers so from 6.1 on.
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
STATIC_URL = "static/"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "rest_framework",
    "jitprov",
    "jitprov.api",
    "tests.support.accounts",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jitprov.middleware.SignInSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTHENTICATION_BACKENDS = [
    "jitprov.backends.ProvisionedUserBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# One for each run, so that two do not disturb each other. A file also on SQLite: threads must see one database.
_RUN = f"jitprov_tests_{os.getpid()}"
_SQLITE = Path(tempfile.gettempdir()) / f"{_RUN}.sqlite3"
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{_SQLITE}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}
    DATABASES["default"]["TEST"] = {"NAME": str(_SQLITE)}
else:
    DATABASES["default"]["TEST"] = {"NAME": _RUN}
if DATABASES["default"]["ENGINE"].endswith("mysql"):
    DATABASES["default"]["TEST"]["CHARSET"] = "utf8mb4"  # whatever the server's default is

JITPROV_BASE_URL = "https://app.example"
# Whatever tests map to. What a host allows without these settings has tests of its own.
JITPROV_MAPPABLE_FIELDS = [
    "username",
    "first_name",
    "last_name",
    "email",
    "date_joined",
    "department",
    "job_title",
    "employee_number",
    "language",
    "born_on",
    "floor",
    "is_contractor",
]
JITPROV_ASSIGNABLE_GROUPS_OF_APPS: list[str] = []
