"""Make one thing once, however often the request to make it is repeated: the header ``Idempotency-Key``.

As the draft of the IETF has it (draft-ietf-httpapi-idempotency-key-header): the same key with another request is refused
with 422. Nothing of an answer is kept; a repeated request is answered with what was made as it is now.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.status import HTTP_422_UNPROCESSABLE_ENTITY

from jitprov.api.errors import Refused
from jitprov.models import IdempotencyKey, accounts_database, digest

M = TypeVar("M", bound=Model)

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def made_once(request: Request, rows: QuerySet[M], make: Callable[[], M]) -> M:
    """Return what the request makes, or what it has made before.

    :param rows: where it is found again: in the scope of the user.
    :raises Refused: the key is not one, or was used for another request of this user.
    :raises Http404: what was made is gone.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return make()
    if not _KEY.fullmatch(key):
        problem = _("Idempotency-Key has to be 1 to 255 visible ASCII characters.")
        raise Refused("idempotency_key_invalid", problem)
    about = _digest(request.method, request.path, request.data)
    with transaction.atomic(using=accounts_database()):
        used, is_new = IdempotencyKey.objects.get_or_create(
            digest=_digest(str(request.user.pk), key), defaults={"request_digest": about}
        )
        if is_new:
            row = make()
            used.made = str(row.pk)
            used.save(update_fields=["made"])
            return row
    if used.request_digest != about:
        problem = _("This Idempotency-Key was used for another request.")
        raise Refused("idempotency_key_reused", problem, HTTP_422_UNPROCESSABLE_ENTITY)
    return _found(rows, used.made)


def _found(rows: QuerySet[M], key: str) -> M:
    row = rows.filter(pk=key).first()
    if row is None:
        raise Http404
    return row


def _digest(*parts: Any) -> str:
    return digest(json.dumps(parts, sort_keys=True))
