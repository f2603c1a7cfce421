"""A writer: the engine that makes an account agree with what a source says about a person, and that ends access.

Whoever provisions (SAML today) calls :func:`provision` with claims and nothing else. It never reads a protocol,
never decides by itself (:mod:`jitprov.provisioning` does), and never shows anything to anybody.
"""

from __future__ import annotations

from jitprov.accounts.access import deprovision, reprovision
from jitprov.accounts.contention import TryAgain
from jitprov.accounts.desired import Rules
from jitprov.accounts.engine import Admit, Provisioned, provision
from jitprov.accounts.judging import Preview, preview

__all__ = [
    "Admit",
    "Preview",
    "Provisioned",
    "Rules",
    "TryAgain",
    "deprovision",
    "preview",
    "provision",
    "reprovision",
]
