"""Why? For a person: where each of their values and groups comes from. For an attempt: what happened and what to do.

Everything is made from what sign-ins left behind, within a scope, so that the admin's pages and
``manage.py explain_user`` say the same.
"""

from __future__ import annotations

from jitprov.explain.attempts import EventExplanation, explain_event
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
    "matching_names",
    "user_by_key",
]
