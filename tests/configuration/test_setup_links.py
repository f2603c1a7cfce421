"""Setup links: making, finding and revoking them in code, by the command and in the admin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html
from pytest_django import DjangoAssertNumQueries

from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.models import (
    ConfigurationChange,
    IdentityProvider,
    SetupLink,
    TenantAdministrator,
    Via,
)
from tests.support.factories import TenantFactory, UserFactory

pytestmark = pytest.mark.django_db
CODE = Actor(via=Via.CODE, name="the tests")


def made(idp: IdentityProvider, **options: Any) -> tuple[SetupLink, str]:
    """Return a link and its token."""
    link, url = setup_links.make(idp, actor=CODE, **options)
    return link, url.rpartition("=")[2]


def steps() -> list[tuple[str, str]]:
    changes = ConfigurationChange.objects.filter(what=setup_links.SETUP_LINK).order_by("pk")
    return [(change.actor, change.note) for change in changes]


# In code


def test_a_link_is_found_by_its_token_in_one_statement(
    idp: IdentityProvider, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    link, token = made(idp)

    with django_assert_num_queries(1):
        found = setup_links.find(token, timezone.now())
        assert found == link
        assert found.identity_provider == idp
        assert found.identity_provider.tenant == idp.tenant


def test_the_url_begins_with_the_configured_base_url(idp: IdentityProvider) -> None:
    _, url = setup_links.make(idp, actor=CODE)

    assert url.startswith("https://app.example/saml/setup/")


def test_the_token_is_long_and_not_stored(idp: IdentityProvider) -> None:
    _, token = made(idp)

    assert len(token) * 6 >= 256
    for model in apps.get_app_config("jitprov").get_models():
        assert token not in str(list(model._default_manager.values())), model


@pytest.mark.parametrize("statements", [1])
def test_a_token_that_is_not_ours_finds_nothing(
    idp: IdentityProvider, statements: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _, token = made(idp)
    other = "A" * len(token)

    with django_assert_num_queries(statements):
        assert setup_links.find(other, timezone.now()) is None


@pytest.mark.parametrize("token", ["", "short", "A" * 42, "A" * 44, "A" * 100_000, "é" * 43])
def test_text_that_cannot_be_a_token_is_not_looked_up(
    token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert setup_links.find(token, timezone.now()) is None


def test_a_digest_is_not_accepted_as_a_token(idp: IdentityProvider) -> None:
    link, _ = made(idp)

    assert setup_links.find(link.token_digest, timezone.now()) is None


def test_a_link_is_invalid_from_its_expiry(idp: IdentityProvider) -> None:
    link, token = made(idp, lifetime=timedelta(hours=1))

    assert setup_links.find(token, link.expires_at - timedelta(seconds=1)) == link
    assert setup_links.find(token, link.expires_at) is None


def test_a_revoked_link_opens_nothing_and_its_revocation_is_recorded_once(
    idp: IdentityProvider,
) -> None:
    link, token = made(idp)

    setup_links.revoke(link, CODE)
    setup_links.revoke(link, CODE)

    assert link.revoked_at is not None
    assert setup_links.find(token, timezone.now()) is None
    assert steps() == [("the tests", "made"), ("the tests", "revoked")]


# Its maker


def works(token: str) -> bool:
    return setup_links.find(token, timezone.now()) is not None


def made_by(user: Any, idp: IdentityProvider) -> str:
    _, url = setup_links.make(idp, actor=Actor.person(user))
    return url.rpartition("=")[2]


def an_administrator(idp: IdentityProvider) -> Any:
    user = UserFactory.create(is_staff=True)
    TenantAdministrator.objects.create(user=user, tenant=idp.tenant)
    return user


def test_a_link_does_not_outlive_the_account_that_made_it(idp: IdentityProvider) -> None:
    for user in (an_administrator(idp), UserFactory.create(is_superuser=True)):
        token = made_by(user, idp)
        assert works(token)

        user.delete()

        assert not works(token)


def test_a_link_of_an_account_that_is_switched_off_opens_nothing(idp: IdentityProvider) -> None:
    for user in (an_administrator(idp), UserFactory.create(is_superuser=True)):
        token = made_by(user, idp)
        type(user).objects.filter(pk=user.pk).update(is_active=False)

        assert not works(token)


def test_a_link_ends_when_its_maker_administers_the_tenant_no_longer(
    idp: IdentityProvider,
) -> None:
    admin, superuser = an_administrator(idp), UserFactory.create(is_superuser=True)
    tokens = [made_by(admin, idp), made_by(superuser, idp)]

    TenantAdministrator.objects.all().delete()
    type(superuser).objects.filter(pk=superuser.pk).update(is_superuser=False)

    assert [works(token) for token in tokens] == [False, False]


def test_an_open_page_ends_with_the_rights_of_the_links_maker(
    idp: IdentityProvider, client: Client
) -> None:
    admin = an_administrator(idp)
    client.post("/saml/setup/open/", {"token": made_by(admin, idp)})
    assert client.get("/saml/setup/").status_code == 200

    TenantAdministrator.objects.all().delete()

    assert client.get("/saml/setup/").status_code == 404
    assert client.post("/saml/setup/tests/").status_code == 404


def test_a_link_of_the_hosts_staff_works_as_long_as_the_account(idp: IdentityProvider) -> None:
    """They never administered the tenant; the host's code made the link for them."""
    staff = UserFactory.create(is_staff=True)
    token = made_by(staff, idp)
    assert works(token)

    type(staff).objects.filter(pk=staff.pk).update(is_active=False)

    assert not works(token)


