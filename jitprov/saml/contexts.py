"""Judge how a person authenticated: by the authentication context, and by what Entra says of the methods."""

from __future__ import annotations

from collections.abc import Collection

from lxml import etree

from jitprov.saml.assertion import Attributes, authn_context_of
from jitprov.saml.assertion_refusals import AuthnContextUnmet

METHODS = "http://schemas.microsoft.com/claims/authnmethodsreferences"
SEVERAL_FACTORS = "http://schemas.microsoft.com/claims/multipleauthn"
"""With it, Entra names a sign-in with a second factor among its methods; its authentication context stays that of a password."""


def require_context(
    statement: etree._Element, attributes: Attributes, required: Collection[str]
) -> str:
    """Return the authentication context; require one of these, if there are any (saml-core-2.0 §2.7.2.2)."""
    context = authn_context_of(statement)
    if required and not _told(context, attributes) & set(required):
        expected = ", ".join(sorted(required))
        raise AuthnContextUnmet().stating(expected=expected, received=[context] if context else [])
    return context


def _told(context: str, attributes: Attributes) -> set[str]:
    """Return the contexts that the assertion proves. What is empty or cannot be read proves none."""
    told = {context} - {""}
    if METHODS not in attributes.unreadable:
        told |= {SEVERAL_FACTORS} & set(attributes.values.get(METHODS, ()))
    return told
