"""The XML namespaces that the fake identity provider writes."""

from __future__ import annotations

from typing import cast

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
XS = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def bind(*pairs: tuple[str | None, str]) -> dict[str, str]:
    """Return an nsmap for lxml. ``None`` is the default namespace, which lxml's stubs do not know."""
    return cast("dict[str, str]", dict(pairs))
