"""Export the class that hosts subclass, the engine that asks it, and what both return and raise."""

from __future__ import annotations

from jitprov.accounts import (
    Preview,
    Provisioned,
    Rules,
    TryAgain,
    deprovision,
    preview,
    provision,
    reprovision,
)
from jitprov.host.product import Product
from jitprov.host.provisioner import (
    Provisioner,
    ProvisioningRefused,
    provisioner_class,
    provisioner_for,
)
from jitprov.models import Road
from jitprov.provisioning.types import Refuse

__all__ = [
    "Preview",
    "Product",
    "Provisioned",
    "Provisioner",
    "ProvisioningRefused",
    "Refuse",
    "Road",
    "Rules",
    "TryAgain",
    "deprovision",
    "preview",
    "provision",
    "provisioner_class",
    "provisioner_for",
    "reprovision",
]
