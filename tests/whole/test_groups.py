"""Groups in a whole sign-in: lists in one value, a group for everybody, and people who are in none that may come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client

from jitprov.mapping_review.preview import preview, recent
from jitprov.mapping_review.review import review
from jitprov.models import (
    ExternalIdentity,
    GrantedGroup,
    GroupMapping,
    IdentityProvider,
    ProvisioningEvent,
)
from jitprov.provisioner import Provisioner, ProvisioningRefused
from jitprov.provisioning.types import Refuse
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.factories import GroupFactory, connected

pytestmark = pytest.mark.django_db

User: Any = get_user_model()
Go = Callable[..., HttpResponse]
TOLD = "Ask <help> for the group App Users."


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def idp(fake: FakeIdentityProvider, settings: Any) -> IdentityProvider:
    settings.JITPROV_ASSIGNABLE_GROUPS = ["Editors", "Readers", "Everybody"]
    settings.JITPROV_ASSIGNABLE_GROUPS_OF_APPS = None
    return connected(fake, slug="acme")


@pytest.fixture
def go(idp: IdentityProvider, fake: FakeIdentityProvider) -> Go:
    def sign_in(*groups: str, **options: Any) -> HttpResponse:
        attributes = {"groups": list(groups)} if groups else {}
        return SignIn(Client(headers=options))(idp, fake, attributes=attributes)

    return sign_in


def latest() -> ProvisioningEvent:
    return ProvisioningEvent.objects.latest("pk")


def map_value(idp: IdentityProvider, value: str, name: str = "", **columns: Any) -> None:
    group = GroupFactory.create(name=name) if name else None
    GroupMapping.objects.create(
        identity_provider=idp, claim="groups", value=value, group=group, **columns
    )


def names() -> set[str]:
    return set(User.objects.get().groups.values_list("name", flat=True))


def test_a_list_in_one_value_gives_each_group(idp: IdentityProvider, go: Go) -> None:
    split = [{"name": "split", "separator": ","}]
    map_value(idp, "Admins", "Editors", transforms=split)
    map_value(idp, "Owners", "Readers", transforms=split)
    go("Admins,Owners")
    assert names() == {"Editors", "Readers"}
    go("Admins")
    assert names() == {"Editors"}
    assert latest().notes == []


def test_values_that_match_nothing_are_noted_and_shown_to_whoever_maps(
    idp: IdentityProvider, go: Go
) -> None:
    map_value(idp, "Admins", "Editors")
    go("Admins,Owners")
    assert latest().notes == ["groups_unmatched"]
    [person] = preview(idp, None, recent(idp))
    assert person.groups_unmatched == ("Admins,Owners",)
    [remark] = [one for one in review(idp) if one.code == "group_values_unmatched"]
    assert "Admins,Owners" in remark.text


def test_everybody_is_given_the_group_and_loses_it_with_the_setting(
    idp: IdentityProvider, go: Go
) -> None:
    idp.everybody_group = GroupFactory.create(name="Everybody")
    idp.save()
    go()
    assert names() == {"Everybody"}
    assert GrantedGroup.objects.get().claim == "*"
    map_value(idp, "Admins", "Editors")
    idp.everybody_group = None
    idp.save()
    go("Admins")
    assert names() == {"Editors"}


def test_a_group_for_everybody_that_the_host_no_longer_allows_is_not_given(
    idp: IdentityProvider, go: Go
) -> None:
    idp.everybody_group = GroupFactory.create(name="Secret")
    idp.save()
    go()
    assert names() == set()
    assert latest().notes == ["group_not_assignable"]


@pytest.mark.parametrize("groups", [(), ("Guests",)], ids=["no claim", "another group"])
def test_people_in_no_group_that_may_come_in_are_told_by_the_tenant(
    idp: IdentityProvider, go: Go, groups: tuple[str, ...]
) -> None:
    map_value(idp, "App Users", admits=True)
    idp.group_required_text = TOLD
    idp.save()
    answer = go(*groups)
    assert answer.status_code == 403
    assert "Ask &lt;help&gt; for the group App Users." in answer.content.decode()
    assert (latest().reason, latest().verified) == ("group_required", True)
    assert latest().notes == [("groups_unmatched" if groups else "groups_absent")]
    assert not User.objects.exists()
    assert go("App Users").status_code == 302


def test_somebody_who_leaves_the_group_comes_in_no_more_and_keeps_what_they_had(
    idp: IdentityProvider, go: Go
) -> None:
    map_value(idp, "App Users", "Editors", admits=True)
    go("App Users")
    assert go("Guests").status_code == 403
    assert names() == {"Editors"}
    assert latest().user == User.objects.get()
    assert ExternalIdentity.objects.count() == 1


def test_an_answer_in_json_has_the_text_too(idp: IdentityProvider, go: Go) -> None:
    map_value(idp, "App Users", admits=True)
    IdentityProvider.objects.update(group_required_text=TOLD)
    answer: Any = go(accept="application/json")
    assert (answer.json()["error"], answer.json()["text"]) == ("group_required", TOLD)


class NoSeat(Provisioner):
    def write_related(self, user: Any, desired: Any) -> None:
        raise ProvisioningRefused(Refuse(reason="no_seat_left", text="All seats are taken."))


class Shouts(Provisioner):
    def write_related(self, user: Any, desired: Any) -> None:
        raise ProvisioningRefused(Refuse(reason="No seat left!"))


def test_a_host_refuses_for_a_reason_of_its_own_with_a_text(go: Go, settings: Any) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.NoSeat"
    answer = go()
    assert answer.status_code == 403
    assert "All seats are taken." in answer.content.decode()
    assert "no_seat_left" in answer.content.decode()
    assert (latest().outcome, latest().reason) == ("refused", "no_seat_left")
    assert not User.objects.exists()


def test_a_reason_that_is_no_code_is_the_hosts_mistake(go: Go, settings: Any) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Shouts"
    with pytest.raises(ValueError, match="a reason has"):
        go()
    assert latest().outcome == "error"
