"""To save a row that was read before somebody counted does not take the count back."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import F

from jitprov.accounts.sessions import end_sessions_by, end_sessions_of
from jitprov.models import ExternalIdentity, IdentityProvider
from tests.support.factories import ExternalIdentityFactory

pytestmark = pytest.mark.django_db

END: Any = {ExternalIdentity: end_sessions_of, IdentityProvider: end_sessions_by}


@pytest.mark.parametrize("model", END, ids=lambda model: model.__name__)
@pytest.mark.parametrize("options", [{}, {"update_fields": ["session_endings"]}])
def test_a_row_that_was_read_before_an_ending_does_not_take_it_back(
    model: Any, options: Any
) -> None:
    ExternalIdentityFactory.create()
    read_before = model.objects.get()
    END[model](model.objects.all())

    read_before.save(**options)

    read_before.refresh_from_db()
    assert read_before.session_endings == 1


@pytest.mark.parametrize("model", END, ids=lambda model: model.__name__)
def test_a_row_that_is_saved_again_can_still_be_used(model: Any) -> None:
    ExternalIdentityFactory.create()
    row = model.objects.get()
    row.save()
    assert row.session_endings == 0
    model.objects.update(session_endings=F("session_endings") + 1)
    row.refresh_from_db()
    assert row.session_endings == 1


def test_a_new_row_begins_with_what_it_is_given() -> None:
    row = ExternalIdentityFactory.create().identity_provider
    copy = IdentityProvider(slug="copy", tenant=row.tenant, session_endings=7, enabled=False)
    copy.save()
    assert IdentityProvider.objects.get(slug="copy").session_endings == 7
