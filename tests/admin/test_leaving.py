"""An administrator says in the admin that people leave: one by one, on a date, several at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jitprov.admin import leaving
from jitprov.models import (
    ConfigurationChange,
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
)
from jitprov.provisioner import Provisioner, Refuse
from jitprov.testing.person import ANN
from tests.support.admin_pages import administrator_of, page_of, person_page, text_of
from tests.support.factories import ExternalIdentityFactory, IdentityProviderFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/jitprov/externalidentity/"


class Keeping(Provisioner):
    """A host that lets nobody go."""

    def may_leave(self, identity: ExternalIdentity) -> Refuse | None:
        return Refuse(reason="last_owner", text="Make <b>somebody</b> else an owner first.")


@pytest.fixture
def ann(sign_in: Callable[..., Any]) -> ExternalIdentity:
    sign_in()
    return ExternalIdentity.objects.get()


@pytest.fixture
def browser(idp: IdentityProvider) -> Client:
    return administrator_of(idp)


def save(browser: Client, identity: ExternalIdentity, **fields: str) -> Any:
    url = reverse("admin:jitprov_externalidentity_change", args=[identity.pk])
    inlines = {"granted_groups-TOTAL_FORMS": "0", "granted_groups-INITIAL_FORMS": "0"}
    return browser.post(url, {**inlines, **fields}, follow=True)


def select(browser: Client, action: str, *identities: ExternalIdentity, **more: str) -> Any:
    keys = [str(one.pk) for one in identities]
    return browser.post(LIST, {"action": action, "_selected_action": keys, **more}, follow=True)


def fresh(identity: ExternalIdentity) -> ExternalIdentity:
    return ExternalIdentity.objects.select_related("user").get(pk=identity.pk)


# One person


def test_a_person_is_switched_off_with_a_reason_and_out_at_the_next_request(
    ann: ExternalIdentity, client: Client, browser: Client, settings: Any
) -> None:
    settings.JITPROV_SESSION_CHECK_AGE = 0
    assert client.get("/").content != b"AnonymousUser"
    save(browser, ann, reason="left the company")
    now = fresh(ann)
    assert (now.active, now.ended_by, now.ended_reason) == (False, "admin", "left the company")
    assert not now.user.is_active
    assert client.get("/").content == b"AnonymousUser"


def test_the_pages_say_who_did_it_how_why_and_which_sessions_ended(
    ann: ExternalIdentity, browser: Client
) -> None:
    save(browser, ann, reason="left the company")
    event = ProvisioningEvent.objects.get(outcome="ended")
    shown = text_of(browser, page_of(event))
    for words in ("the admin", "left the company", "was switched off with it", "Sessions that"):
        assert words in shown
    assert "administrator" in shown or "admin" in shown
    assert f"Access {event.reference}" in shown
    assert "Proved" not in shown
    assert "left the company" in text_of(browser, person_page(ann.user))


def test_a_person_comes_back(ann: ExternalIdentity, browser: Client) -> None:
    save(browser, ann)
    save(browser, ann, active="on")
    assert fresh(ann).active
    assert fresh(ann).user.is_active
    assert ProvisioningEvent.objects.filter(outcome="returned").count() == 1


def test_a_leaving_date_is_written_and_told(ann: ExternalIdentity, browser: Client) -> None:
    save(browser, ann, active="on", leaves_at_0="2999-01-31", leaves_at_1="18:00:00")
    assert fresh(ann).leaves_at is not None
    assert ConfigurationChange.objects.latest("pk").note.startswith("leaves on 2999-01-31")
    assert "2999" in text_of(browser, person_page(ann.user))
    assert "2999" in text_of(browser, LIST)
    save(browser, ann, active="on")
    assert fresh(ann).leaves_at is None


def test_a_leaving_date_that_has_passed_is_not_taken(
    ann: ExternalIdentity, browser: Client
) -> None:
    answer = save(browser, ann, active="on", leaves_at_0="2020-01-31", leaves_at_1="18:00:00")
    assert "This date has passed." in answer.content.decode()
    assert fresh(ann).leaves_at is None
    ExternalIdentity.objects.update(leaves_at=timezone.now() - timedelta(days=1))


def test_the_application_keeps_somebody_and_says_why(
    ann: ExternalIdentity, browser: Client, settings: Any
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Keeping"
    answer = save(browser, ann, reason="gone").content.decode()
    event = ProvisioningEvent.objects.get(outcome="kept")
    assert "Make &lt;b&gt;somebody&lt;/b&gt; else an owner first." in answer
    assert event.reference in answer
    assert fresh(ann).active
    shown = text_of(browser, page_of(event))
    assert "The application says" in shown
    assert "last_owner" in shown


# Several


def test_several_people_are_shown_first_and_leave_when_that_is_confirmed(
    ann: ExternalIdentity, browser: Client, idp: IdentityProvider
) -> None:
    ben = ExternalIdentityFactory.create(identity_provider=idp)
    shown = select(browser, "end_access", ann, ben).content.decode()
    assert "2 people are signed out" in shown
    assert ANN.object_id in shown
    assert fresh(ann).active

    select(browser, "end_access", ann, ben, confirmed="1", reason="project over")
    assert [fresh(one).active for one in (ann, ben)] == [False, False]
    assert fresh(ben).ended_reason == "project over"

    select(browser, "give_access_back", ann, ben)
    assert [fresh(one).active for one in (ann, ben)] == [True, True]


def test_more_people_than_one_click_may_end_are_refused(
    ann: ExternalIdentity, browser: Client, idp: IdentityProvider, monkeypatch: Any
) -> None:
    monkeypatch.setattr(leaving, "MAX_AT_ONCE", 1)
    ben = ExternalIdentityFactory.create(identity_provider=idp)
    answer = select(browser, "end_access", ann, ben, confirmed="1")
    assert "These are 2 people." in answer.content.decode()
    assert fresh(ann).active


def test_people_without_access_are_said_to_have_none(
    ann: ExternalIdentity, browser: Client
) -> None:
    ExternalIdentity.objects.update(active=False)
    shown = select(browser, "end_access", ann, confirmed="1").content.decode()
    assert "None of the selected people has access now." in shown


def test_people_of_another_tenant_are_out_of_reach(ann: ExternalIdentity, browser: Client) -> None:
    theirs = ExternalIdentityFactory.create(identity_provider=IdentityProviderFactory.create())
    select(browser, "end_access", ann, theirs, confirmed="1")
    assert (fresh(ann).active, fresh(theirs).active) == (False, True)
    assert save(browser, theirs).status_code == 404
    assert fresh(theirs).active
