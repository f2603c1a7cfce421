"""Say what is wrong with a mapping, a certificate or metadata: a translated sentence for each code of the pure core."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jitprov.exceptions import ProblemCode
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.saml.certificates import CertificateProblem, CertificateUnusable
from jitprov.saml.types import MetadataNote, NoteCode

SENTENCES: Mapping[ProblemCode, Promise] = MappingProxyType(
    {
        # Parameters
        MappingProblem.EMPTY: _("This must not be empty."),
        MappingProblem.NO_CHOICE: _("This must be one of %(choices)s."),
        MappingProblem.NO_TEXT: _("This must be a text."),
        MappingProblem.NO_TEXTS: _("This must be a list of texts."),
        MappingProblem.NO_TABLE: _("This must be a table of texts."),
        MappingProblem.TOO_LONG: _("This must have at most %(most)s characters."),
        MappingProblem.TOO_MANY_ENTRIES: _("This must have at most %(most)s entries."),
        MappingProblem.NO_WHOLE_NUMBER: _("This must be a whole number from 0 to %(most)s."),
        MappingProblem.UNSTORABLE: _("This has a character that cannot be stored."),
        MappingProblem.UNKNOWN_PARAMETER: _("There is no such parameter."),
        MappingProblem.NO_PATTERN: _("This is not a regular expression."),
        MappingProblem.SLOW_PATTERN: _(
            "This may take too long: begin it with ^, repeat fewer parts, and repeat nothing that is itself "
            "repeated, optional or an alternative."
        ),
        MappingProblem.UNCOUNTABLE_PATTERN: _("This uses what is not allowed here: %(what)s."),
        MappingProblem.NO_SUCH_GROUP: _("The regular expression has no such group."),
        MappingProblem.STRAY_BRACE: _(
            "This has a brace that belongs to no claim; write {{ or }} for the character."
        ),
        MappingProblem.NO_DATE_FORMAT: _(
            "Each format must have a day, a month and a year once, and nothing else of that kind."
        ),
        # Steps
        MappingProblem.STEPS_NO_LIST: _("The steps must be a list."),
        MappingProblem.STEP_NO_OBJECT: _("Each step must be an object with a name."),
        MappingProblem.TOO_MANY_STEPS: _("There are more than %(most)s steps."),
        MappingProblem.UNKNOWN_STEP: _("There is no such step."),
        MappingProblem.STEP_NOT_LAST: _("This must be the last step."),
        MappingProblem.STEP_NOT_FOR_GROUPS: _(
            "This step cannot be used for groups: it makes a value that nobody sent, or something else than a text."
        ),
        # Rows
        MappingProblem.FORBIDDEN_TARGET: _("No mapping may ever fill the user field %(field)s."),
        MappingProblem.UNMAPPABLE_TARGET: _(
            "%(field)s is not a user field that a mapping may write."
        ),
        MappingProblem.NO_TARGET: _("This must be the name of a user field."),
        MappingProblem.TOO_MANY_CLAIMS: _("There are more than %(most)s claims in one row."),
        MappingProblem.NOTHING_TO_READ: _("Name a claim, or add a step that makes a value."),
        MappingProblem.TOO_MANY_ROWS: _("There are more than %(most)s rows."),
        MappingProblem.TARGET_TWICE: _("Two rows fill the same user field."),
        MappingProblem.TOO_MUCH_WORK: _(
            "The regular expressions of all rows together may take too long: begin them with ^, use fewer, and "
            "repeat fewer parts."
        ),
        # Certificates
        CertificateProblem.ABSENT: _("There is no signing certificate."),
        CertificateProblem.TOO_LONG: _("This certificate is too long."),
        CertificateProblem.NOT_X509: _("This is not an X.509 certificate."),
        CertificateProblem.KEY_UNREADABLE: _("The key of this certificate can not be read."),
        CertificateProblem.KEY_OF_ANOTHER_KIND: _(
            "The key of this certificate is neither an RSA nor an elliptic curve key."
        ),
        CertificateProblem.KEY_TOO_SHORT: _(
            "The key of this certificate has %(bits)s bits; %(least)s are the least."
        ),
        # Remarks on metadata that is used
        NoteCode.SIGNATURE_NOT_VERIFIED: _(
            "The signature of the metadata cannot be verified (%(why)s). The metadata is used as if it were not "
            "signed: be sure of where it comes from."
        ),
        NoteCode.CERTIFICATE_NOT_USED: _(
            "The certificate %(fingerprint)s (%(begins)s to %(ends)s) is not used, and nothing that it signs is "
            "accepted."
        ),
        NoteCode.CERTIFICATE_UNREADABLE: _(
            "Certificate number %(number)s of the metadata is not used."
        ),
        NoteCode.CERTIFICATE_NOT_YET_VALID: _(
            "The certificate %(fingerprint)s (%(begins)s to %(ends)s) is not valid yet. Nothing that it signs is "
            "accepted before %(begins)s."
        ),
    }
)


def sentence(error: MappingError | CertificateUnusable) -> str:
    """Return the sentence for the problem, without its place."""
    return str(SENTENCES[error.problem]) % error.facts


def note_in_words(note: MetadataNote) -> str:
    """Return the sentence for a remark on metadata, with the problem of the certificate that it is about."""
    sentences = [SENTENCES[code] for code in (note.code, note.reason) if code]
    return " ".join(str(one) % note.facts for one in sentences)


def in_words(error: MappingError | CertificateUnusable) -> str:
    """Return the sentence for the problem; of a mapping, with the transform and the parameter before it."""
    said = sentence(error)
    return error.at_its_place(said) if isinstance(error, MappingError) else said
