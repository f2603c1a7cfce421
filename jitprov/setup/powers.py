"""Say what a person may see and do on the set-up page, beyond configuring the sign-in of their own tenant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Powers:
    """The powers of a person beyond configuring the sign-in of their own tenant."""

    everything: bool = False
    """Whether they are a superuser: they may link accounts, route e-mail domains and enable without a test."""
    insider: bool = True
    """Whether they administer the tenant, rather than only hold a setup link.

    An administrator may see the claims of earlier sign-ins, the changes that others made, and the pages beside this
    configuration.
    """
