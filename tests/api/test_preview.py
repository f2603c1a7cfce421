"""The claims of a preview are not in the report of an exception."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.test import Client
from django.views.debug import ExceptionReporter

from jitprov.host.provisioner import Provisioner
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.person import EMAIL_CLAIM
from tests.support.factories import connected

pytestmark = pytest.mark.django_db

SECRET = "@".join(
    ["somebody.in.particular", "acme.example"]
)  # lines of this file are in the report


class Broken(Provisioner):
    def find(self, claims: Any) -> Any:
        raise RuntimeError("a mistake")


def test_an_exception_in_a_preview_tells_nothing_of_the_claims(
    admin_client: Client, settings: Any
) -> None:
    row = connected(FakeIdentityProvider())
    settings.JITPROV_PROVISIONER = f"{__name__}.Broken"
    said = {row.subject_claim: ["x"], EMAIL_CLAIM: [SECRET]}
    url = f"/sso-api/v1/identity-providers/{row.slug}/preview/"

    try:
        admin_client.post(url, {"claims": said, "recent": False}, content_type="application/json")
    except RuntimeError:
        report = ExceptionReporter(None, *sys.exc_info())
        frames = [one for one in report.get_traceback_frames() if "/jitprov/" in one["filename"]]
    else:
        pytest.fail("nothing was raised")

    assert len(frames) > 3
    assert SECRET not in str([one["vars"] for one in frames])
