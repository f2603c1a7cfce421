"""The response to a failed request: always the same shape, and never a traceback.

``{"code": "...", "message": "...", "errors": {"field": [{"code": "...", "message": "..."}]}}``: the code is stable, the
message is for people, and ``errors`` names the part of the request, as ``"results.3.target"``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, BadRequest, SuspiciousOperation
from django.core.exceptions import ValidationError as FormError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail, ParseError, ValidationError
from rest_framework.response import Response
from rest_framework.status import (
    HTTP_400_BAD_REQUEST,
    HTTP_409_CONFLICT,
    HTTP_412_PRECONDITION_FAILED,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_503_SERVICE_UNAVAILABLE,
)
from rest_framework.views import exception_handler

from jitprov.accounts.contention import TryAgain
from jitprov.accounts.outages import TemporarilyUnavailable, refusal_for
from jitprov.configuration.editing import Outdated
from jitprov.configuration.enabling import NotComplete, NotTested
from jitprov.configuration.limits import Throttled
from jitprov.configuration.problems import RowsRefused
from jitprov.exceptions import JitprovError
from jitprov.models import ClaimMapping, GroupMapping, IdentityProvider, new_reference
from jitprov.provisioning.presets import Preset
from jitprov.words.remedies import remedy

logger = logging.getLogger("jitprov")

_GONE = (IdentityProvider.DoesNotExist, ClaimMapping.DoesNotExist, GroupMapping.DoesNotExist)
ROWS = "results"
"""The name of the list in a request that replaces a whole table."""
WHOLE = "non_field_errors"
"""The name for errors of several fields together, or of the request as a whole."""
_STATUS: Mapping[type[JitprovError], int] = {
    NotComplete: HTTP_409_CONFLICT,
    NotTested: HTTP_409_CONFLICT,
    TryAgain: HTTP_503_SERVICE_UNAVAILABLE,
    TemporarilyUnavailable: HTTP_503_SERVICE_UNAVAILABLE,
}
RETRY_AFTER = 10
"""Seconds after which a program may ask again that could not be served."""

Errors = dict[str, list[dict[str, str]]]


class Detail(serializers.Serializer[Any]):
    """What is wrong with one part of the request."""

    code = serializers.CharField()
    message = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """Why a request was not done."""

    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="For people, in the language of the request.")
    errors = serializers.DictField(  # type: ignore[assignment]  # DRF's own property of this name is not asked for
        child=Detail(many=True), help_text="By part of the request, such as `results.3.target`."
    )


class Refused(APIException):
    """A request that jitprov refuses, with its code."""

    def __init__(self, code: str, message: str, status: int = HTTP_400_BAD_REQUEST) -> None:
        super().__init__(message, code)
        self.status_code = status
        if status == HTTP_503_SERVICE_UNAVAILABLE:
            self.wait = RETRY_AFTER  # becomes the header Retry-After


class TooOften(Refused):
    """A request that may be made again later."""

    def __init__(self, error: Throttled, message: str) -> None:
        super().__init__(error.code, message, HTTP_429_TOO_MANY_REQUESTS)
        self.wait = error.seconds


class Conflict(Refused):
    """A request that conflicts with the stored state."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, HTTP_409_CONFLICT)


def answer(error: Exception, context: Any) -> Response | None:
    """Return the response to a failed request; ``None`` for an error in our code or the host's."""
    known = _as_known(error)
    response = exception_handler(known, context)
    if response is not None:
        response.data = _body(known, response)
    return response


def _as_known(error: Exception) -> Exception:
    if isinstance(error, JitprovError):
        return refused(error)
    if isinstance(error, SuspiciousOperation | BadRequest):
        return ParseError()
    if (known := _of_change(error)) is not None:
        return known
    outage = refusal_for(error)
    return error if outage is None else _logged(outage, error)


def _of_change(error: Exception) -> Exception | None:
    """Return what :mod:`jitprov.configuration` raises as an API error; ``None`` for anything else."""
    if isinstance(error, RowsRefused):
        return of_rows(error, ROWS)
    if isinstance(error, FormError):
        return ValidationError(_by_part(error))
    if isinstance(error, Outdated):
        message = _("Somebody else has changed this since you read it. Read it again.")
        return Refused("outdated", message, HTTP_412_PRECONDITION_FAILED)
    if isinstance(error, _GONE):
        return Http404()  # somebody has removed it in the meantime
    return None


def _logged(refusal: JitprovError, error: Exception) -> Refused:
    """Return the answer to an outage, with a reference by which the exception is found in the log."""
    reference = new_reference()
    logger.error("request %s to the API: %s", reference, refusal.code, exc_info=error)
    known = refused(refusal)
    message = f"{known.detail} {_('Reference')}: {reference}"
    return Refused(refusal.code, message, known.status_code)


def refused(error: JitprovError) -> Refused:
    """Return a refusal of jitprov as an API error, with its remedy as the message."""
    found = remedy(error.code, Preset.NONE)
    message = f"{found.happened} {found.fix}"
    if isinstance(error, Throttled):
        return TooOften(error, message)
    return Refused(error.code, message, _STATUS.get(type(error), HTTP_400_BAD_REQUEST))


@contextmanager
def at_path(path: str) -> Iterator[None]:
    """Turn what is wrong with the rows of a list into an API error.

    :param path: the path of the list in the request.
    """
    try:
        yield
    except RowsRefused as error:
        raise of_rows(error, path) from error


def of_rows(error: RowsRefused, path: str) -> ValidationError:
    """Return what is wrong with the rows of a list as an API error."""
    found: dict[str, list[ErrorDetail]] = {}
    for problem in error.problems:
        if problem.row is None:
            found.setdefault(path, []).extend(_details(problem.error.error_list))
        else:
            found |= _by_part(problem.error, f"{path}.{problem.row}.")
    return ValidationError(found)


def _details(errors: Iterable[FormError]) -> list[ErrorDetail]:
    return [ErrorDetail(" ".join(one.messages), one.code or "invalid") for one in errors]


def _by_part(error: FormError, path: str = "") -> dict[str, list[ErrorDetail]]:
    """Return the errors of a change by part of the request. The codes are our own or Django's."""
    return {
        f"{path}{WHOLE if field == NON_FIELD_ERRORS else field}": _details(found)
        for field, found in _by_field(error).items()
    }


def _by_field(error: FormError) -> Mapping[str, list[FormError]]:
    return (
        error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    )


def _body(error: Exception, response: Response) -> dict[str, Any]:
    if isinstance(error, ValidationError):
        errors: Errors = {}
        for path, detail in _flat(error.detail):
            errors.setdefault(path or WHOLE, []).append(
                {"code": detail.code or "invalid", "message": str(detail)}
            )
        return {"code": "invalid", "message": _("The request is not valid."), "errors": errors}
    # The handler has translated Django's Http404 and PermissionDenied.
    detail = response.data["detail"]
    return {"code": detail.code, "message": str(detail), "errors": {}}


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, ErrorDetail]]:
    if isinstance(detail, ErrorDetail):
        yield path, detail
    elif isinstance(detail, Mapping):
        for name, part in detail.items():
            yield from _flat(part, path if name == WHOLE else _joined(path, str(name)))
    else:
        for number, part in enumerate(detail):
            yield from _flat(
                part, path if isinstance(part, ErrorDetail) else _joined(path, str(number))
            )


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
