"""The pages of the product, as small as possible."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from example_site.desks.models import Booking, Desk
from example_site.people.current import current_person


@login_required
def desks(request: HttpRequest) -> HttpResponse:
    """Show today's desks of the person's organisation."""
    person, today = current_person(request), timezone.localdate()
    bookings = Booking.objects.filter(desk__organisation=person.organisation, day=today)
    taken = {booking.desk_id: booking for booking in bookings.select_related("person")}
    rows = [
        (desk, taken.get(desk.pk)) for desk in Desk.objects.filter(organisation=person.organisation)
    ]
    return render(request, "desks/desks.html", {"rows": rows, "today": today, "person": person})


@login_required
@require_POST
def book(request: HttpRequest, pk: int) -> HttpResponse:
    """Book this desk for today in place of any other."""
    person, today = current_person(request), timezone.localdate()
    desk = get_object_or_404(Desk, pk=pk, organisation=person.organisation)
    try:
        with transaction.atomic():
            Booking.objects.filter(person=person, day=today).delete()
            Booking.objects.create(desk=desk, person=person, day=today)
    except IntegrityError:
        messages.error(request, f"Somebody was faster: {desk} is taken.")
    return redirect("desks")


@login_required
@require_POST
def free(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel a booking: one's own, or as an administrator anybody's."""
    person = current_person(request)
    bookings = Booking.objects.filter(
        desk=pk, desk__organisation=person.organisation, day=timezone.localdate()
    )
    if not person.is_administrator:
        bookings = bookings.filter(person=person)
    bookings.delete()
    return redirect("desks")
