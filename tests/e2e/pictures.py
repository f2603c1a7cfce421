"""The pictures of the documentation, which only ``make pictures`` takes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e.camera import PICTURES, Camera, Picture
from tests.e2e.chromium import Complaints, chromium
from tests.e2e.demo_site import demo_site
from tests.e2e.story import Story, be_refused, come_in, connect, invite, let_go, look_around
from tests.e2e.visitors import Visitors

INDEX: Mapping[str, Picture] = {
    "add": Picture(shows="the kinds of directories, one of which is pressed"),
    "draft": Picture(shows="a new draft: what to enter in Entra, and what is still to come"),
    "directory": Picture(
        shows="the demo's fake Entra, in which the two URLs are entered and the metadata URL is copied",
        phone=False,
    ),
    "metadata": Picture(shows="where the metadata address is pasted"),
    "metadata-saved": Picture(shows="what is open after the metadata was saved: the test"),
    "mapping": Picture(shows="a row of the claim mappings with three steps"),
    "preview": Picture(shows="what the mapping would do for one person, before it is saved"),
    "report-other-certificate": Picture(
        shows="a failed test: the answer was signed with a certificate that is not stored"
    ),
    "report-no-email": Picture(shows="a failed test: a claim that a mapping requires did not come"),
    "report-switched-off": Picture(
        shows="a failed test: the person's account is switched off", phone=False
    ),
    "report-passed": Picture(shows="a passed test, which offers to enable the sign-in"),
    "enabled": Picture(shows="an identity provider with which people sign in"),
    "refusal": Picture(shows="what a person sees who is refused, with the reference"),
    "why-refused": Picture(shows="where the reference leads: what happened, and what to do"),
    "why-person": Picture(shows="where each field of a person comes from"),
    "overview": Picture(shows="what needs attention, and sign-ins and refusals by day"),
    "events": Picture(shows="the sign-ins and refusals, with the search", phone=False),
    "leaving-preview": Picture(shows="whose access ends, before it does, and the reason"),
    "why-left": Picture(shows="a person whose access has ended: when, by which road and why"),
    "why-ended": Picture(shows="what happened when it ended: who did it, why, and the sessions"),
    "setup-link": Picture(shows="the page that a setup link opens, without an account"),
}
"""The pictures, by the name of the page in the story."""


def take(folder: Path) -> None:
    """Take all pictures while the story runs."""
    camera = Camera(folder=folder, pictures=INDEX)
    story = Story(eyes=[camera])
    with (
        TemporaryDirectory() as data,
        demo_site(Path(data)) as site,
        chromium() as browser,
    ):
        visitors = Visitors(site=site, browser=browser, complaints=Complaints())
        carla = connect(visitors, story)
        come_in(visitors, carla, story)
        be_refused(visitors, carla, story)
        look_around(carla, story)
        let_go(visitors, carla, story)
        invite(visitors, story)


def files() -> set[str]:
    """Return the names of all files."""
    return {file for name, picture in INDEX.items() for file in picture.files(name)}


def main() -> None:
    """Replace all pictures by new ones, or none."""
    with TemporaryDirectory() as taken:
        take(Path(taken))
        shutil.rmtree(PICTURES, ignore_errors=True)
        shutil.copytree(taken, PICTURES)
    for name, picture in INDEX.items():
        sys.stdout.write(f"{', '.join(picture.files(name))}: {picture.shows}\n")


if __name__ == "__main__":
    main()
