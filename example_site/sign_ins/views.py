"""The front page, and the page of the signed-in person."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from example_site.people.current import current_person
from example_site.people.models import User
from example_site.sign_ins.models import LastSignIn
from jitprov.models import GrantedGroup, IdentityProvider, ProvisioningEvent
from jitprov.sign_out.views import SingleLogoutMixin

EVENTS_SHOWN = 12


class SignOut(SingleLogoutMixin, LogoutView):
    """Signs out here, then at the directory that the person came from."""

    next_page = "home"


def home(request: HttpRequest) -> HttpResponse:
    """Offer the sign-in of every tenant. A real product would have a page for each."""
    doors = IdentityProvider.objects.filter(enabled=True).select_related("tenant").order_by("slug")
    context = {"doors": doors, "directory_url": settings.DIRECTORY_URL}
    return render(request, "home.html", context)


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Show the person's claims, the fields that they became, and the tenant's events."""
    person = current_person(request)
    last = LastSignIn.objects.filter(user=person).select_related("event").first()
    context = {
        "person": person,
        "groups": person.groups.order_by("name"),
        "granted": _granted_groups(person),
        "last": last,
        "not_mapped": _not_mapped(last) if last else {},
        "events": _events_of(person),
    }
    return render(request, "sign_ins/account.html", context)


def _not_mapped(last: LastSignIn) -> dict[str, list[str]]:
    """Return the claims that no mapping used."""
    used = {step["source"] for step in last.trace}
    return {name: values for name, values in last.claims.items() if name not in used}


def _granted_groups(person: User) -> set[int]:
    """Return the groups that a directory added the person to, and may remove them from."""
    granted = GrantedGroup.objects.filter(identity__user=person)
    return set(granted.values_list("group_id", flat=True))


def _events_of(person: User) -> list[ProvisioningEvent]:
    if person.organisation is None:
        return []
    events = ProvisioningEvent.objects.filter(tenant=person.organisation)
    return list(events.select_related("user", "identity_provider")[:EVENTS_SHOWN])
