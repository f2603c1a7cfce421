"""Check what the settings say of the product, of which a page leaves out what cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from django.apps import AppConfig
from django.core.checks import CheckMessage, Warning, register  # noqa: A004 -- Django's name for it

from jitprov.conf import conf
from jitprov.host.product import COLOUR, is_address

Apps: TypeAlias = Sequence[AppConfig] | None

PRODUCT_NOT_USABLE = "jitprov.W030"


@register("jitprov")
def check_product(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Warn of a colour and of addresses that cannot be used."""
    addresses = {"PRODUCT_LOGO": conf.PRODUCT_LOGO, "RETURN_URL": conf.RETURN_URL}
    hints = {
        name: "Give an https URL, or a path of the application that begins with /."
        for name, address in addresses.items()
        if address and not is_address(address)
    }
    if conf.PRODUCT_COLOUR and not COLOUR.fullmatch(conf.PRODUCT_COLOUR):
        hints["PRODUCT_COLOUR"] = 'Give six hexadecimal digits, such as "#1d4ed8".'
    return [
        Warning(
            f"JITPROV_{name} cannot be used, and is left out.", hint=hint, id=PRODUCT_NOT_USABLE
        )
        for name, hint in hints.items()
    ]
