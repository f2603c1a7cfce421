"""The signed-in user."""

from __future__ import annotations

from django.http import HttpRequest

from example_site.people.models import User


def current_person(request: HttpRequest) -> User:
    """Return the signed-in user as our own model; only behind ``login_required``.

    :raises TypeError: nobody is signed in.
    """
    if not isinstance(request.user, User):
        raise TypeError("nobody is signed in")
    return request.user
