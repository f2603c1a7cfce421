from __future__ import annotations

from readme import *

INSTALLED_APPS += ["rest_framework", "jitprov.api", "acme"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
}
JITPROV_TENANT_MODEL = "acme.Customer"
JITPROV_PROVISIONER = "acme.sso.AcmeProvisioner"
JITPROV_API_PERMISSION = "acme.sso.OnThePlanWithSso"