def test_a_link_of_a_program_rests_on_nobody(idp: IdentityProvider) -> None:
    assert works(made(idp)[1])


def test_a_link_is_deleted_with_its_identity_provider(idp: IdentityProvider) -> None:
    _, token = made(idp)
    idp.delete()

    assert setup_links.find(token, timezone.now()) is None


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(days=-1), timedelta(days=31)])
def test_a_lifetime_beyond_the_limit_is_refused(idp: IdentityProvider, lifetime: timedelta) -> None:
    with pytest.raises(setup_links.LinkRefused, match="30 days"):
        setup_links.make(idp, actor=CODE, lifetime=lifetime)
    assert not SetupLink.objects.exists()


def test_more_valid_links_than_the_limit_are_refused(idp: IdentityProvider) -> None:
    valid = [made(idp)[0] for _ in range(setup_links.MAX_ACTIVE)]

    with pytest.raises(setup_links.LinkRefused):
        made(idp)
    setup_links.revoke(valid[0], CODE)
    SetupLink.objects.filter(pk=valid[1].pk).update(expires_at=datetime.now(UTC))
    made(idp)
    made(idp)


def test_the_recipient_is_cut_to_one_line(idp: IdentityProvider) -> None:
    link, _ = made(idp, recipient="Ann\r\nof  \x00Acme" + "x" * 500)

    assert link.recipient.startswith("Ann of Acmex")
    assert len(link.recipient) == 200
    assert Actor.holder(link).name.startswith(f"setup link {link.pk} (Ann of Acme")


def test_the_user_who_made_a_link_is_stored(idp: IdentityProvider) -> None:
    user = UserFactory.create()

    link, _ = setup_links.make(idp, actor=Actor.person(user))

    assert link.created_by == user


# The command


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("make_setup_link", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def test_the_command_prints_the_url_once(idp: IdentityProvider) -> None:
    url = run("--idp", "acme", "--days", "7", "--for", "Ann of Acme")

    link = setup_links.find(url.rpartition("=")[2], timezone.now())
    assert link is not None
    assert (link.identity_provider, link.recipient) == (idp, "Ann of Acme")
    assert timedelta(days=6) < link.expires_at - timezone.now() <= timedelta(days=7)
    assert ConfigurationChange.objects.get(what="setup_link").via == Via.COMMAND


def test_the_command_revokes(idp: IdentityProvider) -> None:
    link, token = made(idp)

    assert str(link.pk) in run("--revoke", str(link.pk))

    assert setup_links.find(token, timezone.now()) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--idp", "nobody"],
        ["--revoke", "4711"],
        ["--idp", "acme", "--days", "31"],
        ["--idp", "acme", "--days", "0"],
        ["--idp", "acme", "--days", "99999999999"],
        ["--tenant", "nobody"],
    ],
)
def test_the_command_reports_errors(idp: IdentityProvider, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)
    assert not SetupLink.objects.exists()


# The admin


ADD = "admin:jitprov_setuplink_add"
LIST = "admin:jitprov_setuplink_changelist"


@pytest.fixture
def superuser(client: Client) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def posted(idp: IdentityProvider, **changes: Any) -> dict[str, Any]:
    return {"identity_provider": idp.pk, "recipient": "Ann", "days": 3, **changes}


@pytest.mark.parametrize("model", ["tenant", "identityprovider"])
def test_one_button_on_the_page_of_a_tenant_or_an_identity_provider_makes_a_link(
    superuser: Client, idp: IdentityProvider, model: str
) -> None:
    row = idp.tenant if model == "tenant" else idp
    shown = superuser.get(reverse(f"admin:jitprov_{model}_change", args=[row.pk])).content.decode()
    found: Any = html.fromstring(shown).xpath(f"//form[@action='{reverse(ADD)}']")
    [form] = found
    fields = {one.get("name"): one.get("value") for one in form.xpath(".//input")}

    page = superuser.post(reverse(ADD), fields)

    link = SetupLink.objects.get()
    assert setup_links.find(page.context["url"].rpartition("=")[2], timezone.now()) == link
    assert (link.identity_provider == idp) == (model == "identityprovider")
    assert link.identity_provider.tenant == idp.tenant
    assert timedelta(days=2) < link.expires_at - timezone.now() <= setup_links.LIFETIME


