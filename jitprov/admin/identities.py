"""The screens of the people of identity providers, and the page that explains a person's account."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from jitprov.accounts import sessions
from jitprov.admin import leaving
from jitprov.admin.leaving import IdentityForm
from jitprov.admin.people import person_url
from jitprov.admin.scoped import ScopedAdmin, ScopedInline, ScopedRelatedFilter
from jitprov.configuration.enabling import end_sessions_for, record_about, set_leaving_date
from jitprov.explain import explain_user, matching_names, user_by_key
from jitprov.journal.actors import Actor
from jitprov.models import ExternalIdentity, GrantedGroup


class GrantedGroupInline(ScopedInline):
    """The group memberships that the identity provider gave."""

    model = GrantedGroup
    can_delete = False
    readonly_fields = ["group", "claim", "value", "reference", "created_at"]
    max_num = 0

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("group")

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        """Forbid adding: only a sign-in gives memberships, and no posted row does."""
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(ScopedAdmin):
    """The identities of people at identity providers, of which little may be changed by hand."""

    ordering = ["-pk"]
    form = IdentityForm
    list_display = [
        "external_id",
        "identity_provider",
        "person",
        "active",
        "leaves_at",
        "created_at",
    ]
    list_filter = [
        "active",
        ("leaves_at", admin.EmptyFieldListFilter),
        ("identity_provider", ScopedRelatedFilter),
    ]
    search_fields = ["external_id", "identity_provider__slug"]
    search_help_text = _("Search by user name, e-mail address, external ID or identity provider.")
    list_select_related = ["identity_provider", "user"]
    readonly_fields = ["identity_provider", "external_id", "person", "created_at"]
    fields = [
        "identity_provider",
        "external_id",
        "person",
        "active",
        "leaves_at",
        "reason",
        "allow_privileged",
        "created_at",
    ]
    inlines = [GrantedGroupInline]
    actions = ["end_sessions", "end_access", "give_access_back"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        """Leave to superusers what a tenant may not decide."""
        for_superusers = [] if self.scope(request).everything else ["allow_privileged"]
        return [*super().get_readonly_fields(request, obj), *for_superusers]

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        """Forbid adding: identities come from identity providers."""
        return False

    def get_search_results(
        self, request: Any, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search the names of users too, because an admin knows people by them."""
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        words = search_term.strip()
        if words:
            users = get_user_model()._default_manager.filter(matching_names(words, "icontains"))
            found = found | queryset.filter(user__in=users.values("pk"))
        return found, may_have_duplicates

    def get_urls(self) -> list[Any]:
        person = path(
            "person/<path:user_pk>/",
            self.admin_site.admin_view(self.person_view),
            name="jitprov_person",
        )
        return [person, *super().get_urls()]

    def person_view(self, request: Any, user_pk: str) -> HttpResponse:
        """Show where a person's account, fields and groups come from. Outside the scope there is no page."""
        user = user_by_key(user_pk)
        explanation = explain_user(user, self.scope(request)) if user else None
        if explanation is None or not explanation.identities:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Provisioning of %(person)s") % {"person": user},
            "explanation": explanation,
        }
        return TemplateResponse(request, "admin/jitprov/externalidentity/person.html", context)

    @admin.display(description=_("user"), ordering="user")
    def person(self, identity: ExternalIdentity) -> str:
        """Return a link to the page of the person."""
        return format_html('<a href="{}">{}</a>', person_url(identity.user), identity.user)

    @admin.action(description=_("End the sessions of the selected people"), permissions=["change"])
    def end_sessions(self, request: Any, queryset: QuerySet[ExternalIdentity]) -> None:
        """Sign the selected people out, who may sign in again."""
        count = end_sessions_for(queryset, Actor.person(request.user))
        text = ngettext(
            "The sessions of %(count)s person have ended.",
            "The sessions of %(count)s people have ended.",
            count,
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(
        description=_("Take access away from the selected people…"), permissions=["change"]
    )
    def end_access(self, request: Any, queryset: QuerySet[ExternalIdentity]) -> HttpResponse | None:
        """Show whose access would end, and end it when that is confirmed."""
        return leaving.end_access_of_selected(self, request, queryset)

    @admin.action(description=_("Give access back to the selected people"), permissions=["change"])
    def give_access_back(self, request: Any, queryset: QuerySet[ExternalIdentity]) -> None:
        """Let the selected people in again."""
        leaving.give_access_back_to_selected(self, request, queryset)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        # Not saved whole: who may come in is for the one routine that ends access.
        obj.save(update_fields=["allow_privileged"])
        this = ExternalIdentity.objects.filter(pk=obj.pk)
        if "leaves_at" in form.changed_data:
            set_leaving_date(this, Actor.person(request.user), obj.leaves_at)
        if "active" in form.changed_data:
            leaving.switch(self, request, obj, form.cleaned_data["reason"])
        if "allow_privileged" in form.changed_data:
            allowed = "let in whatever they can do"
            note = allowed if obj.allow_privileged else f"no longer {allowed}"
            record_about(obj, Actor.person(request.user), note)

    def delete_model(self, request: Any, obj: Any) -> None:
        record_about(obj, Actor.person(request.user), "removed")
        sessions.end_sessions_of(ExternalIdentity.objects.filter(pk=obj.pk))
        super().delete_model(request, obj)

    def delete_queryset(self, request: Any, queryset: QuerySet[Any]) -> None:
        for identity in queryset.select_related("identity_provider"):
            record_about(identity, Actor.person(request.user), "removed")
        sessions.end_sessions_of(queryset)
        super().delete_queryset(request, queryset)
