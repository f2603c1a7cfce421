"""Look whether the packages that read and sign XML can be used, before anything else needs them."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured


def require_xml_packages() -> None:
    """Raise :class:`ImproperlyConfigured` where lxml and xmlsec do not fit together.

    Both contain libxml2. If these are of two versions, xmlsec refuses to be imported, in the middle of a request or of
    Django's reading of the URLs.
    """
    try:
        import xmlsec  # noqa: F401, PLC0415
    except Exception as error:
        raise ImproperlyConfigured(
            f"lxml and xmlsec cannot be used together ({error}). Build both against one libxml2: "
            "pip install --force-reinstall --no-cache-dir --no-binary lxml,xmlsec lxml xmlsec"
        ) from error
