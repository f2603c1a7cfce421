"""People of a directory, and the claims that Entra sends about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from jitprov.saml.types import NameID

ClaimValue: TypeAlias = str | NameID | None
"""The content of one AttributeValue: a text, a nested NameID, or nothing (``xsi:nil``)."""
ClaimValues: TypeAlias = str | Sequence[ClaimValue]
"""A text is one value. An empty sequence is an attribute without an AttributeValue."""

_MICROSOFT = "http://schemas.microsoft.com/identity/claims/"
_MICROSOFT_SHORT = "http://schemas.microsoft.com/claims/"
_WINDOWS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
_XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

TENANT_ID_CLAIM = f"{_MICROSOFT}tenantid"
OBJECT_ID_CLAIM = f"{_MICROSOFT}objectidentifier"
DISPLAY_NAME_CLAIM = f"{_MICROSOFT}displayname"
IDENTITY_PROVIDER_CLAIM = f"{_MICROSOFT}identityprovider"
AUTHENTICATION_METHODS_CLAIM = f"{_MICROSOFT_SHORT}authnmethodsreferences"
GROUPS_CLAIM = f"{_WINDOWS}groups"
GROUPS_LINK_CLAIM = f"{_MICROSOFT_SHORT}groups.link"
ROLE_CLAIM = f"{_WINDOWS}role"
GIVEN_NAME_CLAIM = f"{_XMLSOAP}givenname"
SURNAME_CLAIM = f"{_XMLSOAP}surname"
EMAIL_CLAIM = f"{_XMLSOAP}emailaddress"
NAME_CLAIM = f"{_XMLSOAP}name"

_PASSWORD = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"  # noqa: S105 - a URI

ACME_TENANT_ID = "7d3c1f0e-52aa-4b1e-9a53-0c2f6f0c9a11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person in a directory. Entra sends no claim for a blank value."""

    object_id: str
    """The GUID of the directory object, which never changes and is never used again."""
    tenant_id: str = ""
    """The directory's GUID; that of the identity provider if blank."""
    home_idp: str = ""
    """The ``identityprovider`` claim; the identity provider itself if blank. A guest has another one."""
    given_name: str = ""
    surname: str = ""
    display_name: str = ""
    email: str = ""
    upn: str = ""
    groups: Sequence[str] = ()
    """GUIDs, as Entra sends them by default."""
    group_overage: bool = False
    """Whether the person is in more groups than Entra sends; Entra then sends a link instead."""
    roles: Sequence[str] = ()
    extra: Mapping[str, ClaimValues] = field(default_factory=lambda: MappingProxyType({}))
    """Additional attributes by their full names."""

    def claims(self, *, tenant_id: str, issuer: str) -> dict[str, ClaimValues]:
        """Return the claims that Entra sends about this person, by claim URI and in Entra's order."""
        tenant = self.tenant_id or tenant_id
        pairs: list[tuple[str, ClaimValues]] = [
            (TENANT_ID_CLAIM, tenant),
            (OBJECT_ID_CLAIM, self.object_id),
            (DISPLAY_NAME_CLAIM, self.display_name),
            *self._groups(tenant),
            (IDENTITY_PROVIDER_CLAIM, self.home_idp or issuer),
            (AUTHENTICATION_METHODS_CLAIM, _PASSWORD),
            (ROLE_CLAIM, self.roles),
            (GIVEN_NAME_CLAIM, self.given_name),
            (SURNAME_CLAIM, self.surname),
            (EMAIL_CLAIM, self.email),
            (NAME_CLAIM, self.upn),
        ]
        return {name: values for name, values in pairs if values} | dict(self.extra)

    def _groups(self, tenant: str) -> Iterator[tuple[str, ClaimValues]]:
        if self.group_overage:
            user = f"https://graph.windows.net/{tenant}/users/{self.object_id}"
            yield GROUPS_LINK_CLAIM, f"{user}/getMemberObjects"
        else:
            yield GROUPS_CLAIM, self.groups


ANN = Person(
    object_id="3f9c2b64-8f0d-4e0b-a7b1-5d1f6f0e4c21",
    given_name="Ann",
    surname="Archer",
    display_name="Ann Archer",
    email="ann.archer@acme.example",
    upn="Ann.Archer@acme.example",
    groups=(
        "0b8c6a52-6f8e-4a37-9d7e-2a54d1c6f0aa",
        "c1d9e7f4-3b2a-4c5d-8e6f-7a8b9c0d1e2f",
    ),
)
