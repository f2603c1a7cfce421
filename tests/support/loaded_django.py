"""Imported by a process that others are forked from: Django with everything that a request would load."""

from __future__ import annotations

import django
from django.urls import get_resolver

django.setup()
get_resolver().url_patterns  # noqa: B018 -- imports the views
