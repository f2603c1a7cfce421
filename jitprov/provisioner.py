"""Export the class that hosts subclass, the engine that asks it, and what both return and raise."""

from __future__ import annotations

from jitprov.accounts import Preview, Provisioned, Rules, TryAgain, preview, provision
from jitprov.host.product import Product
from jitprov.host.provisioner import (
    Provisioner,
    ProvisioningRefused,
    provisioner_class,
    provisioner_for,
)

__all__ = [
    "Preview",
    "Product",
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
