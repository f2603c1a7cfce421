"""Every host's tests: its migrations are made first, and its system checks find nothing."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from jitprov.testing import FakeIdentityProvider


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_blocker) -> None:
    """Check, and make the migrations of the host's own models, before pytest-django makes the database."""
    own = [app for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR]
    with django_db_blocker.unblock():
        call_command("check", fail_level="WARNING")
        if own:
            call_command("makemigrations", *(app.label for app in own), verbosity=0)
    importlib.invalidate_caches()


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()
