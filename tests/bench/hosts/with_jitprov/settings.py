from __future__ import annotations

from tests.bench.hosts.settings import *  # noqa: F403 -- settings are extended like this
from tests.bench.hosts.settings import HOST, INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "jitprov"]
MIDDLEWARE = [*MIDDLEWARE, "jitprov.middleware.SignInSessionMiddleware"]
AUTHENTICATION_BACKENDS = [
    "jitprov.backends.ProvisionedUserBackend",
    "django.contrib.auth.backends.ModelBackend",
]
ROOT_URLCONF = "tests.bench.hosts.with_jitprov.urls"
JITPROV_BASE_URL = f"https://{HOST}"
JITPROV_ASSIGNABLE_GROUPS_OF_APPS: list[str] = []
