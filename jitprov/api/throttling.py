"""How often one user may ask. The host's ``DEFAULT_THROTTLE_RATES`` may say otherwise, by the names of the scopes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rest_framework.settings import api_settings
from rest_framework.throttling import UserRateThrottle

DEFAULT_RATES: Mapping[str, str] = MappingProxyType(
    {"jitprov": "300/min", "jitprov-tests": "20/min"}
)


class OrdinaryThrottle(UserRateThrottle):
    """For everything."""

    scope = "jitprov"

    def get_rate(self) -> str | None:
        # Read when it is used: DRF would have kept what the settings were at import.
        rate: Any = (api_settings.DEFAULT_THROTTLE_RATES or {}).get(
            self.scope, DEFAULT_RATES[self.scope]
        )
        return None if rate is None else str(rate)


class CostlyThrottle(OrdinaryThrottle):
    """For what makes us talk to other machines, or keeps much: test sign-ins, fetching, previews."""

    scope = "jitprov-tests"
