"""A door: the commands of ``manage.py``, and how each report is printed.

A command reads its arguments, makes one call and prints what came of it. It never judges by itself what is valid.
"""

from __future__ import annotations
