"""Settings from the environment or a file ``.env``; a bare checkout needs none of them.

The defaults are for development. With ``DEBUG=False`` there is no default secret key, cookies are for https only, and
the fake directory is not served.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(str(BASE_DIR / ".env"))

DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = env("SECRET_KEY", default="only-for-development") if DEBUG else env("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"] if DEBUG else [])

# Kept between runs, and not in version control.
DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / "example_site" / "data")))
_SQLITE: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / "demo.sqlite3",
}
DATABASES = {"default": env.db("DATABASE_URL") if "DATABASE_URL" in env else _SQLITE}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Take the write lock when a transaction begins, because waiting for it later can end in a deadlock.
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}

# The name of a package that gives Django's admin another look: unfold or jazzmin, which has to be installed.
ADMIN_THEME = env("ADMIN_THEME", default="")
INSTALLED_APPS = [
    *([ADMIN_THEME] if ADMIN_THEME else []),
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "jitprov",
    "example_site.organisations",
    "example_site.people",
    "example_site.sign_ins",
    "example_site.desks",
    "example_site.demo",
]
MIDDLEWARE = [
    "example_site.middleware.DirectoryOnItsOwnSite",
    "example_site.middleware.StrictPolicy",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    # Pages are in the language of the browser, if it is one of ours.
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jitprov.middleware.SignInSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
if ADMIN_THEME:
    # Their pages have scripts and styles inside.
    MIDDLEWARE.remove("example_site.middleware.StrictPolicy")
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "example_site" / "templates"],
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
ROOT_URLCONF = "example_site.urls"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "example_site" / "static"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = env("TIME_ZONE", default="UTC")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "jitprov.backends.ProvisionedUserBackend",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL = "jitprov:discovery"
LOGIN_REDIRECT_URL = "account"

JITPROV_BASE_URL = env("BASE_URL", default="http://localhost:8000")
JITPROV_PRODUCT_NAME = "Corner Desk"
JITPROV_PRODUCT_COLOUR = "#14532d"
JITPROV_SUPPORT_CONTACT = "help@corner-desk.example"
JITPROV_RETURN_URL = "/"
JITPROV_TENANT_MODEL = "organisations.Organisation"
JITPROV_PROVISIONER = "example_site.people.provisioner.OrganisationProvisioner"
# What an organisation's administrator may map to; everything else is ours.
JITPROV_MAPPABLE_FIELDS = [
    "username",
    "first_name",
    "last_name",
    "email",
    "department",
    "job_title",
]
JITPROV_ASSIGNABLE_GROUPS = ["Administrators"]
# PEM with \n as line ends. Without a pair nobody can encrypt for us, and our metadata is not signed.
_OWN_PAIR = {
    "certificate": env.str("SP_CERTIFICATE", default="", multiline=True),
    "private_key": env.str("SP_PRIVATE_KEY", default="", multiline=True),
}
JITPROV_SP_KEY_PAIRS = [_OWN_PAIR] if _OWN_PAIR["private_key"] else []

# The URL of the fake directory: the same process, but another site to a browser.
DIRECTORY_URL = env("DIRECTORY_URL", default="http://127.0.0.1:8000")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"jitprov": {"handlers": ["console"], "level": "INFO"}},
}
