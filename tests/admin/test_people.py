"""The page *Provisioning* of a person, the links to it, and switching an identity off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.test import Client
from django.urls import include, path, reverse

from jitprov.admin.identities import ExternalIdentityAdmin
from jitprov.admin.people import ProvisioningLink
from jitprov.models import (
    ConfigurationChange,
    ExternalIdentity,
    IdentityProvider,
)
from jitprov.provisioning.presets import Preset
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.person import ANN, SURNAME_CLAIM
from tests.support.admin_pages import (
    LIST,
    administrator_of,
    change_identity,
    page_of,
    person_page,
    statements,
    text_of,
)
from tests.support.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    UserFactory,
    connected,
    map_group,
)
from tests.support.latest import event

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture
def browser(idp: IdentityProvider) -> Client:
    IdentityProvider.objects.update(preset=Preset.ENTRA.value)
    return administrator_of(idp)


# The page of a person


def test_the_page_of_a_person_explains_fields_and_groups(
    sign_in: Callable[..., Any], idp: IdentityProvider, browser: Client
) -> None:
    group = map_group(idp, ANN.groups[0])
    sign_in()
    user = User.objects.get(username=ANN.upn)
    user.groups.add(GroupFactory.create(name="Our operators"))
    User.objects.filter(pk=user.pk).update(is_active=False)
    sign_in()

    shown = text_of(browser, person_page(user))
    for words in (ANN.object_id, ANN.surname, SURNAME_CLAIM, group.name, ANN.groups[0]):
        assert words in shown
    assert "Our operators" not in shown
    assert "account_disabled" in shown
    assert "The account is switched off" in shown
    assert page_of(event()) in shown


@pytest.mark.parametrize("key", ["0", "x", "99999999999999999999999999", "1/2", "-1"])
def test_an_unknown_person_answers_404(browser: Client, key: str) -> None:
    assert browser.get(f"/admin/jitprov/externalidentity/person/{key}/").status_code == 404


def test_a_user_without_an_identity_answers_404(browser: Client) -> None:
    assert browser.get(person_page(UserFactory.create())).status_code == 404


def test_lists_link_to_the_page_of_a_person(sign_in: Callable[..., Any], browser: Client) -> None:
    sign_in()
    link = person_page(User.objects.get(username=ANN.upn))
    identity = ExternalIdentity.objects.get()

    assert link in text_of(browser, LIST)
    assert link in text_of(browser, "/admin/jitprov/externalidentity/")
    assert link in text_of(
        browser, reverse("admin:jitprov_externalidentity_change", args=[identity.pk])
    )


def test_the_number_of_statements_does_not_grow_with_the_rows_of_a_person(
    sign_in: Callable[..., Any], idp: IdentityProvider, browser: Client
) -> None:
    map_group(idp, ANN.groups[0])
    sign_in()
    user = User.objects.get(username=ANN.upn)
    few = statements(browser, person_page(user))
    for number in range(5):
        other = connected(FakeIdentityProvider(), tenant=idp.tenant)
        ExternalIdentityFactory.create(identity_provider=other, user=user)
        sign_in(replace(ANN, surname=f"Baker {number}"))

    assert statements(browser, person_page(user)) == few <= 16


# Switching an identity off


def test_switching_an_identity_off_is_recorded_with_its_actor(
    sign_in: Callable[..., Any], browser: Client
) -> None:
    sign_in()
    identity = ExternalIdentity.objects.get()

    assert change_identity(browser, identity).status_code == 302
    assert sign_in().status_code == 403
    assert change_identity(browser, identity).status_code == 302  # changes nothing
    assert change_identity(browser, identity, active="on").status_code == 302
    assert sign_in().status_code == 302
    kept = ConfigurationChange.objects.filter(what="identity").order_by("pk")
    assert [change.note for change in kept] == ["switched off", "switched on"]
    assert {change.via for change in kept} == {"admin"}
    assert ANN.object_id not in "".join(change.label for change in kept)


def test_removing_an_identity_is_recorded_with_its_actor(
    sign_in: Callable[..., Any], browser: Client
) -> None:
    sign_in()
    identity = ExternalIdentity.objects.get()

    browser.post(
        reverse("admin:jitprov_externalidentity_delete", args=[identity.pk]), {"post": "yes"}
    )
    sign_in(replace(ANN, upn="another", email=""))
    browser.post(
        "/admin/jitprov/externalidentity/",
        {
            "action": "delete_selected",
            "_selected_action": [str(ExternalIdentity.objects.get().pk)],
            "post": "yes",
        },
    )
    assert not ExternalIdentity.objects.exists()
    kept = ConfigurationChange.objects.filter(what="identity")
    assert [change.note for change in kept] == ["removed", "removed"]


# The host's own screen of users


class UserAdminWithLink(ProvisioningLink, UserAdmin):  # type: ignore[type-arg]
    pass


def host_with(screen: Any) -> tuple[Any, ...]:
    """Return the URLs of a host that has its users in the admin."""
    site = admin.AdminSite()
    site.register(User, screen)
    site.register(ExternalIdentity, ExternalIdentityAdmin)
    return (path("admin/", site.urls), path("saml/", include("jitprov.urls")))


def test_the_hosts_page_of_a_user_links_to_provisioning(
    sign_in: Callable[..., Any], client: Client, settings: Any
) -> None:
    sign_in()
    user, superuser = User.objects.get(), UserFactory.create(is_staff=True, is_superuser=True)
    settings.ROOT_URLCONF = host_with(UserAdminWithLink)
    client.force_login(superuser)

    def shown(name: str, *key: Any) -> str:
        return text_of(client, reverse(f"admin:accounts_user_{name}", args=key))

    assert f'<a href="{person_page(user)}">Provisioning</a>' in shown("change", user.pk)
    assert "/person/" not in shown("change", superuser.pk)
    assert "/person/" not in shown("add")


def test_the_hosts_own_template_is_kept(
    sign_in: Callable[..., Any], client: Client, settings: Any
) -> None:
    class Themed(UserAdmin):  # type: ignore[type-arg]
        change_form_template = "admin/auth/user/add_form.html"

    class Linked(ProvisioningLink, Themed):
        pass

    sign_in()
    user = User.objects.get()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    settings.ROOT_URLCONF = host_with(Linked)

    shown = text_of(client, reverse("admin:accounts_user_change", args=[user.pk]))
    assert "created a user, you" in shown
    assert person_page(user) in shown
