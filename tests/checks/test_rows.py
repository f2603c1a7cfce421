from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.checks import CheckMessage, run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from jitprov.checks import rows
from jitprov.models import GroupMapping, IdentityProvider
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import GroupFactory, IdentityProviderFactory, connected, map_group

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> IdentityProvider:
    return connected(FakeIdentityProvider(), slug="acme-entra")


def run(databases: list[str] | None = None) -> list[CheckMessage]:
    return run_checks(tags=["jitprov"], databases=databases or ["default"])


def ids(messages: list[CheckMessage]) -> list[str | None]:
    return [message.id for message in messages]


def _ended(row: IdentityProvider) -> None:
    row.certificates.update(not_after=timezone.now() - timedelta(days=1))


def _no_certificate(row: IdentityProvider) -> None:
    row.certificates.all().delete()


def _field(row: IdentityProvider) -> None:
    row.claim_mappings.filter(target="email").update(target="badge")


def _powerful_group(row: IdentityProvider) -> None:
    permission = Permission.objects.filter(content_type__app_label="auth")[0]
    map_group(row, "4711").permissions.add(permission)


def _group_outside(row: IdentityProvider) -> None:
    GroupFactory.create(name="Editors")
    group = GroupFactory.create(name="Managers")
    GroupMapping.objects.create(identity_provider=row, claim="g", value="1", group=group)


EDITORS = {"JITPROV_ASSIGNABLE_GROUPS": ["Editors"], "JITPROV_ASSIGNABLE_GROUPS_OF_APPS": None}
WRONG: dict[str, tuple[str, Callable[[IdentityProvider], Any], dict[str, Any]]] = {
    "a certificate that has ended": (rows.CERTIFICATES_ENDED, _ended, {}),
    "no certificate": (rows.CERTIFICATES_ENDED, _no_certificate, {}),
    "a field that may not be written": (rows.FIELD_NOT_MAPPABLE, _field, {}),
    "a field that the settings leave out": (
        rows.FIELD_NOT_MAPPABLE,
        lambda row: None,
        {"JITPROV_MAPPABLE_FIELDS": ["first_name", "last_name", "username"]},
    ),
    "a group that has become powerful": (
        rows.GROUP_NOT_ASSIGNABLE,
        _powerful_group,
        {},
    ),
    "a group that the settings leave out": (
        rows.GROUP_NOT_ASSIGNABLE,
        _group_outside,
        EDITORS,
    ),
    "a group that does not exist": (
        rows.ASSIGNABLE_GROUP_UNKNOWN,
        lambda row: None,
        EDITORS,
    ),
}


@pytest.mark.parametrize(("expected", "change", "settings"), WRONG.values(), ids=WRONG)
def test_each_problem_gives_one_message_with_its_own_id(
    expected: str, change: Callable[..., Any], settings: dict[str, Any], row: IdentityProvider
) -> None:
    change(row)

    with override_settings(**settings):
        (message,) = run()
        with pytest.raises(CommandError, match=expected):
            call_command(
                "check",
                tags=["jitprov"],
                databases=["default"],
                fail_level="WARNING",
                stderr=io.StringIO(),
            )

    assert (message.id, message.is_serious()) == (expected, False)
    assert message.hint
    assert ("Editors" if expected == "jitprov.W006" else "acme-entra") in message.msg


def test_every_id_is_tested() -> None:
    every = {
        value
        for value in vars(rows).values()
        if isinstance(value, str) and value.startswith("jitprov.W")
    }
    assert every == {expected for expected, *_ in WRONG.values()}


@pytest.mark.usefixtures("row")
def test_valid_rows_give_no_message() -> None:
    GroupFactory.create(name="Editors")
    with override_settings(**EDITORS):
        assert ids(run()) == []


def test_disabled_identity_providers_give_no_message(row: IdentityProvider) -> None:
    _no_certificate(row)
    IdentityProvider.objects.update(enabled=False)

    assert ids(run()) == []


@pytest.mark.parametrize("databases", [None, [], ["replica"]])
def test_other_databases_are_not_checked(
    databases: list[str] | None, row: IdentityProvider
) -> None:
    _no_certificate(row)

    assert rows.check_rows(None, databases=databases) == []


def test_a_message_names_a_few_and_counts_the_others() -> None:
    for number in range(7):
        IdentityProviderFactory.create(slug=f"idp-{number}")

    (message,) = run()

    assert message.msg.endswith(": idp-0, idp-1, idp-2, idp-3, idp-4 and 2 more.")


def test_a_database_without_tables_is_not_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection.introspection, "table_names", list)

    assert ids(run()) == []


def test_a_missing_column_gives_no_message(
    row: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_certificate(row)
    column: Any = IdentityProvider._meta.get_field("enabled")
    monkeypatch.setattr(column, "column", "not_there_yet")
    column.__dict__.pop("cached_col", None)

    assert ids(run()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"JITPROV_PROVISIONER": "nowhere.Provisioner"},
        {"JITPROV_PROVISIONER": "datetime.date"},
        {"JITPROV_ASSIGNABLE_GROUPS": 5},
        {"JITPROV_MAPPABLE_FIELDS": 5},
    ],
)
def test_wrong_settings_are_reported_by_their_own_check_only(
    wrong: dict[str, object],
) -> None:
    with override_settings(**wrong):
        assert rows.check_rows(None, databases=["default"]) == []
