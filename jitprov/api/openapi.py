"""The OpenAPI document of the API, which drf-spectacular makes from the views."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from django.urls import reverse
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import patched_settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

import jitprov
from jitprov.api.descriptions import OBJECTS
from jitprov.api.errors import Problem
from jitprov.mapping_review import remark
from jitprov.mapping_review.preview import Origin, Verdict
from jitprov.mapping_review.preview_fields import Effect
from jitprov.provisioning.parameters import Kind
from jitprov.provisioning.types import SyncMode, WhenEmpty, WhenInvalid
from jitprov.status import watched
from jitprov.words.guides import OurValue
from jitprov.words.remedies import Fixer

_ENUMERATIONS = {
    "AttentionSeverity": watched.Severity,
    "Effect": Effect,
    "Fixer": Fixer,
    "Origin": Origin,
    "OurValue": OurValue,
    "ParameterKind": Kind,
    "RemarkSeverity": remark.Severity,
    "Sync": SyncMode,
    "Verdict": Verdict,
    "WhenEmpty": WhenEmpty,
    "WhenInvalid": WhenInvalid,
}

F = TypeVar("F", bound=Callable[..., Any])

_COMMON = {
    401: "Nobody is signed in.",
    403: "The permission class says no.",
    429: "Too many requests; `Retry-After` says when to try again.",
}
_OTHERS = {
    400: "The request is not valid.",
    404: "There is no such thing, or it belongs to a tenant that you do not administer.",
    409: "What is there does not allow it.",
    412: "Somebody else has changed it since you read it.",
    413: "The request is too large.",
    415: "The request is not JSON.",
    422: "The key was used for another request.",
    503: "The database is busy; try again.",
}
_SETTINGS: dict[str, Any] = {
    "TITLE": "jitprov",
    "DESCRIPTION": "Single sign-on of tenants: identity providers, mappings, tests, events.",
    "VERSION": jitprov.__version__,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/v1",
    "SCHEMA_PATH_PREFIX_TRIM": True,
    "PREPROCESSING_HOOKS": [],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "jitprov.api.openapi.finished",
    ],
    "COMPONENT_SPLIT_REQUEST": False,
    "APPEND_COMPONENTS": {},
    # Otherwise drf-spectacular derives a name from the field's, with a number if two enumerations share one.
    "ENUM_NAME_OVERRIDES": {
        "Binding": "jitprov.models.BindingChoice",
        "ChangeAction": "jitprov.models.Action",
        "MissingCode": "jitprov.configuration.enabling.Missing",
        "Outcome": "jitprov.models.Outcome",
        "Preset": "jitprov.api.identity_provider_shapes.PRESETS",
        "State": "jitprov.configuration.enabling.State",
        "Unsolicited": "jitprov.models.UnsolicitedPolicy",
        "Via": "jitprov.models.Via",
        **{name: [(one.value, one.value) for one in kind] for name, kind in _ENUMERATIONS.items()},
    },
    "SORT_OPERATIONS": False,
    "DISABLE_ERRORS_AND_WARNINGS": True,
    "TAGS": [],
}


class Described(AutoSchema):
    """A description of operations that takes no text from docstrings, which ``python -OO`` drops."""

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular does
        return ""


_IF_MATCH = OpenApiParameter(
    "If-Match",
    location=OpenApiParameter.HEADER,
    description="The `ETag` of what you have read. Nothing is changed if somebody else has changed it since.",
)


_REPEATED = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Of your choice, such as a UUID. The same request with the same key makes nothing more, for a day.",
)


def described(
    *, changes_versioned: bool = False, repeatable: bool = False, **options: Any
) -> Callable[[F], F]:
    """Describe a method of a view with drf-spectacular, whichever schema class the host uses for its own API.

    :param changes_versioned: whether it heeds ``If-Match``.
    :param repeatable: whether it heeds ``Idempotency-Key``.
    """
    if changes_versioned:
        options["parameters"] = [*options.get("parameters", ()), _IF_MATCH]
        options["responses"] = {**options["responses"], **problems(412)}
    if repeatable:
        options["parameters"] = [*options.get("parameters", ()), _REPEATED]
        options["responses"] = {**options["responses"], **problems(422)}

    def decorate(method: F) -> F:
        method.schema = Described()  # type: ignore[attr-defined]  # otherwise the host's class is used
        return extend_schema(**options)(method)

    return decorate


def problems(*statuses: int) -> dict[int, OpenApiResponse]:
    """Return the descriptions of these error responses, and of those that every request may get."""
    told = {**_COMMON, **{status: _OTHERS[status] for status in statuses}}
    return {
        status: OpenApiResponse(response=Problem, description=text)
        for status, text in sorted(told.items())
    }


def finished(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Add what drf-spectacular cannot know: the types of path parameters, and that objects have no other properties.

    And put our own descriptions of objects in the place of docstrings.
    """
    for operation in (one for methods in result["paths"].values() for one in methods.values()):
        in_path = (one for one in operation.get("parameters", ()) if one["in"] == "path")
        for parameter in in_path:
            parameter["schema"] = _IN_PATHS[parameter["name"]]
    for name, component in result["components"].get("schemas", {}).items():
        if "properties" in component:
            component.setdefault("additionalProperties", False)
            component["description"] = OBJECTS.get(name, "")
    return result


_IN_PATHS = {
    "slug": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$", "minLength": 1, "maxLength": 100},
    "reference": {"type": "string", "pattern": "^[0-9A-Z]{10}$"},
    "id": {"type": "integer", "minimum": 1, "maximum": 2**53},
}
_generator_class: Any = SchemaGenerator  # it has no types


@lru_cache(maxsize=1)
def _description() -> dict[str, Any]:
    """Return the document without its server, made once per process."""
    with patched_settings(_SETTINGS), translation.override("en"):
        generator: Any = _generator_class(urlconf="jitprov.api.urls")
        return dict(generator.get_schema(request=None, public=True))


def description() -> dict[str, Any]:
    """Return the OpenAPI document of the API where the host has mounted it."""
    root = reverse("jitprov_api:schema").removesuffix("/schema/")
    return {**_description(), "servers": [{"url": root or "/"}]}
