"""Limits on requests of one user. The host's ``DEFAULT_THROTTLE_RATES`` may change them, by their ``scope``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rest_framework.settings import api_settings
from rest_framework.throttling import UserRateThrottle

DEFAULT_RATES: Mapping[str, str] = MappingProxyType({"jitprov": "300/min"})


class OrdinaryThrottle(UserRateThrottle):
    """The limit on all requests."""

    scope = "jitprov"

    def get_rate(self) -> str | None:
        # Read here, because DRF would read the settings at import.
        rate: Any = (api_settings.DEFAULT_THROTTLE_RATES or {}).get(
            self.scope, DEFAULT_RATES.get(self.scope)
        )
        return None if rate is None else str(rate)


class CostlyThrottle(OrdinaryThrottle):
    """A further limit on test sign-ins, fetching and previews, if the host sets one: :mod:`jitprov.configuration.limits` counts them."""

    scope = "jitprov-tests"
