"""Define from which numbers on something needs attention."""

from __future__ import annotations

from datetime import timedelta

CERTIFICATE_ENDS_WITHIN = (7, 30, 60)
"""Days before the last certificate ends; within the first number it is critical, else a warning."""
REFUSALS_WITHIN = timedelta(hours=24)
REFUSALS_COMPARED_WITH = timedelta(days=14)
"""Time before those 24 hours, from which the daily average is taken."""
REFUSALS_AT_LEAST = 10
"""Refusals below which nothing is reported."""
REFUSALS_TIMES_THE_USUAL = 3
"""Multiple of the daily average from which refusals are reported."""
UNUSED_FOR = timedelta(days=30)
UNUSED_AFTER = timedelta(days=14)
"""Time after enabling in which nobody need have signed in."""
CLAIM_MISSED_FOR = timedelta(days=30)
LEAVING_WITHIN = timedelta(days=7)
OVERAGE_WITHIN = timedelta(days=7)
JOB_FAILS_AFTER = 3
"""Failures in a row from which a job is said to fail: the first ones may have been of a moment."""
JOB_LATE_AFTER = timedelta(hours=1)
"""Time after which a job is late that is run more often than that; any other after as long as lies between two runs."""
