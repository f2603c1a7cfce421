"""Load Django with everything that a request needs. A process from which others are forked imports this module."""

from __future__ import annotations

import django
from django.urls import get_resolver

django.setup()
get_resolver().url_patterns  # noqa: B018 -- imports the views
