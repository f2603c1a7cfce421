"""The screen on which superusers make, list and revoke setup links. The URL is shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from jitprov.admin.scoped import ScopedRelatedFilter, SuperuserAdmin
from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.models import SetupLink

_URL = "_jitprov_setup_link_url"


class SetupLinkForm(forms.ModelForm):
    """The identity provider, the recipient and the lifetime of a new setup link."""

    days = forms.IntegerField(
        label=_("Valid for"),
        min_value=1,
        max_value=setup_links.MAX_LIFETIME.days,
        initial=setup_links.LIFETIME.days,
        help_text=_("Days."),
    )

    class Meta:
        model = SetupLink
        fields = ("identity_provider", "recipient")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "identity_provider" in cleaned:
            try:
                setup_links.require_room(cleaned["identity_provider"])
            except setup_links.LinkRefused as error:
                raise ValidationError(str(error)) from error
        return cleaned


@admin.register(SetupLink)
class SetupLinkAdmin(SuperuserAdmin):
    """The setup links of all identity providers."""

    form = SetupLinkForm
    fields = ["identity_provider", "recipient", "days"]
    autocomplete_fields = ["identity_provider"]
    list_display = [
        "id",
        "identity_provider",
        "recipient",
        "works",
        "expires_at",
        "last_used_at",
        "created_at",
        "created_by",
    ]
    list_filter = [("identity_provider", ScopedRelatedFilter)]
    list_select_related = ["identity_provider", "created_by"]
    search_fields = ["recipient", "identity_provider__slug"]
    actions = ["revoke"]

    @admin.display(boolean=True, description=_("works"))
    def works(self, link: SetupLink) -> bool:
        """Say whether the link is neither revoked nor expired, and its maker may still lend their rights."""
        return link.works and setup_links.is_vouched_for(link)

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        """Forbid changing: a link is revoked by the list's action, and another one is made."""
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        """Forbid deleting: a link stays as long as its identity provider, so that its use can be looked up."""
        return False

    def get_fields(self, request: Any, obj: Any = None) -> Any:
        """Return the stored fields for an existing link, and the form's fields for a new one."""
        stored = ["revoked_at", "expires_at", "last_used_at", "created_at", "created_by"]
        return ["identity_provider", "recipient", *stored] if obj else self.fields

    def add_view(self, request: Any, form_url: str = "", extra_context: Any = None) -> Any:
        """Show a message if another link took the last free place."""
        try:
            return super().add_view(request, form_url, extra_context)
        except setup_links.LinkRefused as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:jitprov_setuplink_changelist")

    def save_model(self, request: Any, obj: SetupLink, form: Any, change: bool) -> None:
        link, url = setup_links.make(
            obj.identity_provider,
            actor=Actor.person(request.user),
            recipient=obj.recipient,
            lifetime=timedelta(days=form.cleaned_data["days"]),
        )
        obj.pk, obj.recipient, obj.expires_at = link.pk, link.recipient, link.expires_at
        setattr(request, _URL, url)

    def response_add(
        self, request: Any, obj: SetupLink, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the URL in this response only, so that it is in no session and on no other page."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("The setup link is ready"),
            "link": obj,
            "url": getattr(request, _URL),
        }
        return TemplateResponse(request, "admin/jitprov/setup_link_made.html", context)

    @admin.action(description=_("Revoke the selected setup links"), permissions=["view"])
    def revoke(self, request: Any, queryset: Any) -> None:
        """Revoke the selected links."""
        working = list(queryset.filter(revoked_at=None).select_related("identity_provider"))
        for link in working:
            setup_links.revoke(link, Actor.person(request.user))
        count = len(working)
        text = ngettext(
            "%(count)s setup link was revoked.", "%(count)s setup links were revoked.", count
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
