"""The bounds of a setup link: it reaches the set-up of its one identity provider and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from jitprov.configuration import enabling
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.models import (
    ClaimMapping,
    ConfigurationChange,
    EmailDomain,
    GroupMapping,
    IdentityProvider,
    SigningCertificate,
    TestSignIn,
)
from jitprov.sign_in import rehearsal
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.person import EMAIL_CLAIM, OBJECT_ID_CLAIM
from jitprov.testing.round_trip import SignIn
from tests.support.accounts.models import User
from tests.support.factories import UserFactory, connected, map_group
from tests.support.setup_link_holder import SETUP, Holder, as_shown, made

pytestmark = pytest.mark.django_db


@pytest.fixture
def holder(idp: IdentityProvider) -> Holder:
    holder = Holder(idp)
    holder.open()
    return holder


@pytest.fixture
def theirs() -> IdentityProvider:
    row = connected(FakeIdentityProvider(), slug="theirs")
    map_group(row, "finance")
    return row


# One identity provider only


def test_primary_keys_of_another_tenants_rows_have_no_effect(
    holder: Holder, theirs: IdentityProvider
) -> None:
    mapping, group = theirs.claim_mappings.all()[0], theirs.group_mappings.get()
    certificate = theirs.certificates.get()
    before = [
        list(model.objects.filter(identity_provider=theirs).values())
        for model in (ClaimMapping, GroupMapping, SigningCertificate)
    ]

    holder.save(
        **{
            "claim_mappings-0-id": mapping.pk,
            "claim_mappings-0-DELETE": "on",
            "claim_mappings-1-id": mapping.pk,
            "claim_mappings-1-identity_provider": theirs.pk,
            "claim_mappings-1-sources": "stolen",
            "group_mappings-TOTAL_FORMS": "1",
            "group_mappings-INITIAL_FORMS": "1",
            "group_mappings-0-id": group.pk,
            "group_mappings-0-DELETE": "on",
            "certificates-0-id": certificate.pk,
            "certificates-0-DELETE": "on",
            "identity_provider": theirs.pk,
        }
    )

    after = [
        list(model.objects.filter(identity_provider=theirs).values())
        for model in (ClaimMapping, GroupMapping, SigningCertificate)
    ]
    assert before == after


def test_columns_that_are_not_on_the_page_cannot_be_posted(
    holder: Holder, theirs: IdentityProvider
) -> None:
    before = IdentityProvider.objects.filter(pk=holder.row.pk).values().get()

    assert (
        holder.save(
            **{
                "admission-link_existing_users": "on",
                "link_existing_users": "on",
                "email_domains-TOTAL_FORMS": "1",
                "email_domains-INITIAL_FORMS": "0",
                "email_domains-0-domain": "victim.example",
                "tenant": theirs.tenant_id,
                "by_hand-tenant": theirs.tenant_id,
                "slug": "theirs-too",
                "by_hand-slug": "theirs-too",
                "enabled": "",
                "admission-enabled": "",
                "by_hand-tested_digest": "0" * 64,
            }
        ).status_code
        == 302
    )

    after = IdentityProvider.objects.filter(pk=holder.row.pk).values().get()
    for name in ("link_existing_users", "tenant_id", "slug", "enabled", "tested_digest"):
        assert after[name] == before[name], name
    assert not EmailDomain.objects.exists()
    assert not re.search("link_existing_users|email_domains|_override|deletelink", holder.text())


def test_a_setup_link_cannot_enable_without_a_test(holder: Holder) -> None:
    holder.switch("_disable")

    holder.switch("_enable")
    holder.switch("_override")

    holder.row.refresh_from_db()
    assert not holder.row.enabled
    assert enabling.Missing.TEST in enabling.missing(holder.row)


def test_a_report_is_shown_to_the_link_that_began_its_test_only(
    holder: Holder, theirs: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    report = holder.test(fake_identity_provider)["Location"]
    colleague = Holder(holder.row)
    stranger = Holder(theirs)
    for other in (colleague, stranger):
        other.open()
        assert other.client.get(report).status_code == 404
        assert TestSignIn.objects.get().reference not in other.text()
    assert Client().get(report).status_code == 404
    answer = holder.client.get(report)
    assert answer.status_code == 200
    assert ANN.email in answer.content.decode()


def test_the_report_of_a_users_test_is_not_shown_to_a_link(holder: Holder) -> None:
    actor = Actor.person(UserFactory.create())
    test = rehearsal.begin(holder.row, actor=actor, report_url="/")
    rehearsal.complete(
        holder.row,
        "junk",
        rehearsal.ask(test, holder.row)[1],
        now=timezone.now(),
    )

    assert holder.client.get(f"/saml/setup/tests/{test.reference}/").status_code == 404
    assert test.reference not in holder.text()


def test_an_identity_provider_may_have_the_slug_setup(
    fake_identity_provider: FakeIdentityProvider,
) -> None:
    row = connected(fake_identity_provider, slug="setup")

    assert SignIn(Client())(row, fake_identity_provider, ANN).status_code == 302
    assert Client().get("/saml/setup/metadata/")["Content-Type"] == "application/samlmetadata+xml"


def test_changes_and_claims_of_others_are_not_shown(
    holder: Holder, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider
) -> None:
    saml_sign_in(holder.row, fake_identity_provider, ANN)
    colleague = UserFactory.create(username="colleague-of-the-host")
    with audit.recorded(holder.row, Actor.person(colleague)):
        ClaimMapping.objects.filter(target="email").update(required=True)
    EmailDomain.objects.create(identity_provider=holder.row, domain="acme.example")

    shown = holder.text()
    assert Actor.holder(holder.link).name in shown  # opened it
    preview = holder.client.post(SETUP, {**as_shown(shown), "_preview": "1"}).content.decode()

    for text in (shown, preview):
        assert colleague.username not in text
        assert ANN.email not in text
        assert "acme.example" not in text
    assert "What would happen" in preview


def test_pasted_claims_are_previewed(holder: Holder) -> None:
    claims = json.dumps({OBJECT_ID_CLAIM: "4711", EMAIL_CLAIM: "bob@acme.example"})

    preview = holder.client.post(
        SETUP, {**as_shown(holder.text()), "preview-pasted": claims, "_preview": "1"}
    ).content.decode()

    assert "bob@acme.example" in preview
    assert not User.objects.exists()


def test_a_link_is_not_told_that_another_tenant_has_the_same_directory(holder: Holder) -> None:
    elsewhere = FakeIdentityProvider(tenant_id="elsewhere")
    connected(elsewhere, slug="neighbour")

    reading = holder.client.post(
        reverse("jitprov:setup-metadata"),
        {"metadata-xml": elsewhere.metadata_xml(), "_read": "1"},
    ).context["reading"]

    assert reading.issuer == elsewhere.entity_id
    assert not any("customer" in str(warning) for warning in reading.warnings)


# Nothing besides the set-up


def test_the_cookie_has_no_effect_on_the_rest_of_the_site(holder: Holder) -> None:
    client = holder.client

    assert client.get("/").content == b"AnonymousUser"
    for url in admin_urls(holder.row):
        answer = client.get(url)
        assert answer.status_code in {302, 404}, url
        if answer.status_code == 302:
            assert "/admin/login/" in answer["Location"] or answer["Location"] == url + "/"
    assert not Session.objects.exists()


def admin_urls(row: IdentityProvider) -> list[str]:
    models = ["identityprovider", "setuplink", "provisioningevent", "externalidentity"]
    lists = [reverse(f"admin:jitprov_{model}_changelist") for model in models]
    pages = [reverse("admin:jitprov_identityprovider_change", args=[row.pk])]
    return ["/admin/", *lists, *pages, *(f"{page}{row.pk}/delete/" for page in lists)]


def test_unknown_urls_below_setup_answer_404(holder: Holder) -> None:
    known = {str(one.pattern) for one in get_resolver("jitprov.urls").url_patterns}
    assert len([pattern for pattern in known if pattern.lstrip("^").startswith("setup/")]) == 10
    for rest in ("tests/../../admin/", "delete/now/", "history/1/", "tests/1/x/", "people/1/"):
        assert holder.client.get(f"{SETUP}{rest}").status_code == 404


def test_a_signed_in_user_has_the_links_rights_and_no_others(
    idp: IdentityProvider, theirs: IdentityProvider
) -> None:
    superuser = UserFactory.create(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(superuser)
    assert client.get(SETUP).status_code == 404
    holder = Holder(idp, client)
    holder.open()

    text = holder.text()
    assert superuser.username not in text
    assert 'href="/admin/' not in text
    holder.switch("_disable")
    holder.switch("_override")
    idp.refresh_from_db()
    assert not idp.enabled
    last = ConfigurationChange.objects.latest("pk")
    assert (last.user, last.actor) == (None, Actor.holder(holder.link).name)
    assert client.get("/").content.decode() == str(superuser)  # still signed in elsewhere


def test_a_browser_without_the_cookie_is_refused(holder: Holder) -> None:
    holder.client.logout()
    holder.client.cookies.clear()

    assert holder.page().status_code == 404


# SQL statements


def test_rows_of_others_do_not_add_statements_to_the_page(
    holder: Holder, django_assert_max_num_queries: Any
) -> None:
    holder.page()
    with django_assert_max_num_queries(40) as few:
        holder.page()
    for number in range(5):
        row = connected(FakeIdentityProvider(), slug=f"more-{number}")
        map_group(row, "finance")
        made(row)
    with django_assert_max_num_queries(len(few)):
        holder.page()


def test_the_pages_take_nothing_from_the_hosts_admin(holder: Holder) -> None:
    text = holder.text()

    assert "jitprov/jitprov.css" in text
    assert "admin/" not in text
    assert 'id="jitprov-configuration"' in text
