from __future__ import annotations

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tests.support.zz_tenants"
    label = "zz_tenants"
