"""Base classes for screens that show a tenant's administrator only their own tenants.

The permissions follow from :func:`jitprov.scope.scope_of` alone: Django's model permissions are neither needed nor
enough. Every query is limited to the scope, so that a guessed primary key finds nothing.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth import get_user_model
from django.core.exceptions import BadRequest
from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf
from jitprov.provisioning.parameters import UNSTORABLE
from jitprov.scope import Scope, scope_of

MAX_FILTER_CHOICES = 50
"""With more choices a filter shows a hint to use the search."""
_OFFERED = {"exact", "gte", "lt", "isnull"}
"""The comparisons that filters use."""


class _Scoped(BaseModelAdmin):
    """The permissions, rows and choices of screens and of the tables inside them."""

    def scope(self, request: Any) -> Scope:
        """Return the scope of the user."""
        return scope_of(request.user)

    def is_allowed(self, request: Any) -> bool:
        """Say whether this user may see the screen. :meth:`get_queryset` decides which rows they see."""
        return bool(self.scope(request))

    def has_module_permission(self, request: Any) -> bool:
        return self.is_allowed(request)

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return self.is_allowed(request)

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return self.is_allowed(request)

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return self.is_allowed(request)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return self.is_allowed(request)

    def get_queryset(self, request: Any) -> QuerySet[Any]:
        return self.scope(request).limit(super().get_queryset(request))

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Offer only rows of the scope. The field's validation refuses all others."""
        return self._limited(super().formfield_for_foreignkey(db_field, request, **kwargs), request)

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Offer only rows of the scope. The field's validation refuses all others."""
        return self._limited(super().formfield_for_manytomany(db_field, request, **kwargs), request)

    def _limited(self, field: Any, request: Any) -> Any:
        if field is not None and belongs_to_a_tenant(field.queryset.model):
            field.queryset = self.scope(request).limit(field.queryset)
        return field


class ScopedAdmin(_Scoped, admin.ModelAdmin):
    """A screen for superusers and tenants' administrators."""

    # No count of the whole table, and none for each choice of a filter.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def changelist_view(self, request: Any, extra_context: Any = None) -> Any:
        """Answer 400 to a filter value that PostgreSQL cannot store. Django itself handles such a search."""
        asked = [
            text for name, texts in request.GET.lists() if name != SEARCH_VAR for text in texts
        ]
        if any(map(UNSTORABLE.search, asked)):
            raise BadRequest
        return super().changelist_view(request, extra_context)

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        """Allow only what a filter offers. Django's rule allows every comparison with every listed column."""
        filters = self.get_list_filter(request)
        plain = [one[0] if isinstance(one, tuple) else one for one in filters if not callable(one)]
        own = {getattr(one, "parameter_name", None) for one in filters}
        path, _separator, comparison = lookup.rpartition("__")
        offered = any(
            lookup == name or (f"{path}__".startswith(f"{name}__") and comparison in _OFFERED)
            for name in plain
        )
        return lookup in own or (offered and super().lookup_allowed(lookup, value, request))

    def get_object(self, request: Any, object_id: str, from_field: str | None = None) -> Any:
        """Return the row.

        :raises Http404: there is no such row in the scope.
        """
        found = super().get_object(request, object_id, from_field)
        if found is None:
            raise Http404
        return found


class ReadOnlyAdmin(ScopedAdmin):
    """A read-only screen."""

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


class SuperuserAdmin(ScopedAdmin):
    """A screen for superusers only."""

    def is_allowed(self, request: Any) -> bool:
        return self.scope(request).everything


class ScopedInline(_Scoped, admin.TabularInline):
    """A table inside a screen."""

    extra = 0


class ScopedRelatedFilter(admin.RelatedFieldListFilter):
    """A filter by tenant or identity provider that offers those of the scope. One SQL statement with a limit."""

    template = "admin/jitprov/scoped_filter.html"
    too_many = False
    hint = _("There are too many to list here. Use the search.")

    def field_choices(self, field: Any, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        rows = scope_of(request.user).limit(field.remote_field.model._default_manager.all())
        found = list(
            rows.order_by(*self.field_admin_ordering(field, request, model_admin))[
                : MAX_FILTER_CHOICES + 1
            ]
        )
        self.too_many = len(found) > MAX_FILTER_CHOICES
        return [] if self.too_many else [(row.pk, str(row)) for row in found]

    def has_output(self) -> bool:
        """Show the filter also if it has only the hint, so that it does not vanish as tenants are added."""
        return self.too_many or bool(super().has_output())


def belongs_to_a_tenant(model: type[Model]) -> bool:
    """Say whether a scope can limit the rows of a model."""
    tenant_model = apps.get_model(conf.TENANT_MODEL)
    return model._meta.app_label == "jitprov" or model in (tenant_model, get_user_model())


def is_searchable(site: admin.AdminSite, model: Any) -> bool:
    """Say whether a site has a screen with a search for a model."""
    return site.is_registered(model) and bool(site.get_model_admin(model).search_fields)
