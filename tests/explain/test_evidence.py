"""Remedies that follow from what was expected and what came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jitprov.explain import explain_event
from jitprov.explain.evidence import by_evidence
from jitprov.models import IdentityProvider, ProvisioningEvent, SigningCertificate
from jitprov.provisioning.presets import Preset
from jitprov.testing import FakeIdentityProvider, rsa_key_pair
from jitprov.testing.round_trip import SignIn
from jitprov.words.remedies import remedy
from tests.support.factories import connected

pytestmark = pytest.mark.django_db

NOW = "2026-08-01T10:00:00Z ± 120 s"
CHANGED = "changed on its way"
ZONE = "looks like a time zone"


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def idp(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake, slug="acme")


@pytest.fixture
def happened(client: Any, idp: IdentityProvider, fake: FakeIdentityProvider) -> Callable[..., str]:
    def refuse(**knobs: Any) -> str:
        assert SignIn(client)(idp, fake, **knobs).status_code == 403
        found = explain_event(ProvisioningEvent.objects.latest("pk")).remedy
        assert found is not None
        return f"{found.happened} {found.fix}"

    return refuse


def change_the_audience(response: Any) -> None:
    """Change a signed part of the message."""
    for element in response.iter("{urn:oasis:names:tc:SAML:2.0:assertion}Audience"):
        element.text += "x"


def test_a_message_that_names_the_stored_certificate_was_changed_on_its_way(
    happened: Callable[..., str],
) -> None:
    said = happened(mutate_after_signing=change_the_audience)
    assert CHANGED in said
    assert "was not renewed" in said


def test_a_message_that_names_another_certificate_is_a_renewal(
    happened: Callable[..., str], idp: IdentityProvider
) -> None:
    SigningCertificate.objects.filter(identity_provider=idp).delete()
    SigningCertificate.objects.create(
        identity_provider=idp, pem=rsa_key_pair("another").certificate
    )
    said = happened()
    assert "was not renewed" not in said
    assert "renewed" in said


@pytest.mark.parametrize(
    ("hours", "zone"),
    [(1, "1:00"), (2.01, "2:00"), (5.5, "5:30"), (-8, "8:00")],
)
def test_a_clock_that_is_off_by_hours_is_a_time_zone(
    happened: Callable[..., str], hours: float, zone: str
) -> None:
    moment = datetime.now(UTC) + timedelta(hours=hours)
    said = happened(
        **({"not_before": moment} if hours > 0 else {"not_on_or_after": moment}),
    )
    assert f"The two clocks are {zone} hours apart" in said


@pytest.mark.parametrize(
    ("code", "received"),
    [
        ("not_yet_valid", "2026-08-01T10:17:00Z"),
        ("not_yet_valid", "2026-08-01T10:30:00Z"),
        ("not_yet_valid", "2026-08-03T10:00:00Z"),
        ("not_yet_valid", "tomorrow"),
        ("session_over", "2026-08-01T08:00:00Z"),
    ],
)
def test_a_clock_that_is_off_by_something_else_is_a_clock(code: str, received: str) -> None:
    general = remedy(code, Preset.ENTRA)
    assert by_evidence(general, code, NOW, [received]) == general


@pytest.mark.parametrize(
    ("expected", "received"),
    [("", []), ("", ["KeyInfo: "]), ("ab:cd", []), ("ab:cd, ef:01", ["KeyInfo: cd"])],
)
def test_a_certificate_that_is_not_stored_is_no_evidence(
    expected: str, received: list[str]
) -> None:
    general = remedy("signature_invalid", Preset.ENTRA)
    assert by_evidence(general, "signature_invalid", expected, received) == general
