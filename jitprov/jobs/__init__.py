"""A floor: when a job is due, who has leased it, and when it is tried again after a failure.

It never knows what a job does. Wings and extras enlist their jobs with :mod:`jitprov.extras`.
"""

from __future__ import annotations

from jitprov.jobs.job import Job, each
from jitprov.jobs.lease import Lease, LeaseLost

__all__ = ["Job", "Lease", "LeaseLost", "each"]
