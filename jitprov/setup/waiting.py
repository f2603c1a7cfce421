"""Show what waits for a test: present and proposed values side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.text import capfirst

from jitprov.configuration import trust
from jitprov.models import IdentityProvider
from jitprov.saml.certificates import load_certificate
from jitprov.setup.certificates import ShownCertificate, shown
from jitprov.setup.metadata import Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A proposal, as the page shows it."""

    differences: tuple[Difference, ...]
    certificates: tuple[ShownCertificate, ...]
    unknown_people: int
    """How many people would be new ones afterwards."""
    proposed_by: str
    proposed_at: datetime


def waiting(identity_provider: IdentityProvider) -> Waiting | None:
    """Return what waits for a test; ``None`` if nothing does."""
    proposal = trust.proposal_of(identity_provider)
    if proposal is None:
        return None
    return Waiting(
        differences=tuple(
            _difference(identity_provider, name, value) for name, value in proposal.columns.items()
        ),
        certificates=tuple(
            shown(load_certificate(one["pem"], allow_expired=True)) for one in proposal.certificates
        ),
        unknown_people=trust.unknown_people(proposal),
        proposed_by=proposal.proposed_by,
        proposed_at=proposal.proposed_at,
    )


def _difference(row: IdentityProvider, name: str, value: Any) -> Difference:
    field = IdentityProvider._meta.get_field(name)
    choices = dict(getattr(field, "flatchoices", ()))
    before, after = (str(choices.get(one, one)) for one in (getattr(row, name), value))
    return Difference(
        label=capfirst(str(getattr(field, "verbose_name", name))), before=before, after=after
    )
