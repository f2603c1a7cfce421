"""A reader: where a person's values and groups come from, what an attempt came to, who changed the configuration.

Everything is read within a scope from what sign-ins and changes left behind, so that the admin, the API and
``manage.py explain_user`` say the same. It never writes.
"""

from __future__ import annotations

from jitprov.explain.events import EventExplanation, explain_event
from jitprov.explain.people import UserExplanation, explain_user
from jitprov.explain.plain import as_json
from jitprov.explain.search import find_users, matching_names, user_by_key

__all__ = [
    "EventExplanation",
    "UserExplanation",
    "as_json",
    "explain_event",
    "explain_user",
    "find_users",
    "history",
    "matching_names",
    "user_by_key",
]
