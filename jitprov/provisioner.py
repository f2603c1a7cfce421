"""The public door to the class that hosts subclass, and to what they raise and read beside it."""

from __future__ import annotations

from jitprov.accounts.provisioner import Provisioned, Provisioner, ProvisioningRefused

__all__ = ["Provisioned", "Provisioner", "ProvisioningRefused"]
