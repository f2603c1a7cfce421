from __future__ import annotations

from readme import *

INSTALLED_APPS += ["acme"]
AUTH_USER_MODEL = "acme.User"
JITPROV_TENANT_MODEL = "acme.Company"
JITPROV_PROVISIONER = "acme.sso.AcmeProvisioner"
