"""A door: the REST API, for hosts that build their own settings page: ``pip install "jitprov[api]"``.

It is a Django app of its own, which nothing else in jitprov imports. It never decides anything: :mod:`jitprov.scope`
limits the rows, and :mod:`jitprov.configuration` judges, saves and records changes.
"""

from __future__ import annotations

__all__ = ["permissions", "urls"]
