"""Let an administrator say that people leave: the form of one identity, and the actions for several."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from jitprov.configuration.enabling import Done, end_access_for, give_access_back_to
from jitprov.journal.actors import Actor
from jitprov.models import ExternalIdentity
from jitprov.models.identities import MAX_REASON

MAX_AT_ONCE = 500
"""People whose access one click ends; for more there is a command."""
MAX_NAMED = 50
"""People whom the preview names."""
CONFIRMED = "confirmed"


class IdentityForm(forms.ModelForm):
    """The form of an external identity, which asks for the reason too."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=MAX_REASON,
        help_text=_("Why you switch the person off or on, for those who look it up."),
    )

    def clean_leaves_at(self) -> Any:
        """Refuse a new date that has passed."""
        at = self.cleaned_data["leaves_at"]
        if at is not None and "leaves_at" in self.changed_data and at <= timezone.now():
            raise forms.ValidationError(
                _("This date has passed. To end the access now, clear “active”."),
                code="in_the_past",
            )
        return at


def switch(screen: Any, request: Any, identity: ExternalIdentity, reason: str) -> None:
    """Switch one person on or off, as the form says, and tell if the application keeps them."""
    rows = ExternalIdentity.objects.filter(pk=identity.pk)
    actor = Actor.person(request.user)
    change = give_access_back_to if identity.active else end_access_for
    _tell_refusals(screen, request, change(rows, actor, reason))
    identity.refresh_from_db()


def end_access_of_selected(
    screen: Any, request: Any, queryset: QuerySet[ExternalIdentity]
) -> HttpResponse | None:
    """Show whose access would end, and end it when that is confirmed."""
    people = queryset.filter(active=True)
    if (count := people.count()) > MAX_AT_ONCE:
        text = gettext(
            "These are %(count)s people. Select up to %(most)s, or use manage.py end_access."
        )
        screen.message_user(request, text % {"count": count, "most": MAX_AT_ONCE}, messages.ERROR)
        return None
    if CONFIRMED not in request.POST or not count:
        return _preview(screen, request, people, count)
    reason = request.POST.get("reason", "")[:MAX_REASON]
    done = end_access_for(people, Actor.person(request.user), reason)
    text = ngettext(
        "The access of %(count)s person has ended.",
        "The access of %(count)s people has ended.",
        done.changed,
    )
    screen.message_user(request, text % {"count": done.changed}, messages.SUCCESS)
    _tell_refusals(screen, request, done)
    return None


def give_access_back_to_selected(
    screen: Any, request: Any, queryset: QuerySet[ExternalIdentity]
) -> None:
    """Let the selected people in again."""
    people = queryset.filter(pk__in=list(queryset.values_list("pk", flat=True)[:MAX_AT_ONCE]))
    done = give_access_back_to(people, Actor.person(request.user))
    text = ngettext(
        "%(count)s person may come in again.", "%(count)s people may come in again.", done.changed
    )
    screen.message_user(request, text % {"count": done.changed}, messages.SUCCESS)


def _preview(
    screen: Any, request: Any, people: QuerySet[ExternalIdentity], count: int
) -> HttpResponse:
    rows = list(people.select_related("identity_provider", "user").order_by("pk"))
    context = {
        **screen.admin_site.each_context(request),
        "opts": screen.opts,
        "title": gettext("Take access away"),
        "people": rows[:MAX_NAMED],
        "more": max(count - MAX_NAMED, 0),
        "count": count,
        "keys": [row.pk for row in rows],
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
        "confirmed": CONFIRMED,
        "longest": MAX_REASON,
    }
    return TemplateResponse(request, "admin/jitprov/externalidentity/end_access.html", context)


def _tell_refusals(screen: Any, request: Any, done: Done) -> None:
    for identity, error in done.refused[:MAX_NAMED]:
        text = gettext("The application keeps %(person)s: %(why)s Reference: %(reference)s")
        about = {
            "person": identity.user,
            "why": error.text or error.code,
            "reference": error.reference,
        }
        screen.message_user(request, text % about, messages.ERROR)
