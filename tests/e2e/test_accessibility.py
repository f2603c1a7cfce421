"""Accessibility of every page of ours, checked by axe-core in both widths, in light and dark colours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.axe import Axe
from tests.e2e.chromium import Complaints, chromium
from tests.e2e.demo_site import demo_site
from tests.e2e.peers import require_axe, require_chromium
from tests.e2e.story import Story, be_refused, come_in, connect, invite, let_go, look_around
from tests.e2e.visitors import Visitors

pytestmark = pytest.mark.e2e


def test_axe_finds_no_violation_on_any_page(tmp_path: Path) -> None:
    require_chromium()
    require_axe()
    axe = Axe()
    story = Story(eyes=[axe])
    with demo_site(tmp_path) as site, chromium() as browser:
        visitors = Visitors(site=site, browser=browser, complaints=Complaints(), bypass_csp=True)
        somebody = visitors.new().page
        somebody.goto(f"{site.product}/saml/")
        story.show(somebody, "discovery")
        carla = connect(visitors, story)
        come_in(visitors, carla, story)
        be_refused(visitors, carla, story)
        look_around(carla, story)
        let_go(visitors, carla, story)
        invite(visitors, story)

    assert len(axe.seen) > 20
    assert [f"{where}: {what}" for what, where in axe.found.items()] == []
