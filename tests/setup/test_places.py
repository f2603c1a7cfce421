"""A remedy leads to the section of the page where something can be changed about it."""

from __future__ import annotations

import pytest

from jitprov.setup.places import SECTION_OF, place_on
from jitprov.setup.sections import SECTIONS
from jitprov.status import watched
from jitprov.words.remedies import REMEDIES

PAGE = "/admin/acme/"
FOUND = {kind.code for kind in watched.kinds()}


@pytest.mark.parametrize("code", SECTION_OF)
def test_each_code_is_known_and_leads_to_a_section(code: str) -> None:
    assert code in {*REMEDIES, *FOUND}
    assert SECTION_OF[code] in {section.name for section in SECTIONS}


def test_a_finding_about_trust_leads_to_what_waits() -> None:
    assert "trust_waits" in FOUND
    assert place_on(PAGE, "trust_waits") == f"{PAGE}#trust"


def test_a_code_about_which_nothing_can_be_changed_leads_nowhere() -> None:
    assert place_on(PAGE, "account_disabled") == ""


def test_a_missing_claim_leads_to_the_mappings() -> None:
    assert place_on(PAGE, "required_claim_missing") == f"{PAGE}?step=claims#claims"
