"""The product as the people of a tenant know it: its name, logo and colour, whom to ask, and the way back to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.urls import reverse

from jitprov.conf import conf

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What setup links, refusals and the page that asks for an e-mail address say of the product.

    What cannot be used is left out: a page must be shown whatever is wrong here.
    """

    name: str = ""
    logo: str = ""
    """The URL of a picture: https, or a path of the application."""
    colour: str = ""
    """The colour of the buttons, as ``#1d4ed8``."""
    support: str = ""
    """An e-mail address or a URL, or a text that says whom to ask."""
    return_url: str = ""
    """Where somebody goes who is done with a setup link: https, or a path of the application."""

    @classmethod
    def from_settings(cls) -> Product:
        """Return the product of the settings, which is that of every tenant by default."""
        return cls(
            name=conf.PRODUCT_NAME,
            logo=conf.PRODUCT_LOGO,
            colour=conf.PRODUCT_COLOUR,
            support=conf.SUPPORT_CONTACT,
            return_url=conf.RETURN_URL,
        )

    @property
    def logo_url(self) -> str:
        return self.logo if is_address(self.logo) else ""

    @property
    def way_back(self) -> str:
        return self.return_url if is_address(self.return_url) else ""

    @property
    def support_url(self) -> str:
        """Return the address of the support as a link; empty if it is a text only."""
        if re.fullmatch(r"[^@\s:/?]+@[^@\s:/?]+", self.support):
            return f"mailto:{self.support}"
        return self.support if is_address(self.support) else ""

    @property
    def colour_url(self) -> str:
        """Return the URL of a style sheet with the colour, which a strict Content-Security-Policy lets in."""
        if not COLOUR.fullmatch(self.colour):
            return ""
        return reverse("jitprov:product-colour", args=[self.colour[1:].lower()])


def is_address(text: str) -> bool:
    """Say whether a text is an https URL or a path of the application. Everything else could be a script."""
    if not text.isprintable() or " " in text or "\\" in text:
        return False
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    if url.scheme or url.netloc:
        return url.scheme == "https" and bool(url.netloc)
    return text.startswith("/")


def style(colour: str) -> str:
    """Return a style sheet that gives our pages a colour, and buttons the text that is read better on it.

    :param colour: six hexadecimal digits.
    """
    text = "#ffffff" if _contrast_with_white(colour) >= _LEAST_CONTRAST else "#000000"
    return (
        f":is(.jitprov, #jitprov) {{ --jitprov-accent: #{colour}; --jitprov-on-accent: {text}; }}\n"
    )


_LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3. Where white has less, black has more."""


def _contrast_with_white(colour: str) -> float:
    """Return the contrast ratio as WCAG 2.2 defines it."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (0, 2, 4))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
