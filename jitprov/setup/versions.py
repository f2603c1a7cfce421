"""Tell what somebody changed on the page from what others have changed since it was shown to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from django import forms
from django.utils.formats import localize
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from jitprov.configuration.editing import ROW_VERSION_LENGTH
from jitprov.explain.history import last_change
from jitprov.models import IdentityProvider

Told: TypeAlias = Callable[..., str]
"""Takes what :func:`jitprov.explain.history.last_change` takes, and returns a sentence."""


def posted_with(data: Any, name: str, value: str) -> Any:
    """Return posted data with another value of a field."""
    changed = data.copy()
    changed[name] = value
    return changed


class VersionField(forms.CharField):
    """The version of a row that the page shows, in a hidden field that is never itself a change."""

    widget = forms.HiddenInput

    def __init__(self, version: str) -> None:
        super().__init__(required=False, max_length=ROW_VERSION_LENGTH, initial=version)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


def somebody(_what: str, **_of_what: Any) -> str:
    """Return a sentence that says that something has changed since the page was shown, and not by whom."""
    return _(
        "Somebody else has changed this since you opened the page. Save again to replace it by what you typed."
    )


def teller(identity_provider: IdentityProvider, *, insider: bool) -> Told:
    """Return a function that says who has changed something since the page was shown.

    :param insider: whether the reader may know who else works on this configuration.
    """
    return partial(_told, identity_provider, insider)


def _told(identity_provider: IdentityProvider, insider: bool, what: str, **of_what: Any) -> str:
    change = last_change(identity_provider, what, **of_what) if insider else None
    if change is None:
        return somebody(what)
    return _(
        "%(who)s changed this on %(when)s, after you opened the page. %(change)s. Save again to replace it by what "
        "you typed."
    ) % {"who": change.who, "when": localize(localtime(change.at)), "change": change}
