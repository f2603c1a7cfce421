from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from example_site.people.models import User


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Django's own screen, with our fields on it."""

    list_display = ["username", "first_name", "last_name", "organisation", "job_title", "is_active"]
    list_filter = ["organisation", "is_active", "groups"]
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        ("Work", {"fields": ("organisation", "department", "job_title")}),
    )
