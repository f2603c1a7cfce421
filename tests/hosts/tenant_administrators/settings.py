from __future__ import annotations

from readme import *

INSTALLED_APPS += ["acme"]
AUTH_USER_MODEL = "acme.User"
MIDDLEWARE += ["acme.middleware.content_security_policy"]
JITPROV_TENANT_MODEL = "acme.Customer"
JITPROV_PROVISIONER = "acme.sso.AcmeProvisioner"
JITPROV_MAPPABLE_FIELDS = ["first_name", "last_name", "email", "username", "department"]
JITPROV_ASSIGNABLE_GROUPS = ["Editors", "Readers", "Acme: payroll"]
