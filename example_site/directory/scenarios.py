"""Scenarios that change a response: news in the directory, or an attack on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from lxml import etree

from example_site.directory.keys import kept_key_pair
from example_site.directory.people import JOB_TITLE_CLAIM
from jitprov.testing import Knobs, Person

_VALUE = "{urn:oasis:names:tc:SAML:2.0:assertion}AttributeValue"


def _as_it_is(person: Person) -> Person:
    return person


def _nothing() -> Knobs:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One choice below the people."""

    key: str
    label: str
    attack: bool = False
    change: Callable[[Person], Person] = _as_it_is
    """The change of the person in the directory."""
    knobs: Callable[[], Knobs] = _nothing
    """The changes of the response."""


def _promoted(person: Person) -> Person:
    title = str(person.extra.get(JOB_TITLE_CLAIM) or "Colleague")
    return replace(person, extra={**person.extra, JOB_TITLE_CLAIM: f"Senior {title.lower()}"})


def _married(person: Person) -> Person:
    surname = f"{person.surname}-Miller"
    return replace(person, surname=surname, display_name=f"{person.given_name} {surname}")


def _without_email(person: Person) -> Person:
    return replace(person, email="")


def _somebody_else(response: etree._Element) -> None:
    """Change every address after the signature, as a browser extension could."""
    for value in response.iter(_VALUE):
        if value.text and "@" in value.text:
            value.text = "the.boss@" + value.text.partition("@")[2]


SCENARIOS: Mapping[str, Scenario] = {
    scenario.key: scenario
    for scenario in (
        Scenario(key="as-it-is", label="Nothing has changed"),
        Scenario(key="promoted", label="After a promotion: another job title", change=_promoted),
        Scenario(key="married", label="After a wedding: another surname", change=_married),
        Scenario(
            key="no-email",
            label="After the e-mail claim was deleted",
            change=_without_email,
        ),
        Scenario(
            key="other-certificate",
            label="After a change of certificate that nobody here was told of",
            knobs=lambda: {"signing_key_pair": kept_key_pair("unannounced")},
        ),
        Scenario(
            key="tampered",
            label="With another e-mail address, written in on the way",
            attack=True,
            knobs=lambda: {"mutate_after_signing": _somebody_else},
        ),
        Scenario(
            key="unsigned",
            label="Without a signature",
            attack=True,
            knobs=lambda: {"sign": None},
        ),
        Scenario(
            key="elsewhere",
            label="Meant for another application",
            attack=True,
            knobs=lambda: {"audience_restrictions": [["https://another.example"]]},
        ),
        Scenario(
            key="stale",
            label="Two hours old",
            attack=True,
            knobs=lambda: {"now": datetime.now(UTC) - timedelta(hours=2)},
        ),
    )
}
"""The scenarios by key; the first one changes nothing."""
