from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.decorators import permission_required
from django.core.mail import send_mail
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.models import Tenant, Via


@require_POST
@permission_required("jitprov.add_setuplink", raise_exception=True)
def invite(request, slug):
    """Let a customer's IT admin connect their directory by themselves."""
    tenant = get_object_or_404(Tenant, slug=slug)
    email = request.POST["email"]
    link, url = setup_links.make_for_tenant(
        tenant,
        actor=Actor.person(request.user, Via.CODE),
        preset="entra",
        recipient=email,
        lifetime=timedelta(days=7),
    )
    text = f"Connect your directory here until {link.expires_at:%d %B}:\n{url}"
    send_mail("Sign-in with your organisation", text, None, [email])
    return redirect("/")
