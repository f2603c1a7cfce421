"""Report what ``import_idp_metadata`` did, for people line by line, for programs as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.urls import NoReverseMatch

from jitprov.conf import conf
from jitprov.metadata.importing import ImportResult
from jitprov.metadata.rows import FieldChange
from jitprov.models import IdentityProvider
from jitprov.provisioning.presets import NAME_ID_CLAIM, Preset
from jitprov.saml.types import Binding, Certificate

SOON = timedelta(days=30)
_BINDINGS = {Binding.REDIRECT.value: "HTTP-Redirect", Binding.POST.value: "HTTP-POST"}
_NAMES = {
    "entity_id": "entity ID",
    "sso_url": "sign-on URL",
    "sso_binding": "sign-on binding",
    "slo_url": "logout URL",
    "slo_binding": "logout binding",
    "want_authn_requests_signed": "wants signed requests",
    "preset": "kind",
    "subject_claim": "person's ID",
    "metadata_url": "metadata URL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSteps:
    """Our values that the identity provider's admin needs, and the URL where people sign in."""

    metadata_url: str
    entity_id: str
    acs_url: str
    login_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The report of one import."""

    result: ImportResult
    source: str
    now: datetime
    dry_run: bool = False

    @property
    def identity_provider(self) -> IdentityProvider:
        return self.result.identity_provider

    @property
    def tenant(self) -> str:
        return str(getattr(self.identity_provider.tenant, conf.TENANT_LOOKUP_FIELD))

    def next_steps(self) -> NextSteps | None:
        """Return our values for the identity provider; ``None`` while the host's URLs do not include ours."""
        try:
            return NextSteps(
                metadata_url=self.identity_provider.url("metadata"),
                entity_id=self.identity_provider.sp_entity_id
                or self.identity_provider.url("metadata"),
                acs_url=self.identity_provider.sp_acs_url or self.identity_provider.url("acs"),
                login_url=self.identity_provider.browser_url("login"),
            )
        except NoReverseMatch:
            return None

    def headline(self) -> str:
        """Return the summary in one line."""
        what = f"Identity provider '{self.result.slug}' of tenant '{self.tenant}'"
        if not self.result.changed:
            return f"{what}: nothing changed."
        verb = "created" if self.result.created else "updated"
        return f"{what}: would be {verb} (dry run)." if self.dry_run else f"{what}: {verb}."

    def as_json(self) -> dict[str, Any]:
        """Return everything as values that JSON has."""
        result, steps = self.result, self.next_steps()
        return {
            "ok": True,
            "dry_run": self.dry_run,
            "created": result.created,
            "changed": result.changed,
            "identity_provider": self._columns(),
            "changes": [asdict(change) for change in result.changes],
            "certificates": [_as_json(one) for one in result.metadata.signing_certificates],
            "certificates_added": [one.fingerprint for one in result.certificates_added],
            "certificates_removed": [one.fingerprint for one in result.certificates_removed],
            "mapped_fields": list(result.mapped_fields),
            "also_used_by": list(result.also_used_by),
            "notes": list(self.notes()),
            "service_provider": asdict(steps) if steps else None,
        }

    def _columns(self) -> dict[str, Any]:
        valid_until = self.result.metadata.valid_until
        names = ("slug", *_NAMES)
        return {
            "tenant": self.tenant,
            **{name: getattr(self.identity_provider, name) for name in names},
            "valid_until": valid_until.isoformat() if valid_until else None,
        }

    # For people

    def lines(self) -> Iterator[str]:
        """Yield everything below the headline."""
        yield from self._understood()
        yield from self._changes()
        for note in self.notes():
            yield ""
            yield f"Note: {note}"
        yield from self._next_steps()

    def _understood(self) -> Iterator[str]:
        row = self.identity_provider
        yield ""
        yield f"  Kind            {Preset(row.preset).details.label}"
        yield f"  Entity ID       {row.entity_id}"
        yield f"  Sign-on         {row.sso_url} ({_BINDINGS[row.sso_binding]})"
        if row.slo_url:
            yield f"  Logout          {row.slo_url} ({_BINDINGS[row.slo_binding]})"
        yield f"  Signed requests {'wanted' if row.want_authn_requests_signed else 'not asked for'}"
        yield f"  Person's ID     {row.subject_claim or NAME_ID_CLAIM}"
        if self.result.metadata.valid_until:
            yield f"  Valid until     {self.result.metadata.valid_until:%Y-%m-%d %H:%M} UTC"
        for certificate in self.result.metadata.signing_certificates:
            yield f"  Certificate     {_described(certificate)}{self._novelty(certificate)}"
        if self.result.mapped_fields:
            yield f"  Sets            {', '.join(self.result.mapped_fields)}"

    def _novelty(self, certificate: Certificate) -> str:
        added = certificate in self.result.certificates_added and not self.result.created
        return ", new" if added else ""

    def _changes(self) -> Iterator[str]:
        if not self.result.changes and not self.result.certificates_removed:
            return
        yield ""
        for change in self.result.changes:
            yield f"  Changed         {_told(change)}"
        for certificate in self.result.certificates_removed:
            yield f"  Removed         certificate {_described(certificate)}"

    def notes(self) -> Iterator[str]:
        """Yield warnings and hints, the most urgent first."""
        result = self.result
        if result.linked_people:
            yield (
                f"the entity ID changed, and {result.linked_people} people are known by the old one. "
                "If this is another directory, import it under another --slug: whoever runs it could "
                "otherwise sign in as them."
            )
        if _is_directory_of_entra(self.source):
            yield (
                "this URL is the directory's; Entra signs with a certificate of the application. Use the "
                "App Federation Metadata URL, which ends with ?appid=..."
            )
        yield from (f"{note}." for note in result.metadata.notes)
        yield from self._certificate_notes()
        if result.metadata.want_authn_requests_signed and not conf.SP_KEY_PAIRS:
            yield "it wants signed requests and there is no key: set JITPROV_SP_KEY_PAIRS."
        if result.also_used_by:
            yield (
                f"the same entity ID is used by {', '.join(result.also_used_by)} too. Every tenant keeps "
                "its own accounts."
            )
        if not self.identity_provider.enabled:
            yield "it is switched off; nobody can sign in with it."

    def _certificate_notes(self) -> Iterator[str]:
        for certificate in self.result.metadata.signing_certificates:
            if certificate.not_after < self.now:
                yield f"certificate {_described(certificate)} has expired and is not trusted."
            elif certificate.not_after < self.now + SOON:
                yield f"certificate {_described(certificate)} ends soon: import again when it is renewed."

    def _next_steps(self) -> Iterator[str]:
        steps = self.next_steps()
        yield ""
        if steps is None:
            yield 'Next: add path("saml/", include("jitprov.urls")) to your URLs, then run this again.'
            return
        if not conf.BASE_URL:
            yield "Next: set JITPROV_BASE_URL to where browsers reach you; these need it in front."
        yield "Give these to the identity provider's admin:"
        yield f"  SP metadata     {steps.metadata_url}"
        yield f"  Entity ID       {steps.entity_id}"
        yield f"  ACS (reply) URL {steps.acs_url}"
        yield "Then try it:"
        yield f"  Sign in at      {steps.login_url}"


def _told(change: FieldChange) -> str:
    return f"{_NAMES[change.field]}: {_value(change.before)} -> {_value(change.after)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _BINDINGS.get(value, value) or "none"


def _described(certificate: Certificate) -> str:
    return (
        f"{certificate.fingerprint[:16]} ({certificate.not_before:%Y-%m-%d} to "
        f"{certificate.not_after:%Y-%m-%d})"
    )


def _as_json(certificate: Certificate) -> dict[str, str]:
    return {
        "fingerprint": certificate.fingerprint,
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
    }


def _is_directory_of_entra(source: str) -> bool:
    if not source.startswith("https://login."):
        return False
    url = urlsplit(source)
    return "/federationmetadata/" in url.path.lower() and "appid" not in parse_qs(url.query)
