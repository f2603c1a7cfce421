"""Explain a refusal to the person who was refused: what happened and what to do next, by code.

The explanation never says why in detail, because the person may be an attacker. The tenant's admin finds the rest in
the event that the reference names, and in ``docs/reference/refusals.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Advice(Enum):
    """What a person can do about a refusal."""

    TRY_AGAIN = _(
        "Try again. If it keeps happening, send the reference below to your IT department."
    )
    TRY_AGAIN_LATER = _(
        "Try again in a few minutes. If it keeps happening, send the reference below to the support of "
        "this application."
    )
    SAME_PERSON = _("Sign in as the person you are signed in as. Or log out here first.")
    SIGN_IN_AGAIN = _("Sign in again, and repeat what you wanted to do.")
    BEGIN_ANOTHER_TEST = _("Begin another test sign-in, in the browser that is to go through it.")
    ASK_IT = _("Send the reference below to your IT department; they can see what to change.")
    ASK_SUPPORT = _("Send the reference below to the support of this application.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The text and the HTTP status of a refusal, for the person who was refused."""

    happened: Promise
    advice: Advice
    status: int = 403
    """HTTP status, always 4xx or 503."""
    can_retry: bool = True


_BROKEN = Explanation(
    happened=_("What your organisation's sign-in service sent could not be read."),
    advice=Advice.TRY_AGAIN,
    status=400,
)
_UNPROVED = Explanation(
    happened=_("We could not make sure that this sign-in comes from your organisation."),
    advice=Advice.ASK_IT,
)
_NOT_FOR_US = Explanation(
    happened=_("Your organisation's sign-in service is not set up correctly for this application."),
    advice=Advice.ASK_IT,
)
_STALE = Explanation(
    happened=_("This sign-in has expired, or was begun in another browser."),
    advice=Advice.TRY_AGAIN,
)
_CLOCK = Explanation(happened=_("This sign-in is not valid at this time."), advice=Advice.TRY_AGAIN)
_LOGOUT_OVER = Explanation(
    happened=_("This sign-out has expired, or was used before."), advice=Advice.ASK_IT, status=400
)
_NO_ACCOUNT = Explanation(
    happened=_(
        "You have no account here, and your organisation does not create accounts on sign-in."
    ),
    advice=Advice.ASK_IT,
)
_SWITCHED_OFF = Explanation(
    happened=_("Your account here has been switched off."), advice=Advice.ASK_IT, can_retry=False
)
_PROFILE = Explanation(
    happened=_("Your account could not be set up from what your organisation sent about you."),
    advice=Advice.ASK_IT,
)
_CLOSED = Explanation(
    happened=_("Signing in with your organisation is switched off at the moment."),
    advice=Advice.ASK_IT,
    can_retry=False,
)
_OF_THE_HOST = Explanation(
    happened=_("This application does not let your account in."), advice=Advice.ASK_SUPPORT
)
"""For a reason of the host's own, whose text stands beside it."""
_UNFINISHED = Explanation(
    happened=_("Signing in with your organisation is not set up completely yet."),
    advice=Advice.ASK_IT,
    status=409,
    can_retry=False,
)
_OUR_FAILURE = Explanation(
    happened=_("Something went wrong here, at our end."), advice=Advice.TRY_AGAIN, status=503
)

