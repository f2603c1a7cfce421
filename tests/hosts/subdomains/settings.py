from __future__ import annotations

from readme import *

ALLOWED_HOSTS = [".app.example"]
SESSION_COOKIE_DOMAIN = ".app.example"
JITPROV_ALLOWED_NEXT_HOSTS = [".app.example"]
MIDDLEWARE += ["acme.middleware.tenant_of_the_subdomain"]
