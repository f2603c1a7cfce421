"""The versions of Python and of other packages with which `.ci/run` runs the tests."""

from __future__ import annotations
