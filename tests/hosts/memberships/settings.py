from __future__ import annotations

from startproject import *

AUTH_USER_MODEL = "acme.User"
INSTALLED_APPS += ["acme"]

INSTALLED_APPS += ["jitprov"]
MIDDLEWARE += ["jitprov.middleware.SignInSessionMiddleware"]
AUTHENTICATION_BACKENDS = ["jitprov.backends.ProvisionedUserBackend"]
JITPROV_BASE_URL = "https://app.example"
JITPROV_TENANT_MODEL = "acme.Organisation"
JITPROV_PROVISIONER = "acme.sso.AcmeProvisioner"
JITPROV_MAPPABLE_FIELDS = ["username", "email", "department", "employee_id"]
JITPROV_ASSIGNABLE_GROUPS = ["owner", "admin", "member"]
