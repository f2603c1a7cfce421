"""The screen on which superusers make, list and revoke setup links. The URL is shown once."""

from __future__ import annotations

import logging
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
from jitprov.scope import EVERYTHING
from jitprov.setup.drafts import offer_tenants

logger = logging.getLogger(__name__)

_URL = "_jitprov_setup_link_url"
_MAILED = "_jitprov_setup_link_mailed"


class SetupLinkForm(forms.ModelForm):
    """The identity provider or the tenant, the recipient and the lifetime of a new setup link."""

    tenant: Any = forms.ModelChoiceField(
        queryset=None,
        required=False,
        label=_("Or a tenant without one"),
        help_text=_("Whoever opens the link chooses the kind of directory."),
    )
    email = forms.EmailField(
        label=_("Mail it to"),
        required=False,
        max_length=254,
        help_text=_("Leave this empty to copy the link and send it yourself."),
    )
    days = forms.IntegerField(
        label=_("Valid for"),
        required=False,
        min_value=1,
        max_value=setup_links.MAX_LIFETIME.days,
        initial=setup_links.LIFETIME.days,
        help_text=_("Days."),
    )

    class Meta:
        model = SetupLink
        fields = ("identity_provider", "recipient")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "identity_provider" not in self.fields:
            return  # a link that is there is only looked at
        self.fields["identity_provider"].required = False
        offer_tenants(self.fields["tenant"], EVERYTHING.visible_tenants())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        row, tenant = cleaned.get("identity_provider"), cleaned.get("tenant")
        if (row is None) == (tenant is None):
            raise ValidationError(_("Choose an identity provider, or a tenant without one."))
        if row is not None:
            try:
                setup_links.require_room(row)
            except setup_links.LinkRefused as error:
                raise ValidationError(str(error)) from error
        return cleaned


@admin.register(SetupLink)
class SetupLinkAdmin(SuperuserAdmin):
    """The setup links of all identity providers."""

    form = SetupLinkForm
    fields = ["identity_provider", "tenant", "recipient", "days", "email"]
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
        typed = form.cleaned_data
        of_the_link = {
            "actor": Actor.person(request.user),
            "recipient": typed["recipient"] or typed["email"],
            "lifetime": timedelta(days=typed["days"] or setup_links.LIFETIME.days),
        }
        if typed["tenant"] is not None:
            link, url = setup_links.make_for_tenant(typed["tenant"], **of_the_link)
        else:
            link, url = setup_links.make(typed["identity_provider"], **of_the_link)
        obj.pk, obj.identity_provider = link.pk, link.identity_provider
        obj.recipient, obj.expires_at = link.recipient, link.expires_at
        setattr(request, _URL, url)
        setattr(request, _MAILED, typed["email"] and self._mail(request, link, url, typed["email"]))

    def _mail(self, request: Any, link: SetupLink, url: str, email: str) -> bool:
        """Mail a link, and say whether that worked: it is made, and can still be copied."""
        try:
            setup_links.mail(link, url, email)
        except OSError as error:  # as those of smtplib, which quote the address
            logger.error("setup link %s could not be mailed: %s", link.pk, type(error).__name__)  # noqa: TRY400
            return False
        return True

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
            "mailed": getattr(request, _MAILED),
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
