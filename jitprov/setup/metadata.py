"""The form that imports metadata in two steps: it shows what would change, then saves exactly that document."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.journal.actors import Actor
from jitprov.metadata.fetch import MAX_URL
from jitprov.metadata.importing import ImportResult, import_metadata
from jitprov.metadata.source import fetch_document
from jitprov.models import BindingChoice, IdentityProvider
from jitprov.provisioning.presets import Preset
from jitprov.sealed import seal, unseal
from jitprov.setup.certificates import ShownCertificate, shown
from jitprov.words.problems import note_in_words
from jitprov.words.remedies import Remedy, remedy

MAX_PASTED = 1_000_000
"""Characters of pasted metadata. Django accepts 2.5 MB of a post that is not a file."""
_PURPOSE = "metadata"
_VALID_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One column with its value before and after the import."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The content of a metadata document, and the changes that saving it would make."""

    issuer: str
    sso_url: str
    sso_binding: Any
    slo_url: str
    signed_requests: bool
    certificates: tuple[ShownCertificate, ...]
    new_certificates: frozenset[str]
    """Fingerprints of the certificates that are not stored yet."""
    removed: tuple[ShownCertificate, ...]
    differences: tuple[Difference, ...]
    mapped: tuple[str, ...]
    """User fields for which mappings would be made."""
    warnings: tuple[Any, ...]
    sealed: str = ""
    """The encrypted document, which the second step saves."""

    @property
    def changes_something(self) -> bool:
        return bool(self.differences or self.new_certificates or self.removed or self.mapped)


