from __future__ import annotations

from readme import *

INSTALLED_APPS += ["acme"]
DATABASES = {"default": sqlite("default"), "accounts": sqlite("accounts")}
DATABASE_ROUTERS = ["acme.routers.AccountsRouter"]
JITPROV_ASSIGNABLE_GROUPS = ["Editors"]