def test_a_superuser_makes_a_link_and_sees_its_url_once(
    superuser: Client, idp: IdentityProvider
) -> None:
    page = superuser.post(reverse(ADD), posted(idp))

    link = SetupLink.objects.get()
    url = page.context["url"]
    assert url in page.content.decode()
    assert setup_links.find(url.rpartition("=")[2], timezone.now()) == link
    change = reverse("admin:jitprov_setuplink_change", args=[link.pk])
    for other in (change, reverse(LIST), reverse("admin:index")):
        assert url not in superuser.get(other).content.decode()
    assert link.created_by is not None
    assert superuser.get(reverse(ADD), {"identity_provider": idp.pk}).status_code == 200


def test_a_link_for_a_tenant_without_identity_provider_lets_its_holder_choose(
    superuser: Client,
) -> None:
    tenant = TenantFactory.create(name="Hooli")

    page = superuser.post(reverse(ADD), {"tenant": tenant.pk, "days": 3})

    link = SetupLink.objects.get()
    row = link.identity_provider
    assert page.context["url"] in page.content.decode()
    assert (row.tenant, row.preset, row.enabled) == (tenant, "none", False)


@pytest.mark.parametrize("chosen", ["neither", "both"])
def test_a_link_is_for_an_identity_provider_or_for_a_tenant_without(
    superuser: Client, idp: IdentityProvider, chosen: str
) -> None:
    data = {"days": 3}
    if chosen == "both":
        data |= {"identity_provider": idp.pk, "tenant": idp.tenant.pk}

    page = superuser.post(reverse(ADD), data)

    assert "Choose an identity provider, or a tenant without one." in page.content.decode()
    assert not SetupLink.objects.exists()


def test_a_link_is_mailed_by_the_hosts_backend(
    superuser: Client, idp: IdentityProvider, settings: Any, mailoutbox: list[Any]
) -> None:
    settings.JITPROV_PRODUCT_NAME = "Corner Desk"

    page = superuser.post(reverse(ADD), posted(idp, recipient="", email="it@acme.example"))

    [mail] = mailoutbox
    assert "The link was mailed." in page.content.decode()
    assert mail.to == ["it@acme.example"]
    assert mail.subject == "Connect your organisation's directory to Corner Desk"
    assert page.context["url"] in mail.body
    assert SetupLink.objects.get().recipient == "it@acme.example"


def test_a_link_that_cannot_be_mailed_can_still_be_copied(
    superuser: Client,
    idp: IdentityProvider,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refused(_subject: str, text: str, _sender: None, to: list[str]) -> None:
        raise SMTPRecipientsRefused({to[0]: (550, text.encode())})

    monkeypatch.setattr(setup_links, "send_mail", refused)

    page = superuser.post(reverse(ADD), posted(idp, email="it@acme.example"))

    text = page.content.decode()
    assert "The link could not be mailed." in text
    assert page.context["url"] in text
    assert "could not be mailed: SMTPRecipientsRefused" in caplog.text
    assert "it@acme.example" not in caplog.text
    assert page.context["url"] not in caplog.text


def test_the_page_of_an_identity_provider_makes_a_link_by_one_button(
    superuser: Client, idp: IdentityProvider
) -> None:
    page = superuser.get(reverse("admin:jitprov_identityprovider_change", args=[idp.pk]))
    tree: Any = html.fromstring(page.content.decode())
    [form] = [one for one in tree.forms if one.action == reverse(ADD)]

    made_page = superuser.post(reverse(ADD), dict(form.form_values()))

    assert SetupLink.objects.get().identity_provider == idp
    assert 'data-copy="setup-link-url"' in made_page.content.decode()


@pytest.mark.parametrize("days", [0, 31, "x"])
def test_the_limit_on_the_lifetime_holds_for_superusers(
    superuser: Client, idp: IdentityProvider, days: Any
) -> None:
    assert superuser.post(reverse(ADD), posted(idp, days=days)).context["errors"]
    assert not SetupLink.objects.exists()


def test_the_form_says_that_there_are_too_many(superuser: Client, idp: IdentityProvider) -> None:
    for _ in range(setup_links.MAX_ACTIVE):
        made(idp)

    page = superuser.post(reverse(ADD), posted(idp)).content.decode()

    assert "Revoke one first" in page
    assert SetupLink.objects.count() == setup_links.MAX_ACTIVE


def test_a_superuser_revokes(superuser: Client, idp: IdentityProvider) -> None:
    link, token = made(idp)

    superuser.post(reverse(LIST), {"action": "revoke", "_selected_action": [link.pk]})

    assert setup_links.find(token, timezone.now()) is None
    assert steps()[-1][1] == "revoked"


def test_only_superusers_see_links(client: Client, idp: IdentityProvider) -> None:
    user = UserFactory.create(is_staff=True)
    TenantAdministrator.objects.create(user=user, tenant=idp.tenant)
    client.force_login(user)
    link, _ = made(idp)

    assert client.get(reverse(LIST)).status_code == 403
    assert client.post(reverse(ADD), posted(idp)).status_code == 403
    client.post(reverse(LIST), {"action": "revoke", "_selected_action": [link.pk]})
    link.refresh_from_db()
    assert link.revoked_at is None
