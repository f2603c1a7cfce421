"""Changes of one configuration at the same moment, and changes that are refused as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError

from jitprov.configuration import claim_mappings, columns, group_mappings
from jitprov.configuration.claim_mappings import ClaimRow
from jitprov.configuration.columns import Columns
from jitprov.configuration.editing import edited
from jitprov.configuration.group_mappings import GroupRow
from jitprov.configuration.problems import RowsRefused
from jitprov.journal.actors import Actor
from jitprov.models import ConfigurationChange, IdentityProvider, Via
from tests.support.arrivals import all_at_once
from tests.support.factories import GroupFactory, IdentityProviderFactory

CODE = Actor(via=Via.CODE, name="the tests")
AT_ONCE = 8


@pytest.fixture
def idp() -> IdentityProvider:
    return IdentityProviderFactory.create()


def outcome(change: Callable[[IdentityProvider], object], key: int) -> str:
    """Make a change as another process would, and return what became of it."""
    try:
        change(IdentityProvider.objects.get(pk=key))
    except ValidationError as error:
        return next(iter(error.error_dict.values()))[0].code or "invalid"
    except OperationalError:
        return "busy"  # SQLite, where one writes at a time and whoever has read before is told to begin again
    return "made"


@pytest.mark.django_db(transaction=True)
def test_of_equal_rows_that_are_added_at_once_one_is_made(idp: IdentityProvider) -> None:
    """No constraint of the database keeps group mappings apart: only the lock does."""
    wanted = GroupRow(claim="groups", value="v", group=GroupFactory.create().pk)

    def add(row: IdentityProvider) -> object:
        return group_mappings.add(row, wanted, CODE)

    outcomes = Counter(all_at_once([lambda: outcome(add, idp.pk)] * AT_ONCE))

    assert idp.group_mappings.count() == outcomes["made"] == 1
    assert outcomes["unique"] + outcomes["busy"] == AT_ONCE - 1


@pytest.mark.django_db(transaction=True)
def test_columns_that_are_changed_at_once_all_stay_changed(idp: IdentityProvider) -> None:
    wanted = [
        Columns(create_users=False),
        Columns(unsolicited="reject"),
        Columns(force_authn=True),
        Columns(name_id_format="urn:a"),
    ]

    def task(one: Columns) -> Callable[[], str]:
        return lambda: outcome(lambda row: columns.change(row, one, CODE), idp.pk)

    made = [
        one
        for one, became in zip(wanted, all_at_once([task(one) for one in wanted]), strict=True)
        if became == "made"
    ]

    idp.refresh_from_db()
    assert made
    for one in made:
        for name, value in one.named().items():
            assert getattr(idp, name) == value
    assert ConfigurationChange.objects.count() == len(made)


@pytest.mark.django_db
def test_a_list_with_wrong_rows_changes_nothing_and_names_each(idp: IdentityProvider) -> None:
    before = list(idp.claim_mappings.values())
    wanted = [
        ClaimRow(target="first_name", sources=["given"]),
        ClaimRow(target="password", sources=["x"]),
        ClaimRow(target="email"),
    ]

    with pytest.raises(RowsRefused) as refused:
        claim_mappings.replace(idp, wanted, CODE)

    assert [
        (problem.row, list(problem.error.error_dict)) for problem in refused.value.problems
    ] == [(1, ["target"]), (2, ["sources"])]
    assert str(refused.value)
    assert list(idp.claim_mappings.values()) == before
    assert not ConfigurationChange.objects.exists()


@pytest.mark.django_db
def test_rows_are_judged_by_what_is_there_when_they_are_saved(idp: IdentityProvider) -> None:
    stale = IdentityProvider.objects.get(pk=idp.pk)
    columns.change(idp, Columns(create_users=False), CODE)

    columns.change(stale, Columns(create_users=True), CODE)

    idp.refresh_from_db()
    assert idp.create_users is True
    assert ConfigurationChange.objects.count() == 2


@pytest.mark.django_db
def test_nothing_of_a_deleted_identity_provider_is_changed(idp: IdentityProvider) -> None:
    stale = IdentityProvider.objects.get(pk=idp.pk)
    idp.delete()

    with pytest.raises(IdentityProvider.DoesNotExist), edited(stale, CODE):
        pytest.fail("the block was run")


@pytest.mark.django_db
def test_columns_of_superusers_are_refused_and_the_others_with_them(idp: IdentityProvider) -> None:
    wanted = Columns(create_users=False, link_existing_users=True, sso_url="http://plain.example/")

    with pytest.raises(ValidationError) as refused:
        columns.change(idp, wanted, CODE)

    assert set(refused.value.error_dict) == {"link_existing_users", "sso_url"}
    idp.refresh_from_db()
    assert (idp.create_users, idp.link_existing_users) == (True, False)