EXPLANATIONS: dict[str, Explanation] = {
    # The message
    "response_missing": _BROKEN,
    "response_not_base64": _BROKEN,
    "response_refused": _BROKEN,
    "not_a_response": _BROKEN,
    "not_xml": _BROKEN,
    "xml_refused": _BROKEN,
    "forbidden_xml": _BROKEN,
    "message_too_large": _BROKEN,
    "message_too_complex": _BROKEN,
    "assertion_missing": _BROKEN,
    "assertion_misplaced": _UNPROVED,
    "duplicate_id": _UNPROVED,
    "status_not_success": Explanation(
        happened=_("Your organisation's sign-in service did not let you in."), advice=Advice.ASK_IT
    ),
    # A logout
    "logout_refused": _BROKEN,
    "logout_message_missing": _BROKEN,
    "logout_malformed": _BROKEN,
    "logout_too_old": _LOGOUT_OVER,
    "logout_replayed": _LOGOUT_OVER,
    "logout_unknown": _LOGOUT_OVER,
    # The signature
    "signature_refused": _UNPROVED,
    "signature_missing": _UNPROVED,
    "signature_malformed": _UNPROVED,
    "signature_invalid": _UNPROVED,
    "algorithm_not_allowed": _UNPROVED,
    "certificate_expired": _UNPROVED,
    "certificate_unusable": _UNPROVED,
    "decryption_key_missing": _NOT_FOR_US,
    # The assertion
    "assertion_rejected": _NOT_FOR_US,
    "assertion_malformed": _NOT_FOR_US,
    "not_by_schema": _NOT_FOR_US,
    "encrypted_part": _NOT_FOR_US,
    "mismatch": _NOT_FOR_US,
    "issuer_mismatch": _NOT_FOR_US,
    "audience_mismatch": _NOT_FOR_US,
    "recipient_mismatch": _NOT_FOR_US,
    "destination_mismatch": _NOT_FOR_US,
    "confirmation_missing": _NOT_FOR_US,
    "unknown_condition": _NOT_FOR_US,
    "verifiers_disagree": _UNPROVED,
    "not_yet_valid": _CLOCK,
    "expired": _STALE,
    "session_over": _STALE,
    "authentication_too_old": Explanation(
        happened=_("This application wants you to enter your password again."),
        advice=Advice.TRY_AGAIN,
    ),
    "authn_context_unmet": Explanation(
        happened=_(
            "Your organisation wants a stronger sign-in here than the one that you came with, such as one with a second factor."
        ),
        advice=Advice.ASK_IT,
    ),
    "another_person": Explanation(
        happened=_("You authenticated as somebody else than the person who is signed in here."),
        advice=Advice.SAME_PERSON,
    ),
    "session_ended": Explanation(
        happened=_("You are not signed in here any more."), advice=Advice.SIGN_IN_AGAIN
    ),
    "request_unknown": _STALE,
    "assertion_replayed": _STALE,
    "unsolicited": Explanation(
        happened=_("Your organisation wants sign-ins to begin here, not in its own portal."),
        advice=Advice.TRY_AGAIN,
    ),
    "restart_loop": Explanation(
        happened=_("Your organisation's sign-in service does not answer our requests correctly."),
        advice=Advice.ASK_IT,
        can_retry=False,
    ),
    # The account
    "provisioning_refused": _PROFILE,
    "tenant_disabled": _CLOSED,
    "identity_provider_disabled": _CLOSED,
    "subject_missing": _PROFILE,
    "identity_disabled": _SWITCHED_OFF,
    "leaving_date_passed": _SWITCHED_OFF,
    "inactive": _SWITCHED_OFF,
    "account_disabled": _SWITCHED_OFF,
    "creation_disabled": _NO_ACCOUNT,
    "linking_disabled": Explanation(
        happened=_(
            "You have an account here that is not connected to your organisation's sign-in."
        ),
        advice=Advice.ASK_SUPPORT,
    ),
    "account_privileged": Explanation(
        happened=_(
            "Your account can do more here than your organisation may decide about, so it cannot be opened with your"
            " organisation's sign-in."
        ),
        advice=Advice.ASK_SUPPORT,
        can_retry=False,
    ),
    "required_claim_missing": _PROFILE,
    "invalid_value": _PROFILE,
    "conflict": Explanation(
        happened=_("Somebody else here already has one of the details that belong to you."),
        advice=Advice.ASK_SUPPORT,
    ),
    "account_invalid": Explanation(
        happened=_(
            "This application cannot make an account of what your organisation says of you."
        ),
        advice=Advice.ASK_SUPPORT,
    ),
    "group_required": Explanation(
        happened=_(
            "Your organisation lets only members of certain groups in here, and you are not known to be in one of them."
        ),
        advice=Advice.ASK_IT,
    ),
    "host_denied": _OF_THE_HOST,
    "mapping_invalid": _NOT_FOR_US,
    "try_again": Explanation(
        happened=_("We are very busy right now."), advice=Advice.TRY_AGAIN, status=503
    ),
    # The way here
    "response_not_posted": Explanation(
        happened=_(
            "What your organisation's sign-in service sent was lost on its way to this application."
        ),
        advice=Advice.ASK_IT,
        status=400,
    ),
    "sign_in_loop": Explanation(
        happened=_(
            "You were signed in, and this application asked you to sign in again, time after time."
        ),
        advice=Advice.ASK_SUPPORT,
    ),
    "background_request": Explanation(
        happened=_("You are not signed in, or not any more."), advice=Advice.TRY_AGAIN, status=401
    ),
    "temporarily_unavailable": Explanation(
        happened=_("Something that this application needs does not work right now."),
        advice=Advice.TRY_AGAIN_LATER,
        status=503,
    ),
    # Us
    "refused": _NOT_FOR_US,
    "our_failure": _OUR_FAILURE,
    "verifier_failed": _OUR_FAILURE,
    "configuration_error": Explanation(
        happened=_("This application is not set up correctly for signing in."),
        advice=Advice.ASK_SUPPORT,
        status=503,
    ),
    "preview_input_refused": Explanation(
        happened=_("What was pasted for the preview could not be read."),
        advice=Advice.ASK_SUPPORT,
        status=400,
    ),
    "identity_provider_unknown": Explanation(
        happened=_("We know no organisation by this address."),
        advice=Advice.ASK_IT,
        status=404,
        can_retry=False,
    ),
    # Setting up
    "throttled": Explanation(
        happened=_("Too much was asked for within a minute."),
        advice=Advice.TRY_AGAIN_LATER,
        status=429,
        can_retry=False,
    ),
    "test_opened_before": Explanation(
        happened=_(
            "This test sign-in has been opened before. Its address works once, in one browser."
        ),
        advice=Advice.BEGIN_ANOTHER_TEST,
        status=410,
        can_retry=False,
    ),
    "not_complete": _UNFINISHED,
    "not_tested": _UNFINISHED,
}


def explain(code: str) -> Explanation:
    """Return the explanation of a refusal code."""
    return EXPLANATIONS.get(code, _OF_THE_HOST)


def as_json(code: str, reference: str, text: str = "") -> dict[str, Any]:
    """Return an explanation as values for JSON.

    :param text: what the host or the tenant says besides.
    """
    explanation = explain(code)
    return {
        "error": code,
        "message": str(explanation.happened),
        "advice": str(explanation.advice.value),
        "reference": reference,
        "text": text,
    }
