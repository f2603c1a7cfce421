"""Read the claims for a preview: those of the latest sign-ins, or those that somebody pasted.

Nothing that was pasted is proved, whatever it looks like. It is shown in a preview and not kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.journal.observed_claims import MAX_RECENT, RecentSignIn, recent_sign_ins
from jitprov.models import MAX_CLAIM_NAME, IdentityProvider
from jitprov.provisioning.mapping import external_id_from
from jitprov.provisioning.parameters import UNSTORABLE
from jitprov.provisioning.presets import NAME_ID_CLAIM, Preset
from jitprov.provisioning.transform_spec import MAX_VALUES, trimmed
from jitprov.provisioning.types import Claims, Source
from jitprov.saml.assertion_refusals import AudienceMismatch
from jitprov.saml.envelope import MAX_ENCODED
from jitprov.saml.unproved import (
    Unproved,
    document_of,
    is_encrypted,
    read_encrypted,
    read_unproved,
)
from jitprov.sign_in.claims import claims_about
from jitprov.words.guides import Text
from jitprov.words.remedies import remedy

MAX_PASTED_CLAIMS = 200


class PreviewInputRefused(JitprovError):
    """What was pasted for a preview is neither a SAML response nor claims as JSON that can be read."""

    code = "preview_input_refused"

    def __init__(self, problem: Text, *, cause: str = "") -> None:
        super().__init__(cause or "not readable")
        self.problem = problem
        """A sentence for the person who pasted it."""
        self.cause = cause
        """The code of the refusal that a sign-in with this response would end in."""


class Origin(StrEnum):
    """The origins of the claims of a preview."""

    SIGN_IN = "sign_in"
    RESPONSE = "response"
    CLAIMS = "claims"

    @property
    def label(self) -> Text:
        """Return the origin in words."""
        return _ORIGINS[self]


_ORIGINS: Mapping[Origin, Text] = {
    Origin.SIGN_IN: _("A sign-in"),
    Origin.RESPONSE: _("A pasted response; nobody has checked who wrote it"),
    Origin.CLAIMS: _("Pasted claims; nobody has checked who wrote them"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Claims about one person, with their origin."""

    origin: Origin
    claims: Claims = field(repr=False)
    at: datetime | None = None
    reference: str = ""
    """The reference of the sign-in's event."""

    @property
    def is_proved(self) -> bool:
        """Say whether the identity provider stated it, and not only the person who pasted it."""
        return self.origin is Origin.SIGN_IN


def recent(identity_provider: IdentityProvider, *, limit: int = MAX_RECENT) -> list[Said]:
    """Return the claims of the last sign-ins, newest first, one for each person."""
    found = recent_sign_ins(identity_provider, limit=limit)
    return [_said(identity_provider, sign_in) for sign_in in found]


def pasted(identity_provider: IdentityProvider, text: str) -> Said:
    """Return the claims of a pasted SAMLResponse or of JSON: ``{"claim": "value", "another": ["a", "b"]}``.

    :raises PreviewInputRefused: it is neither; its ``problem`` says what is wrong.
    """
    if len(text) > MAX_ENCODED:
        raise PreviewInputRefused(_("This is too long to be read."), cause="message_too_large")
    if text.lstrip().startswith(("{", "[", '"')):
        return Said(origin=Origin.CLAIMS, claims=_from_json(identity_provider, text))
    return Said(origin=Origin.RESPONSE, claims=_from_response(identity_provider, text))


def _said(identity_provider: IdentityProvider, sign_in: RecentSignIn) -> Said:
    claims, subject_claim = sign_in.claims, identity_provider.subject_claim
    if claims.external_id:
        # By the present subject claim, which may differ from the one at that time.
        name_id = next(iter(claims.values.get(NAME_ID_CLAIM, ())), claims.external_id)
        external_id = external_id_from(claims.values, subject_claim=subject_claim, name_id=name_id)
        claims = replace(claims, external_id=external_id)
    event = sign_in.event
    return Said(
        origin=Origin.SIGN_IN, claims=claims, at=event.created_at, reference=event.reference
    )


# A response


def _from_response(identity_provider: IdentityProvider, text: str) -> Claims:
    try:
        said = _read(identity_provider, document_of(text))
    except JitprovError as error:
        raise _unreadable(identity_provider, error) from error
    return claims_about(
        said.name_id, said.attributes, identity_provider.subject_claim, said.unreadable
    )


def _read(identity_provider: IdentityProvider, document: bytes) -> Unproved:
    if not is_encrypted(document):
        return read_unproved(document)
    sp = identity_provider.as_service_provider()
    if not _is_theirs_alone(identity_provider, sp.entity_id):
        raise AudienceMismatch(expected=identity_provider.url("metadata"), received=[sp.entity_id])
    return read_encrypted(
        document,
        sp=sp,
        certificates=identity_provider.as_metadata().signing_certificates,
        now=timezone.now(),
    )


def _is_theirs_alone(identity_provider: IdentityProvider, entity_id: str) -> bool:
    """Say whether an assertion for this entity ID cannot be meant for another tenant.

    A row may say that it goes by another entity ID. If that were another tenant's, it could have their encrypted
    responses opened, with the same key.
    """
    if entity_id == identity_provider.url("metadata"):
        return True
    others = IdentityProvider.objects.exclude(tenant=identity_provider.tenant_id)
    return not (
        entity_id.startswith(f"{conf.BASE_URL}/") or others.filter(sp_entity_id=entity_id).exists()
    )


def _unreadable(identity_provider: IdentityProvider, error: JitprovError) -> PreviewInputRefused:
    if error.code in ("response_missing", "response_not_base64"):
        problem: Text = _(
            "Paste a SAML response, as XML or as base64, or claims as JSON; this is neither."
        )
    else:
        problem = remedy(error.code, Preset(identity_provider.preset)).happened
    return PreviewInputRefused(problem, cause=error.code)


# Claims as JSON


def _from_json(identity_provider: IdentityProvider, text: str) -> Claims:
    values = {name: _values(name, given) for name, given in _object(text).items()}
    name_id = next(iter(values.get(NAME_ID_CLAIM, ())), "")
    return Claims(
        source=Source.SAML,
        external_id=external_id_from(
            values, subject_claim=identity_provider.subject_claim, name_id=name_id
        ),
        values=values,
    )


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise PreviewInputRefused(_("This is no JSON that can be read.")) from error
    if not isinstance(found, dict):
        raise PreviewInputRefused(_("The claims must be one object, in braces."))
    if len(found) > MAX_PASTED_CLAIMS:
        raise PreviewInputRefused(
            _("There are more than %(most)s claims.") % {"most": MAX_PASTED_CLAIMS}
        )
    return found


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise PreviewInputRefused(_("The same name comes twice; give its values as a list."))
    return found


def _values(name: str, given: object) -> tuple[str, ...]:
    if not name or len(name) > MAX_CLAIM_NAME or UNSTORABLE.search(name):
        raise PreviewInputRefused(_("One of the claims has a name that no claim can have."))
    items = given if isinstance(given, list) else [given]
    texts = [trimmed(item) for item in items if isinstance(item, str)]
    if len(texts) < len(items) or len(texts) > MAX_VALUES or any(map(UNSTORABLE.search, texts)):
        raise PreviewInputRefused(
            _("The value of %(claim)s must be a text or a list of texts, and not too many.")
            % {"claim": name}
        )
    return tuple(text for text in texts if text)
