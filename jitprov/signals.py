"""Reports, sent after the fact and after commit. A receiver decides nothing; what it returns or raises is ignored."""

from __future__ import annotations

from django.dispatch import Signal

__all__ = ["account_provisioned", "login_refused"]

account_provisioned = Signal()
"""Somebody came in. Arguments: ``user``, ``identity_provider``, ``event``, ``created`` and ``desired``.

``desired`` (:class:`~jitprov.provisioning.types.DesiredUser`) holds the claims, and the trace of how each value
came about: personal data, yours to handle.
"""

login_refused = Signal()
"""Somebody was not let in. Arguments: ``identity_provider`` and ``event``, which says why."""
