"""A new project with the lines that the README asks for."""

from __future__ import annotations

from startproject import *

INSTALLED_APPS += ["jitprov"]
MIDDLEWARE += ["jitprov.middleware.SignInSessionMiddleware"]
AUTHENTICATION_BACKENDS = [
    "jitprov.backends.ProvisionedUserBackend",
    "django.contrib.auth.backends.ModelBackend",
]
JITPROV_BASE_URL = "https://app.example"