class MetadataForm(forms.Form):
    """The source of the metadata: exactly one of an address, a file and pasted text."""

    tell_of_others = False
    """Whether to say that another tenant uses the same entity ID. Only superusers are told.

    Anybody can make metadata up, and could ask in that way which directories our customers have.
    """
    use_required_attribute = False
    error_css_class = "errors"
    url = forms.URLField(
        label=_("Address of the metadata"),
        required=False,
        max_length=MAX_URL,
        assume_scheme="https",
        help_text=_("The best choice: it is fetched again later, so that new certificates arrive."),
    )
    file = forms.FileField(label=_("or a file"), required=False, allow_empty_file=True)
    xml = forms.CharField(
        label=_("or its text"),
        required=False,
        max_length=MAX_PASTED,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def __init__(
        self, identity_provider: IdentityProvider, data: Any = None, files: Any = None
    ) -> None:
        super().__init__(data, files, prefix="metadata")
        self.identity_provider = identity_provider
        self.initial.setdefault("url", identity_provider.metadata_url)
        self.reading: Reading | None = None

    @property
    def button(self) -> Any:
        """Return the label of the button: a draft keeps its first metadata at once."""
        return _("Save metadata") if self.identity_provider.is_draft else _("Read metadata")

    @property
    def unread(self) -> list[str]:
        """Return the names of the fields with metadata that nobody has read yet."""
        # A browser sends the name of a chosen file where the form is not sent as several parts.
        typed = {name: str(self.data.get(self.add_prefix(name), "")) for name in ("file", "xml")}
        given = [name for name, text in typed.items() if text.strip()]
        is_new = "url" in self.changed_data and self["url"].data
        return [*given, "url"] if is_new else given

    def refuse_unread(self) -> bool:
        """Say whether metadata was given that nobody has read yet, and put an error beside it."""
        given = self.unread
        if not given:
            return False
        self._errors = ErrorDict()
        self.cleaned_data: dict[str, Any] = {}
        error = _("Press “%(button)s” to use this, or empty the field. Nothing was saved yet.")
        self.add_error(given[0], ValidationError(error, params={"button": self.button}))
        return True

    @property
    def chosen(self) -> str:
        """Return the name of the field that was given; empty if none or several were."""
        given = [name for name in ("file", "xml", "url") if self.cleaned_data.get(name)]
        # The stored address is filled in already, so that it does not count when somebody chooses a file.
        if len(given) > 1 and "url" in given and "url" not in self.changed_data:
            given.remove("url")
        return given[0] if len(given) == 1 else ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        if not self.chosen:
            raise ValidationError(_("Give one of the three: an address, a file or the text."))
        try:
            self.reading = self._read()
        except JitprovError as error:
            self.add_error(self.chosen, refused(error, self.identity_provider))
        else:
            self._refuse_too_large(self.reading)
        return cleaned

    def _refuse_too_large(self, reading: Reading) -> None:
        if not reading.sealed:
            message = _("This document is too large. Give one that describes your directory only.")
            self.add_error(self.chosen, message)

    def _read(self) -> Reading:
        document = self._document()
        url = self.cleaned_data["url"] if self.chosen == "url" else ""
        return read(self.identity_provider, document, url, tell_of_others=self.tell_of_others)

    def _document(self) -> bytes:
        given = self.cleaned_data[self.chosen]
        if self.chosen == "url":
            return fetch_document(given)
        if self.chosen == "file":
            content: bytes = given.read(conf.METADATA_MAX_BYTES + 1)
            return content
        return str(given).encode()


def read(
    identity_provider: IdentityProvider,
    document: bytes,
    url: str = "",
    *,
    tell_of_others: bool = False,
) -> Reading:
    """Return the content of a document and what it would change; write nothing.

    :raises MetadataRefused: the document is not valid.
    :raises ImportRefused: it cannot be imported into this row.
    """
    result = import_metadata(document, into=identity_provider, dry_run=True, metadata_url=url)
    said = result.metadata
    return Reading(
        issuer=said.entity_id,
        sso_url=said.sso_url,
        sso_binding=BindingChoice(said.sso_binding.value).label,
        slo_url=said.slo_url,
        signed_requests=said.want_authn_requests_signed,
        certificates=tuple(shown(one) for one in said.signing_certificates),
        new_certificates=frozenset(shown(one).fingerprint for one in result.certificates_added),
        removed=tuple(shown(one) for one in result.certificates_removed),
        differences=tuple(_differences(result)),
        mapped=result.mapped_fields,
        warnings=tuple(warnings_of(result, url, tell_of_others=tell_of_others)),
        sealed=_sealed(identity_provider, document, url),
    )


def _differences(result: ImportResult) -> Iterator[Difference]:
    for change in result.changes:
        field = IdentityProvider._meta.get_field(change.field)
        label = capfirst(str(getattr(field, "verbose_name", change.field)))
        choices = dict(getattr(field, "flatchoices", ()))
        before, after = (str(choices.get(value, value)) for value in (change.before, change.after))
        if field.name != "metadata_checked_at":
            yield Difference(label=label, before=before, after=after)


def warnings_of(result: ImportResult, url: str, *, tell_of_others: bool = False) -> Iterator[Any]:
    """Yield warnings for the person who imports the document."""
    row = result.identity_provider
    yield from (note_in_words(note) for note in result.metadata.notes)
    if url and row.preset == Preset.ENTRA and "appid=" not in url.lower():
        yield _(
            "This address has no “?appid=”. The document then has the keys of the whole directory, not those "
            "of your application, and sign-ins may be refused. Copy the App Federation Metadata Url again."
        )
    if result.linked_people:
        yield _(
            "The entity ID changes, and %(count)s people are known from the old one. They stay the same people "
            "only if this is still the same directory."
        ) % {"count": result.linked_people}
    if result.also_used_by and tell_of_others:
        yield _(
            "Another customer of this application uses an identity provider with the same entity ID. That is "
            "right only if you share one directory."
        )
    if any(shown(one).has_ended for one in result.metadata.signing_certificates):
        yield _("At least one certificate has ended: nothing that it signs is accepted.")


# The second step


def _sealed(identity_provider: IdentityProvider, document: bytes, url: str) -> str:
    """Return the document encrypted for the second step; empty if it is too large for a form field."""
    text = base64.b64encode(zlib.compress(document)).decode("ascii")
    at = timezone.now().timestamp()
    return seal({"row": identity_provider.pk, "at": at, "url": url, "text": text}, _PURPOSE)


def save_sealed(
    identity_provider: IdentityProvider, sealed: str, actor: Actor
) -> ImportResult | None:
    """Save the document that was shown; ``None`` if it is not ours, too old or for another identity provider.

    :raises MetadataRefused: the document is not valid any more.
    :raises ImportRefused: it cannot be imported into this row any more.
    """
    kept: Any = unseal(sealed, _PURPOSE)
    if not kept or kept["row"] != identity_provider.pk:
        return None
    if timezone.now().timestamp() - kept["at"] > _VALID_FOR.total_seconds():
        return None
    document = zlib.decompress(base64.b64decode(kept["text"]))
    return import_metadata(document, into=identity_provider, actor=actor, metadata_url=kept["url"])


def refused(error: JitprovError, identity_provider: IdentityProvider) -> ValidationError:
    """Return the reason why a document is refused, in words for a tenant's admin."""
    said: Remedy = remedy(error.code, Preset(identity_provider.preset))
    parts = [said.happened, said.fix, *([said.where] if said.where else [])]
    return ValidationError(" ".join(str(part) for part in parts), code=error.code)
