from __future__ import annotations

from django.contrib import admin

from example_site.organisations.models import Organisation


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):
    """The customers."""

    list_display = ["name", "slug", "is_active"]
