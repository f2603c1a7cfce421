"""A tenant's admin connects a directory in a real browser, and explains a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from example_site.directory.people import INITECH_DIRECTORY
from tests.e2e.chromium import Complaints, chromium
from tests.e2e.demo_site import demo_site
from tests.e2e.journey import ItAdmin
from tests.e2e.peers import require_chromium
from tests.e2e.story import Story, be_refused, come_in, connect, let_go, look_around, pry
from tests.e2e.visitors import Visitors

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finished story. Its browser is closed, so that Django may be used again."""

    story: Story
    complaints: list[str]
    seen_by_another_admin: dict[str, str]

    def __getitem__(self, page: str) -> str:
        return self.story.texts[page]


@contextmanager
def visitors_of_a_demo(folder: Path, *, scripts: bool) -> Iterator[Visitors]:
    require_chromium()
    with demo_site(folder) as site, chromium() as browser:
        yield Visitors(site=site, browser=browser, complaints=Complaints(), scripts=scripts)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    story = Story()
    with visitors_of_a_demo(tmp_path_factory.mktemp("demo"), scripts=True) as visitors:
        carla = connect(visitors, story)
        come_in(visitors, carla, story)
        be_refused(visitors, carla, story)
        look_around(carla, story)
        let_go(visitors, carla, story)
        complaints = list(visitors.complaints.heard)
        seen = pry(visitors, story)
    return Told(story=story, complaints=complaints, seen_by_another_admin=seen)


def test_a_draft_lists_our_values_their_places_and_the_missing_steps(told: Told) -> None:
    page = told["draft"]

    assert "Nobody can sign in yet." in page
    assert "The identity provider's metadata has not been imported yet." in page
    assert "Single sign-on > Basic SAML Configuration." in page
    assert "Identifier (Entity ID): Exactly this value" in page
    assert "Reply URL (Assertion Consumer Service URL): The final slash" in page


def test_a_value_is_copied_by_its_button(told: Told) -> None:
    assert re.fullmatch(r"http://localhost:\d+/saml/initech/acs/", told["copied"])


def test_metadata_from_a_url_is_saved_and_leads_to_the_test(told: Told) -> None:
    page = told["metadata-saved"]

    assert "The metadata was saved." in page
    assert f"https://sts.windows.net/{INITECH_DIRECTORY}/, 1 certificate" in page
    assert "You sign in at your identity provider once" in page
    assert "There is no signing certificate." not in page


def test_metadata_is_later_shown_before_it_is_saved(told: Told) -> None:
    page = told["understood"]

    assert f"/{INITECH_DIRECTORY}/saml2 HTTP-Redirect" in page
    assert "Nothing: all of this is stored already." in page


def test_a_changed_mapping_is_previewed_before_it_is_saved(told: Told) -> None:
    preview = told["preview"].partition("What would happen")[2]

    assert "peter.porter@initech.example" in preview
    assert "Engineering" in preview
    assert "The configuration was saved." in told["mapping-saved"]


@pytest.mark.parametrize(
    ("page", "facts"),
    [
        pytest.param(
            "report-other-certificate",
            [
                "None of the certificates stored here verifies the signature",
                "Copy the App Federation Metadata Url again",
                "SAML Certificates > App Federation Metadata Url",
            ],
            id="another certificate",
        ),
        pytest.param(
            "report-no-email",
            [
                "your identity provider sent none for this person",
                "add the claim under Attributes & Claims",
                "Attributes & Claims > Edit > Add new claim",
            ],
            id="a missing claim",
        ),
        pytest.param(
            "report-switched-off",
            [
                "The person's account here was switched off.",
                "Have the account switched on again",
                "Ask the support of this application.",
            ],
            id="an account that is switched off",
        ),
    ],
)
def test_a_failed_test_shows_its_cause_and_remedy(told: Told, page: str, facts: list[str]) -> None:
    report = told[page]

    assert "Failed" in report
    assert [fact for fact in facts if fact not in report] == []
    assert "Enable the sign-in" not in report


def test_a_passed_test_shows_the_origin_of_each_field_and_offers_to_enable(told: Told) -> None:
    report = told["report-passed"]

    assert "Passed A new account would be made." in report
    assert "Last value → ENGINEERING\nTitle case → Engineering" in report
    assert "People can sign in." in told["enabled"]


def test_a_new_person_signs_in(told: Told) -> None:
    page = told["signed-in"]

    assert "Peter Porter" in page
    assert "Your account was created by this sign-in." in page


