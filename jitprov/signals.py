"""Define the signals that report sign-ins, after the fact and after commit.

A receiver decides nothing; what it returns or raises is ignored.
"""

from __future__ import annotations

from django.dispatch import Signal

__all__ = [
    "access_ended",
    "access_returned",
    "account_provisioned",
    "login_refused",
    "trust_changed",
    "trust_proposed",
]

account_provisioned = Signal()
"""An account was created or updated for somebody.

Arguments: ``user``, ``identity_provider``, ``event``, ``created`` and ``desired``.
``desired`` (:class:`~jitprov.provisioning.types.DesiredUser`) holds the claims, and the trace of how each value
came about: personal data, yours to handle.
"""

login_refused = Signal()
"""Somebody was refused. Arguments: ``identity_provider`` and ``event``, which says why."""

access_ended = Signal()
"""Somebody's access by one identity provider has ended, after the commit.

Arguments: ``identity_provider``, ``identity``, ``user`` and ``event``, which says by which road and why. What has to
happen in the same transaction, such as revoking tokens, is for ``Provisioner.access_ended``.
"""

access_returned = Signal()
"""Somebody's access was given back. Arguments as of :data:`access_ended`."""

trust_proposed = Signal()
"""New certificates, URLs or identifiers of an identity provider with people wait for a test sign-in.

Arguments: ``identity_provider``, ``proposed_by`` and ``via`` (who, and by which way, as in the record of changes) and
``names`` (of columns, and ``certificates``).
"""

trust_changed = Signal()
"""What waited counts now, because a test sign-in has passed with it. Arguments as of :data:`trust_proposed`."""
