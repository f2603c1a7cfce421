"""A setup link in a real browser, with a strict Content-Security-Policy, with and without JavaScript."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

import jitprov
from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider, Tenant, Via
from jitprov.saml.sp_metadata import sp_metadata
from jitprov.setup.link_cookies import HOLDER
from jitprov.testing import rsa_key_pair
from tests.e2e.chromium import Complaints, chromium
from tests.e2e.conftest import Start
from tests.e2e.directory import ANN_AT_WORK, Behaviour
from tests.e2e.peers import require_chromium
from tests.e2e.test_chromium import fill_in
from tests.support.accounts.models import User

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link to a draft, with the identity provider's metadata."""

    url: str
    metadata: str
    login_url: str


@pytest.fixture
def invitation(start_pysaml2: Start, live_server: LiveServer, settings: Settings) -> Invitation:
    require_chromium()
    settings.JITPROV_BASE_URL = live_server.url
    settings.JITPROV_SP_KEY_PAIRS = [rsa_key_pair("sp")]
    settings.STATIC_ROOT = str(Path(jitprov.__file__).parent / "static")
    settings.DEBUG = (
        True  # otherwise metadata with http URLs would be refused, although they are on loopback
    )
    idp = start_pysaml2(Behaviour())
    idp.know({"ann": ANN_AT_WORK})
    tenant = Tenant.objects.create(slug="acme", name="Acme")
    link, url = setup_links.make_for_tenant(tenant, actor=Actor(via=Via.CODE, name="the tests"))
    row = link.identity_provider
    idp.trust(sp_metadata(row.as_service_provider(), now=timezone.now()))
    return Invitation(url=url, metadata=idp.metadata().decode(), login_url=row.url("login"))


def open_link(page: Page, url: str) -> None:
    page.goto(url)
    page.click("main [type=submit]")
    page.wait_for_url("**/saml/setup/")


def give_metadata(page: Page, document: str) -> None:
    page.click("#metadata > details > summary")
    page.get_by_text("There is no address: give a file or text").click()
    page.fill("textarea[name=metadata-xml]", document)
    page.click("[name=_read]")
    page.wait_for_url("**/saml/setup/#metadata")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_holder_of_a_link_connects_a_directory(invitation: Invitation, scripts: bool) -> None:
    complaints = Complaints()
    with chromium() as browser:
        context = browser.new_context(java_script_enabled=scripts)
        complaints.listen(context)
        page = context.new_page()
        open_link(page, invitation.url)
        give_metadata(page, invitation.metadata)
        page.click("#test [type=submit]")
        page.wait_for_url("http://127.0.0.1:*/**")
        fill_in(page)
        if not scripts:
            page.click("input[type=submit], button[type=submit]")
        page.wait_for_url("**/saml/setup/tests/*/")
        report = page.inner_text("body")
        page.click("[name=_enable]")
        page.wait_for_url("**/saml/setup/?step=enable#enable")
        enabled = page.inner_text("body")
        [cookie] = [one for one in page.context.cookies() if one["name"] == HOLDER]

    assert "Passed" in report
    assert ANN_AT_WORK.email in report
    assert "The sign-in is enabled." in enabled
    assert (cookie["sameSite"], cookie["secure"], cookie["httpOnly"]) == ("Lax", True, True)
    assert complaints.heard == []
    assert not User.objects.exists()
    assert IdentityProvider.objects.get().enabled


def test_the_identity_provider_gets_no_referrer(invitation: Invitation) -> None:
    """Neither the URL of the page nor that of the link is sent in a Referer."""
    with chromium() as browser:
        page = browser.new_page()
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.headers.get("referer", "")))
        open_link(page, invitation.url)
        page.reload()

    assert all("/setup" not in referer for referer in sent)
