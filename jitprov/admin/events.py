"""The read-only screens of the sign-in attempts and of the consumed assertions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.timezone import make_aware
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jitprov.admin.people import person_url, visible_person_url
from jitprov.admin.scoped import ReadOnlyAdmin, ScopedRelatedFilter, SuperuserAdmin
from jitprov.explain import explain_event, matching_names
from jitprov.journal.observed_claims import email_digests
from jitprov.models import ConsumedAssertion, IdentityProvider, ProvisioningEvent
from jitprov.models.events import LEAVING

MAX_COUNTED = 10_000
"""Attempts that a list holds at most; older ones are found by a search or filter."""
MAX_WORDS = 5
"""Words of a search that are used; the rest is ignored."""
RECENT = 1000
"""The newest attempts, whose reasons the filter offers."""


class BoundedPaginator(Paginator):
    """A paginator that counts to a limit only, because a count of 100,000 rows makes the list slow."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:MAX_COUNTED].count())

    @property
    def is_cut(self) -> bool:
        """Say whether there may be more rows than are listed."""
        return self.count >= MAX_COUNTED


class ReasonFilter(admin.SimpleListFilter):
    """A filter by the reasons of the newest attempts in the scope."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        newest = model_admin.get_queryset(request).order_by("-created_at")
        reasons = {*newest.values_list("reason", flat=True)[:RECENT], self.value() or ""}
        return [(code, code) for code in sorted(reasons - {""})]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


@admin.register(ProvisioningEvent)
class ProvisioningEventAdmin(ReadOnlyAdmin):
    """The attempts, newest first. Each has a page with an explanation and its remedy."""

    fields = ["reference"]  # of Django's form, which our page replaces with the explanation
    list_display = ["created_at", "reference", "outcome", "reason", "person", "identity_provider"]
    list_display_links = ["created_at", "reference"]
    # No date_hierarchy: MariaDB cannot group by day before somebody loads its time-zone tables.
    list_filter = [
        "outcome",
        ReasonFilter,
        "verified",
        ("created_at", admin.DateFieldListFilter),
        ("tenant", ScopedRelatedFilter),
        ("identity_provider", ScopedRelatedFilter),
    ]
    search_fields = ["reference"]
    paginator = BoundedPaginator

    def get_queryset(self, request: Any) -> QuerySet[Any]:
        # Without the claims, which are long and not shown here.
        rows = super().get_queryset(request).defer("claims")
        return rows.select_related("identity_provider", "user")

    def get_search_results(
        self, request: Any, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the attempts that match every word of the search."""
        for word in search_term.split()[:MAX_WORDS]:
            queryset = queryset.filter(reduce(or_, _meanings(word)))
        return queryset, False

    def get_urls(self) -> list[Any]:
        by_reference = path(
            "reference/<str:reference>/",
            self.admin_site.admin_view(self.by_reference),
            name="jitprov_event_by_reference",
        )
        return [by_reference, *super().get_urls()]

    def by_reference(self, request: Any, reference: str) -> HttpResponse:
        """Redirect from the reference that a person quotes to the page of the attempt."""
        wanted = reference.strip().upper()[:10]
        rows = self.get_queryset(request)
        event = rows.filter(reference=wanted).first() if wanted.isalnum() else None
        if event is None:
            raise Http404
        return redirect("admin:jitprov_provisioningevent_change", event.pk)

    def render_change_form(
        self, request: Any, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the explanation in place of the form."""
        event: ProvisioningEvent = kwargs["obj"]
        provider = event.identity_provider
        context |= {
            "title": _title(event) % {"reference": event.reference},
            "subtitle": None,
            "explanation": explain_event(event),
            "person_url": visible_person_url(request, event.user),
            "identity_provider_url": _page_of(provider) if provider else "",
        }
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("user"), ordering="user")
    def person(self, event: ProvisioningEvent) -> str:
        """Return a link to the page of the person."""
        if event.user is None:
            return ""
        return format_html('<a href="{}">{}</a>', person_url(event.user), event.user)


def _title(event: ProvisioningEvent) -> str:
    return (
        gettext("Access %(reference)s")
        if event.outcome in LEAVING
        else gettext("Sign-in %(reference)s")
    )


def _meanings(word: str) -> Iterator[Q]:
    """Yield a condition for each thing that a word may be. An e-mail address also finds people without an account."""
    users = get_user_model()._default_manager
    yield Q(reference__startswith=word.upper())
    yield Q(reason__icontains=word)
    yield Q(identity_provider__in=IdentityProvider.objects.filter(slug__icontains=word))
    yield Q(user__in=users.filter(matching_names(word, "icontains")).values("pk"))
    if (day := _day(word)) is not None:
        yield Q(created_at__gte=day, created_at__lt=day + timedelta(days=1))
    if "@" in word:
        yield Q(email_digest__in=email_digests(word))


def _day(word: str) -> datetime | None:
    """Return the beginning of the day that a word names as 2026-08-01; ``None`` if it names none."""
    try:
        midnight = datetime.combine(date.fromisoformat(word), time.min)
        _ = midnight - timedelta(days=2), midnight + timedelta(days=2)  # not at either end of time
    except (OverflowError, ValueError):
        return None
    return make_aware(midnight) if settings.USE_TZ else midnight


def _page_of(provider: IdentityProvider) -> str:
    return reverse("admin:jitprov_identityprovider_change", args=[provider.pk])


@admin.register(ConsumedAssertion)
class ConsumedAssertionAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """The consumed assertions, by digest."""

    list_display = ["assertion_digest", "identity_provider", "expires_at"]
    list_select_related = ["identity_provider"]
