"""The URLs of a host that has forgotten ours."""

from __future__ import annotations

urlpatterns: list[object] = []
