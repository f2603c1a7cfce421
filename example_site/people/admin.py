from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from example_site.people.models import User
from jitprov.admin.people import ProvisioningLink


@admin.register(User)
class PersonAdmin(ProvisioningLink, UserAdmin):
    """Django's own screen of users, with our fields and a link to the page that explains them."""

    list_display = ["username", "first_name", "last_name", "organisation", "job_title", "is_active"]
    list_filter = ["organisation", "is_active", "groups"]
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        ("Work", {"fields": ("organisation", "department", "job_title")}),
    )
