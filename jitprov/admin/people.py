"""The link from a user to the page that explains their account."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.template.loader import select_template
from django.urls import reverse

from jitprov.models import ExternalIdentity
from jitprov.scope import scope_of


def person_url(user: Any) -> str:
    """Return the URL of a user's *Provisioning* page."""
    return reverse("admin:jitprov_person", args=[user.pk])


def visible_person_url(request: Any, user: Any) -> str:
    """Return the URL of a user's *Provisioning* page if this request may see it; empty otherwise."""
    if user is None:
        return ""
    known = ExternalIdentity.objects.filter(user_id=user.pk)
    return person_url(user) if scope_of(request.user).limit(known).exists() else ""


class ProvisioningLink:
    """For the host's own screen of users: adds a link *Provisioning* to a user's page.

    ::

        @admin.register(User)
        class MyUserAdmin(ProvisioningLink, UserAdmin): ...
    """

    opts: Any
    change_form_template: Any = "admin/jitprov/externalidentity/user_change_form.html"

    def render_change_form(
        self, request: Any, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the link to the template that the screen would use without this class."""
        context["provisioning_url"] = visible_person_url(request, kwargs.get("obj"))
        context["provisioning_base"] = select_template(self._templates_without_us())
        screen: Any = super()
        response: HttpResponse = screen.render_change_form(request, context, *args, **kwargs)
        return response

    def _templates_without_us(self) -> list[str]:
        own = getattr(super(), "change_form_template", None)
        if own:
            return [own]
        app = self.opts.app_label
        return [
            f"admin/{app}/{self.opts.model_name}/change_form.html",
            f"admin/{app}/change_form.html",
            "admin/change_form.html",
        ]
