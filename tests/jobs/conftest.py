from __future__ import annotations

import pytest

from tests.jobs.clocks import Clock, stopped


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped(monkeypatch)
