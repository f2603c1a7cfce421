"""Tenants, where the host has no model of its own for them."""

from __future__ import annotations

from django.contrib import admin

from jitprov.admin.scoped import SuperuserAdmin
from jitprov.conf import conf
from jitprov.models import Tenant


class TenantAdmin(SuperuserAdmin):
    """jitprov's own tenants."""

    list_display = ["name", "slug"]
    search_fields = ["name", "slug"]


if conf.TENANT_MODEL == "jitprov.Tenant":
    admin.site.register(Tenant, TenantAdmin)
