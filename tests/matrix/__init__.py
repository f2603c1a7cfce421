"""Which Pythons and which versions of other packages `.ci/run` runs the tests with."""

from __future__ import annotations