@pytest.mark.parametrize(
    ("field", "value", "claim"),
    [
        ("First name", "Peter", "First name"),
        ("Last name", "Porter", "Last name"),
        ("Email address", "peter.porter@initech.example", "E-mail address"),
        ("Username", "peter.porter@initech.example", "Name, usually the user principal name"),
        ("Department", "Engineering", "department"),
    ],
)
def test_the_page_of_a_person_shows_the_claim_of_each_field(
    told: Told, field: str, value: str, claim: str
) -> None:
    rows = told.story.rows["why-person"]

    [row] = [row for row in rows if row.lower().startswith(f"{field} {value} ".lower())]

    assert f"{claim} initech (SAML)" in row
    assert "initech: at every sign-in" in row


def test_the_reference_of_a_refusal_leads_to_its_cause(told: Told) -> None:
    assert "You could not be signed in" in told["refusal"]
    [reference] = set(re.findall(r"\b[2-9A-HJKMNP-Z]{10}\b", told["refusal"]))
    page = told["why-refused"]
    assert f"Sign-in {reference}" in page
    assert "Email address" in page
    assert "Attributes & Claims > Edit > Add new claim" in page


def test_no_page_violates_a_strict_content_security_policy(told: Told) -> None:
    assert told.complaints == []


def test_another_tenants_admin_finds_nothing(told: Told) -> None:
    pages = told.seen_by_another_admin

    assert {url for url, text in pages.items() if "initech" in text.lower()} == set()
    assert {url for url, text in pages.items() if re.search(r"/\d+/", url) and text} == set()
    assert {url for url, text in pages.items() if "acme" in text.lower()} != set()


def test_a_person_whose_access_is_taken_away_is_out_and_the_pages_say_why(told: Told) -> None:
    assert "1 person is signed out at their next request" in told["leaving-preview"]
    assert "The access of 1 person has ended." in told["leaving-done"]
    assert "Left the company" in told["why-left"]
    assert "switched off" in told["refused-after-leaving"]
    assert "carla" in told["why-ended"]
    assert "The account was switched off with it." in told["why-ended"]


def test_a_session_that_has_ended_loses_nothing_of_what_was_typed(tmp_path: Path) -> None:
    with visitors_of_a_demo(tmp_path, scripts=True) as visitors:
        carla = ItAdmin(visitor=visitors.new())
        carla.visitor.log_into_admin("carla")
        carla.begin()
        carla.make_draft("initech")
        here = carla.page.url
        carla.add_claim("department", "department", {"split": {"separator": "/"}})
        carla.page.context.clear_cookies(name="sessionid")
        carla.save()
        carla.visitor.log_in("carla")
        came_back_to = carla.page.url
        carla.visitor.follow(carla.page.get_by_role("button", name="Show what I typed"))
        row = carla.page.locator("[data-table=claim_mappings] > [data-row]").last
        shown = row.locator("[name$=-sources]").input_value()
        step = row.locator("[name$=-separator]").input_value()
        carla.save()
        saved = carla.page.locator("#claims").inner_text()
        is_offered = carla.page.locator("[data-kept]").is_visible()

    assert came_back_to.partition("?")[0] == here.partition("?")[0]
    assert (shown, step) == ("department", "/")
    assert "The configuration was saved." in saved
    assert not is_offered


def test_the_journey_works_without_scripts(tmp_path: Path) -> None:
    story = Story()
    with visitors_of_a_demo(tmp_path, scripts=False) as visitors:
        connect(visitors, story, detours=False)

    assert "Engineering" in story.texts["preview"].partition("What would happen")[2]
    assert "Passed A new account would be made." in story.texts["report-passed"]
    assert "People can sign in." in story.texts["enabled"]
    assert visitors.complaints.heard == []


def test_a_page_that_is_opened_again_does_not_offer_what_was_answered(tmp_path: Path) -> None:
    """What was sent from one page of an identity provider is answered at another."""
    with visitors_of_a_demo(tmp_path, scripts=True) as visitors:
        carla = connect(visitors, Story(eyes=[]))
        here = carla.page.url.partition("#")[0]
        offered = []
        for url in (here, here.replace("/metadata/", "/change/")):
            carla.page.goto(url)
            offered.append(carla.page.locator("[data-kept]").is_visible())

    assert here.endswith("/metadata/")
    assert offered == [False, False]
