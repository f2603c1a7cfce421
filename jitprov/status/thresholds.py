"""Say from when on something needs attention: how soon, how often, for how long."""

from __future__ import annotations

from datetime import timedelta

CERTIFICATE_ENDS_WITHIN = (7, 30, 60)
"""Days before the last certificate ends; within the first it is critical."""
REFUSALS_WITHIN = timedelta(hours=24)
REFUSALS_COMPARED_WITH = timedelta(days=14)
"""Before those 24 hours: what is usual."""
REFUSALS_AT_LEAST = 10
"""Fewer are never too many."""
REFUSALS_TIMES_THE_USUAL = 3
"""How many times the daily average is more than usual."""
UNUSED_FOR = timedelta(days=30)
UNUSED_AFTER = timedelta(days=14)
"""Who was enabled only just may still be waiting for the first person."""
CLAIM_MISSED_FOR = timedelta(days=30)
OVERAGE_WITHIN = timedelta(days=7)
