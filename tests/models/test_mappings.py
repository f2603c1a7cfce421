"""An invalid claim mapping is refused by the model, by the database and at sign-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from jitprov.models import ClaimMapping, IdentityProvider
from jitprov.provisioner import provision
from jitprov.provisioning.mapping import FORBIDDEN_TARGETS
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.types import Claims, Source
from tests.support.accounts.models import User
from tests.support.factories import IdentityProviderFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> IdentityProvider:
    return IdentityProviderFactory.create()


NO_TARGETS = [
    "mentor__is_superuser",
    "groups__name",
    "_state",
    "__class__",
    "is_superuser ",
]
NOT_MAPPABLE = ["id", "badge", "mentor", "mentor_id", "save", "Is_Superuser", "nickname"]
UNWRITABLE = [*sorted(FORBIDDEN_TARGETS), *NO_TARGETS, *NOT_MAPPABLE]


@pytest.mark.parametrize(
    ("targets", "problem"),
    [
        pytest.param(sorted(FORBIDDEN_TARGETS), MappingProblem.FORBIDDEN_TARGET, id="forbidden"),
        pytest.param(NO_TARGETS, MappingProblem.NO_TARGET, id="no name of a field"),
    ],
)
def test_a_target_that_is_invalid_on_any_host_is_refused_at_its_field(
    row: IdentityProvider, targets: list[str], problem: MappingProblem
) -> None:
    for target in targets:
        mapping = ClaimMapping(identity_provider=row, sources="claim", target=target)

        with pytest.raises(ValidationError) as refusal:
            mapping.full_clean()

        [error] = refusal.value.error_dict["target"]
        assert refused(error).problem is problem


def refused(error: ValidationError) -> MappingError:
    """Return the refusal of the pure core that a validation error carries."""
    refusal = (error.params or {})["refusal"]
    assert isinstance(refusal, MappingError)
    return refusal


@pytest.mark.parametrize("target", sorted(FORBIDDEN_TARGETS))
@pytest.mark.parametrize("path", ["create", "bulk_create", "update"])
def test_a_forbidden_target_is_refused_by_the_database(
    row: IdentityProvider, target: str, path: str
) -> None:
    harmless = ClaimMapping.objects.create(identity_provider=row, sources="a", target="email")
    wicked = ClaimMapping(identity_provider=row, sources="claim", target=target)
    ways: dict[str, Callable[[], object]] = {
        "create": wicked.save,
        "bulk_create": lambda: ClaimMapping.objects.bulk_create([wicked]),
        "update": lambda: ClaimMapping.objects.filter(pk=harmless.pk).update(target=target),
    }

    with (
        pytest.raises(IntegrityError, match="jitprov_mapping_target_is_harmless"),
        transaction.atomic(),
    ):
        ways[path]()


@contextmanager
def without_check_constraints() -> Iterator[None]:
    """Switch the database's check constraints off, as somebody could who has access to it."""
    off, on = {
        "sqlite": ("PRAGMA ignore_check_constraints = 1", "PRAGMA ignore_check_constraints = 0"),
        "postgresql": (
            "ALTER TABLE jitprov_claimmapping DROP CONSTRAINT jitprov_mapping_target_is_harmless",
            "SELECT 1",  # comes back when the test's transaction is rolled back
        ),
        "mysql": ("SET check_constraint_checks = 0", "SET check_constraint_checks = 1"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(off)
        try:
            yield
        finally:
            cursor.execute(on)


@pytest.mark.parametrize("target", [*sorted(FORBIDDEN_TARGETS), *NO_TARGETS])
def test_an_unwritable_target_is_refused_at_sign_in(row: IdentityProvider, target: str) -> None:
    with without_check_constraints():
        ClaimMapping.objects.bulk_create(
            [ClaimMapping(identity_provider=row, sources="claim", target=target)]
        )
        claims = Claims(source=Source.SAML, external_id="ann", values={"claim": ("true",)})

        with pytest.raises(MappingError):
            provision(row, claims)

    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("columns", "field", "message"),
    [
        pytest.param(
            {"transforms": [{"name": "explode"}]},
            "transforms",
            "explode: there is no such transform",
            id="a transform that does not exist",
        ),
        pytest.param(
            {"transforms": [{"name": "split"}]},
            "transforms",
            "split: separator: must be a text",
            id="a parameter that is missing",
        ),
        pytest.param(
            {"transforms": [{"name": "lower", "locale": "tr"}]},
            "transforms",
            "lower: locale: is not a parameter",
            id="a parameter too many",
        ),
        pytest.param(
            {"transforms": {"name": "lower"}},
            "transforms",
            "transforms must be a list",
            id="an object in place of the list",
        ),
        pytest.param(
            {"transforms": "lower"}, "transforms", "transforms must be a list", id="a text"
        ),
        pytest.param({"transforms": 5}, "transforms", "transforms must be a list", id="a number"),
        pytest.param(
            {"transforms": ["lower"]},
            "transforms",
            'each transform must be an object with a "name"',
            id="names alone",
        ),
        pytest.param(
            {"transforms": [{"name": "regex_extract", "pattern": "(a+)+$"}]},
            "transforms",
            "regex_extract: pattern",
            id="a pattern that takes for ever",
        ),
        pytest.param(
            {"transforms": [{"name": "%s%(x)s"}]},
            "transforms",
            "%s%(x)s: there is no such transform",
            id="a name that looks like a format",
        ),
        pytest.param(
            {"sources": " \n"},
            "sources",
            "a row without a claim needs a constant, a default or a template",
            id="neither a claim nor a constant",
        ),
        pytest.param(
            {"sources": "\n".join("abcdefghijk")},
            "sources",
            "there are more than 10 claims in one row",
            id="too many claims",
        ),
        pytest.param({"sync": "weekly"}, "sync", "is not a valid choice", id="an unknown sync"),
        pytest.param(
            {"when_empty": "guess"}, "when_empty", "is not a valid choice", id="a wrong when_empty"
        ),
        pytest.param({"target": ""}, "target", "cannot be blank", id="no target"),
    ],
)
def test_an_invalid_mapping_is_refused_at_its_field(
    row: IdentityProvider, columns: dict[str, Any], field: str, message: str
) -> None:
    values = {"sources": "claim", "target": "email", **columns}

    with pytest.raises(ValidationError) as refusal:
        ClaimMapping(identity_provider=row, **values).full_clean()

    assert list(refusal.value.message_dict) == [field]
    [said] = refusal.value.message_dict[field]
    assert message in said


@pytest.mark.parametrize(
    ("columns", "sources", "names"),
    [
        pytest.param({"sources": "a"}, ("a",), [], id="one claim"),
        pytest.param({"sources": " a \r\n\nb\n"}, ("a", "b"), [], id="pasted with blanks"),
        pytest.param({"sources": "a", "transforms": None}, ("a",), [], id="transforms emptied"),
        pytest.param(
            {"transforms": [{"name": "constant", "value": "x"}]}, (), ["constant"], id="a constant"
        ),
    ],
)
def test_a_valid_mapping_is_saved_and_read_as_a_rule(
    row: IdentityProvider, columns: dict[str, Any], sources: tuple[str, ...], names: list[str]
) -> None:
    mapping = ClaimMapping(identity_provider=row, target="email", **columns)

    mapping.full_clean()
    mapping.save()

    assert mapping.as_rule().sources == sources
    assert [step.name for step in mapping.as_rule().transforms] == names
    assert row.claim_rules() == (mapping.as_rule(),)


def test_rules_are_in_order_however_they_are_read(row: IdentityProvider) -> None:
    for position, target in [(2, "email"), (0, "first_name"), (1, "last_name")]:
        ClaimMapping.objects.create(
            identity_provider=row, position=position, target=target, sources="claim"
        )
    read_at_once = IdentityProvider.objects.with_configuration().get(pk=row.pk)

    assert [rule.target for rule in row.claim_rules()] == ["first_name", "last_name", "email"]
    assert read_at_once.claim_rules() == row.claim_rules()


@pytest.mark.parametrize(
    "transforms",
    [
        pytest.param("lower", id="a text"),
        pytest.param("", id="an empty text"),
        pytest.param({}, id="an object"),
        pytest.param([{"name": "explode"}], id="a transform that does not exist"),
    ],
)
def test_invalid_transforms_in_a_stored_row_are_refused_however_they_are_read(
    row: IdentityProvider, transforms: object
) -> None:
    ClaimMapping.objects.create(
        identity_provider=row, target="email", sources="claim", transforms=transforms
    )

    for read in (row, IdentityProvider.objects.with_configuration().get(pk=row.pk)):
        with pytest.raises(MappingError):
            read.claim_rules()
