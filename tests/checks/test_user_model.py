"""What a sign-in cannot fill, and what people could spell in two ways. Columns: tests/hosts/required_columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User as DjangosUser
from django.core.checks import run_checks
from django.db.models import UniqueConstraint
from django.db.models.functions import Lower

from jitprov.checks import user_model
from jitprov.host import spellings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

# From Django 6.1 on, checks look into the databases without being told to.
pytestmark = pytest.mark.django_db


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    constraint = UniqueConstraint(Lower("username"), name="x")
    monkeypatch.setattr(get_user_model()._meta, "constraints", [constraint])
    spellings.indexed_without_case.cache_clear()
    yield
    spellings.indexed_without_case.cache_clear()


def ids(*, deploy: bool) -> list[str | None]:
    found = run_checks(tags=["jitprov"], include_deployment_checks=deploy)
    return [message.id for message in found]


def test_an_index_without_case_is_recommended_for_production() -> None:
    assert user_model.USERNAMES_WITH_CASE in ids(deploy=True)
    assert user_model.USERNAMES_WITH_CASE not in ids(deploy=False)


@pytest.mark.usefixtures("indexed")
def test_a_user_model_with_the_index_is_left_alone() -> None:
    assert user_model.USERNAMES_WITH_CASE not in ids(deploy=True)


def test_nothing_is_recommended_for_djangos_own_user_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(user_model, "get_user_model", lambda: DjangosUser)
    assert user_model.check_user_names(None) == []


@pytest.mark.parametrize("wrong", ["jitprov.conf.conf", "datetime.date", "nowhere.Provisioner"])
def test_a_provisioner_that_cannot_be_used_is_reported_once(settings: Settings, wrong: str) -> None:
    settings.JITPROV_PROVISIONER = wrong
    assert ids(deploy=False) == ["jitprov.E002"]
