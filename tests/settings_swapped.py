"""The same host with a tenant model of its own, in an app that sorts after jitprov."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "tests.support.zz_tenants"]
JITPROV_TENANT_MODEL = "zz_tenants.Organisation"
JITPROV_TENANT_LOOKUP_FIELD = "code"
