"""``manage.py explain_user`` says where the values of an account come from."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from jitprov.models import ClaimMapping, GroupMapping, IdentityProvider, ProvisioningEvent
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.person import ANN, SURNAME_CLAIM
from tests.support.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    TenantFactory,
    UserFactory,
    connected,
    map_group,
)
from tests.support.latest import event

pytestmark = pytest.mark.django_db

User = get_user_model()


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("explain_user", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def ann(sign_in: Callable[..., Any], idp: IdentityProvider) -> Any:
    """Return a person who has signed in, was renamed, was switched off and was refused."""
    map_group(idp, ANN.groups[0])
    GroupMapping.objects.update(name="Finance people")
    ClaimMapping.objects.create(
        identity_provider=idp,
        target="department",
        sources="dept",
        transforms=[{"name": "constant", "value": "Sales"}],
        required=True,
        sync="on_create",
    )
    sign_in()
    sign_in(replace(ANN, surname="Baker"))
    user = User.objects.get()
    User.objects.update(is_active=False)
    sign_in()
    user.groups.add(GroupFactory.create(name="By hand"))
    return user


@pytest.mark.parametrize("name", [ANN.upn, ANN.upn.upper(), ANN.email.upper(), "the primary key"])
def test_a_person_is_found_by_what_is_known(ann: Any, name: str) -> None:
    said = run(str(ann.pk) if name == "the primary key" else name)

    assert said.startswith(f"{ANN.upn} (primary key {ann.pk}, switched off)\n")


def test_everything_is_said(ann: Any) -> None:
    said = run(ANN.upn)

    _before, last_name = said.split("\n  last_name")
    assert last_name.startswith(" = Baker\n")
    assert SURNAME_CLAIM in last_name
    assert "acme (SAML)" in last_name
    updated = ProvisioningEvent.objects.get(outcome="updated")
    assert updated.reference in last_name
    for words in (
        f"acme: {ANN.object_id}, since ",
        "constant (value: Sales)",
        "when the person is created, required (acme)",
        f"= {ANN.groups[0]} (Finance people) by acme",
        "By hand\n      given by hand",
        "account_disabled]",
    ):
        assert words in said


def test_deleted_rows_are_reported(ann: Any) -> None:
    GroupMapping.objects.all().delete()
    ClaimMapping.objects.all().delete()
    ann.groups.clear()
    ProvisioningEvent.objects.all().delete()
    ann.external_identities.update(active=False)

    said = run(ANN.upn)
    for words in (
        "(not in it now: taken away by hand)",
        "the group mapping has been changed or removed since",
        "The mapping that wrote it has been removed since.",
        "Last sign-ins and refusals\n  none",
        "switched off\n\nFields",
    ):
        assert words in said


def test_a_user_of_no_identity_provider_has_nothing_to_explain() -> None:
    said = run(UserFactory.create(username="root").username)

    assert said.count("  none") == 4


def test_json_has_everything(ann: Any) -> None:
    said = json.loads(run(ANN.upn, "--json"))

    assert (said["pk"], said["username"], said["active"]) == (ann.pk, ANN.upn, False)
    written = {field["field"]: field["written"] for field in said["fields"]}
    assert written["last_name"]["claim"]["name"] == SURNAME_CLAIM
    assert written["last_name"]["source"] == "saml"
    assert [attempt["code"] for attempt in said["attempts"]] == ["account_disabled", "", ""]
    assert said["attempts"][0]["reference"] == event().reference


def test_several_people_are_listed(ann: Any) -> None:
    other = UserFactory.create(username="other", email=ANN.email)

    with pytest.raises(CommandError) as error:
        run(ANN.email)
    for user in (ann, other):
        assert f"\n  {user.pk}  {user.username}" in str(error.value)
    assert error.value.returncode == 1


@pytest.mark.parametrize("name", ["nobody", "", "0", "x" * 500, "9" * 30, "nobody@acme.example"])
def test_somebody_who_is_not_there_is_an_error(ann: Any, name: str) -> None:
    UserFactory.create(email="")
    with pytest.raises(CommandError, match="Nobody has the user name") as error:
        run(name)
    assert error.value.returncode == 1


def test_with_a_tenant_only_what_belongs_to_it_is_said(ann: Any, idp: IdentityProvider) -> None:
    other = connected(FakeIdentityProvider(), slug="elsewhere")
    ExternalIdentityFactory.create(identity_provider=other, user=ann, external_id="secret")

    assert "elsewhere" not in run(ANN.upn, "--tenant", idp.tenant.slug)
    assert f"acme: {ANN.object_id}" not in run(ANN.upn, "--tenant", other.tenant.slug)
    assert "elsewhere: secret" in run(ANN.upn)


@pytest.mark.parametrize("name", [ANN.upn, ANN.email, "the primary key"])
def test_a_tenant_does_not_know_the_people_of_another(ann: Any, name: str) -> None:
    tenant = TenantFactory.create()

    with pytest.raises(CommandError, match="Nobody has the user name"):
        run(str(ann.pk) if name == "the primary key" else name, "--tenant", tenant.slug)


def test_a_tenant_that_is_not_there_is_an_error() -> None:
    with pytest.raises(CommandError, match="There is no tenant"):
        run("ann", "--tenant", "nobody")
