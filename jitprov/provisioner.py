"""The public door to the class that hosts subclass, and to what they raise, call and read beside it."""

from __future__ import annotations

from jitprov.accounts.provisioner import (
    Preview,
    Provisioned,
    Provisioner,
    ProvisioningRefused,
    Rules,
    TryAgain,
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
    "provisioner_class",
    "provisioner_for",
]
