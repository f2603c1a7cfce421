from __future__ import annotations

from readme import *

INSTALLED_APPS += ["acme"]
AUTH_USER_MODEL = "acme.Employee"
