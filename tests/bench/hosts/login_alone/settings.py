from __future__ import annotations

from tests.bench.hosts.settings import *  # noqa: F403 -- settings are extended like this

ROOT_URLCONF = "tests.bench.hosts.login_alone.urls"
