from __future__ import annotations

from readme import *

INSTALLED_APPS += ["rest_framework", "rest_framework.authtoken", "acme"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
FRONT_END = "front.example"  # a host of its own, which gets a token
JITPROV_ALLOWED_NEXT_HOSTS = [FRONT_END]
