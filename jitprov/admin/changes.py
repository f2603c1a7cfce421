"""The read-only screen of the changes of the configuration."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from jitprov.admin.events import BoundedPaginator
from jitprov.admin.scoped import ReadOnlyAdmin, ScopedRelatedFilter
from jitprov.explain.history import KINDS, in_words, kind_label
from jitprov.models import ConfigurationChange


class KindFilter(admin.SimpleListFilter):
    """A filter by the kind of object that was changed."""

    title = _("what")
    parameter_name = "what"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(what, kind_label(what)) for what in KINDS]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(what=self.value()) if self.value() else queryset


class ChangesInWords(ChangeList):
    """A list that words all its rows together, with one SQL statement for the names of all groups."""

    def get_results(self, request: Any) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        for row, entry in zip(rows, in_words(rows), strict=True):
            row.entry = entry
        self.result_list = rows


@admin.register(ConfigurationChange)
class ConfigurationChangeAdmin(ReadOnlyAdmin):
    """The changes of the configuration, newest first."""

    list_display = ["created_at", "slug", "in_a_line", "actor", "via"]
    list_filter = [
        KindFilter,
        "action",
        "via",
        ("created_at", admin.DateFieldListFilter),
        ("tenant", ScopedRelatedFilter),
        ("identity_provider", ScopedRelatedFilter),
    ]
    search_fields = ["slug", "actor", "label"]
    search_help_text = _("A slug, who did it, or which row it was.")
    fields = ["created_at", "tenant", "slug", "actor", "via", "in_a_line", "each_field"]
    readonly_fields = ["in_a_line", "each_field"]
    paginator = BoundedPaginator

    def get_changelist(self, request: Any, **kwargs: Any) -> type[ChangeList]:
        return ChangesInWords

    @admin.display(description=_("change"))
    def in_a_line(self, change: ConfigurationChange) -> str:
        """Return the whole change in one line, with the values before and after."""
        return str(_entry(change))

    @admin.display(description=_("fields"))
    def each_field(self, change: ConfigurationChange) -> str:
        """Return the change with a line for each field."""
        return format_html_join(
            "", "<div>{}</div>", ((str(one),) for one in _entry(change).changes)
        )


def _entry(change: Any) -> Any:
    return getattr(change, "entry", None) or in_words([change])[0]
