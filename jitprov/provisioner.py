"""The public door to the class that hosts subclass, to the engine that asks it, and to what both raise and return."""

from __future__ import annotations

from jitprov.accounts import Preview, Provisioned, Rules, TryAgain, preview, provision
from jitprov.host.provisioner import (
    Provisioner,
    ProvisioningRefused,
    provisioner_class,
    provisioner_for,
)

__all__ = [
    "Preview",
    "Provisioned",
    "Provisioner",
    "ProvisioningRefused",
    "Rules",
    "TryAgain",
    "preview",
    "provision",
    "provisioner_class",
    "provisioner_for",
]
