from __future__ import annotations

from database import DATABASE
from startproject import *

SHARED_APPS = [  # the schema "public"
    "django_tenants",
    "customers",
    "jitprov",
    *INSTALLED_APPS,
]
TENANT_APPS = ["desks"]  # a schema for each customer
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]
MIDDLEWARE = [
    "django_tenants.middleware.main.TenantMainMiddleware",
    *MIDDLEWARE,
    "jitprov.middleware.SignInSessionMiddleware",
]
DATABASES = {"default": {**DATABASE, "ENGINE": "django_tenants.postgresql_backend"}}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_MODEL = "customers.Customer"
TENANT_DOMAIN_MODEL = "customers.Domain"

AUTHENTICATION_BACKENDS = ["jitprov.backends.ProvisionedUserBackend"]
ALLOWED_HOSTS = [".app.example"]
SESSION_COOKIE_DOMAIN = ".app.example"
JITPROV_BASE_URL = "https://app.example"  # the domain of the public schema
JITPROV_ALLOWED_NEXT_HOSTS = [".app.example"]
JITPROV_TENANT_MODEL = TENANT_MODEL
JITPROV_TENANT_LOOKUP_FIELD = "schema_name"
JITPROV_PROVISIONER = "desks.sso.DeskProvisioner"
