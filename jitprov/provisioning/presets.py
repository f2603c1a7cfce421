"""Know the common identity providers: their claim names, their anchors, and how to recognise each.

Only Microsoft Entra ID and AD FS have claim names of their own. Everywhere else an admin chooses them, so those
presets try what the vendors' guides and consoles suggest, the most likely first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from jitprov.provisioning.types import ClaimRule

_MICROSOFT = "http://schemas.microsoft.com/identity/claims/"
_WINDOWS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
_XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
NAME_ID_CLAIM = "NameID"
"""The name under which SAML's NameID is found among the claims."""
NAME_ID_EMAIL_CLAIM = "NameID:emailAddress"
"""The name under which a NameID is found as well whose format says that it is an e-mail address."""

# Attributes of LDAP by their object identifiers, as saml-profiles-2.0 §8.2 (X.500/LDAP profile) names them.
_MAIL, _GIVEN_NAME = "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:2.5.4.42"
_SURNAME, _UID = "urn:oid:2.5.4.4", "urn:oid:0.9.2342.19200300.100.1.1"
_PRINCIPAL_NAME = "urn:oid:1.3.6.1.4.1.5923.1.1.1.6"
_PKCS9_EMAIL = "urn:oid:1.2.840.113549.1.9.1"


class Preset(StrEnum):
    """A kind of identity provider."""

    ENTRA = "entra"
    OKTA = "okta"
    GOOGLE = "google"
    ADFS = "adfs"
    ONELOGIN = "onelogin"
    KEYCLOAK = "keycloak"
    NONE = "none"

    @property
    def details(self) -> PresetDetails:
        """Return the names that this kind of identity provider uses."""
        return PRESETS[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetDetails:
    """The names under which one kind of identity provider sends values, unless its admin changed them."""

    label: str
    rules: tuple[ClaimRule, ...]
    """The claim mappings to begin with. Targets are Django's own names; those that a host lacks are dropped."""
    subject_claim: str = ""
    """The claim with the anchor. Empty: the NameID."""
    group_claim: str = ""
    """The claim with the groups. Empty: there is no usual name."""


def detect(entity_id: str, sso_url: str) -> Preset:
    """Recognise an identity provider by its metadata; :attr:`Preset.NONE` if nothing fits.

    It is only a suggestion for a new row. What an identity provider says of itself gives it no rights.
    """
    try:
        entity, sso = _Url.of(entity_id), _Url.of(sso_url)
    except ValueError:
        return Preset.NONE
    return next((preset for preset, fits in _SIGNS.items() if fits(entity, sso)), Preset.NONE)


class _Url(NamedTuple):
    """What an identity provider can be recognised by in one of its URLs."""

    hostname: str
    path: str

    @classmethod
    def of(cls, text: str) -> _Url:
        parts = urlsplit(text)
        return cls(parts.hostname or "", parts.path)


def _rules(
    *,
    first_name: tuple[str, ...],
    last_name: tuple[str, ...],
    email: tuple[str, ...],
    username: tuple[str, ...],
) -> tuple[ClaimRule, ...]:
    return (
        ClaimRule(sources=first_name, target="first_name"),
        ClaimRule(sources=last_name, target="last_name"),
        ClaimRule(sources=email, target="email"),
        ClaimRule(sources=username, target="username"),
    )


PRESETS: Mapping[Preset, PresetDetails] = MappingProxyType(
    {
        Preset.ENTRA: PresetDetails(
            label="Microsoft Entra ID",
            # Immutable, never used again, and what Graph calls "id". The NameID is by default the user
            # principal name, which changes with a wedding and can be given to somebody else later.
            subject_claim=f"{_MICROSOFT}objectidentifier",
            rules=_rules(
                first_name=(f"{_XMLSOAP}givenname",),
                last_name=(f"{_XMLSOAP}surname",),
                # Not sent for people without a mailbox; "name" is no address, only shaped like one.
                email=(f"{_XMLSOAP}emailaddress",),
                username=(f"{_XMLSOAP}name", f"{_XMLSOAP}emailaddress"),
            ),
            group_claim=f"{_WINDOWS}groups",
        ),
        Preset.OKTA: PresetDetails(
            label="Okta",
            rules=_rules(
                first_name=("firstName", "first_name", "givenName"),
                last_name=("lastName", "last_name", "surname"),
                email=("email", "mail"),
                username=("login", "username", NAME_ID_CLAIM),
            ),
            group_claim="groups",
        ),
        Preset.GOOGLE: PresetDetails(
            label="Google Workspace",
            rules=_rules(
                first_name=("firstName", "first_name", "givenName"),
                last_name=("lastName", "last_name", "familyName"),
                # The NameID is the primary e-mail address; without it, a new application sends nothing.
                email=("email", "mail", NAME_ID_CLAIM),
                username=("username", "email", "mail", NAME_ID_CLAIM),
            ),
            group_claim="groups",
        ),
        Preset.ADFS: PresetDetails(
            label="AD FS",
            # The NameID, although AD FS sends none without a claim rule: whoever writes that rule should
            # take objectGUID, which no other claim of AD FS carries.
            rules=_rules(
                first_name=(f"{_XMLSOAP}givenname",),
                last_name=(f"{_XMLSOAP}surname",),
                email=(f"{_XMLSOAP}emailaddress",),
                username=(f"{_XMLSOAP}upn", f"{_WINDOWS}windowsaccountname", f"{_XMLSOAP}name"),
            ),
            group_claim="http://schemas.xmlsoap.org/claims/Group",
        ),
        Preset.ONELOGIN: PresetDetails(
            label="OneLogin",
            rules=_rules(
                first_name=("User.FirstName", "firstName", "first_name"),
                last_name=("User.LastName", "lastName", "last_name"),
                email=("User.email", "email", NAME_ID_CLAIM),
                username=("User.Username", "username", "User.email", "email", NAME_ID_CLAIM),
            ),
            group_claim="memberOf",
        ),
        Preset.KEYCLOAK: PresetDetails(
            label="Keycloak",
            rules=_rules(
                first_name=(_GIVEN_NAME, "firstName", "givenName"),
                last_name=(_SURNAME, "lastName", "surname"),
                email=(_PKCS9_EMAIL, "email"),
                username=("username", NAME_ID_CLAIM),
            ),
            group_claim="member",
        ),
        Preset.NONE: PresetDetails(
            label="Another identity provider",
            rules=_rules(
                first_name=(_GIVEN_NAME, f"{_XMLSOAP}givenname", "givenName", "firstName"),
                last_name=(_SURNAME, f"{_XMLSOAP}surname", "sn", "lastName"),
                # A NameID only where its format says so: of an unknown product it may be anything.
                email=(_MAIL, f"{_XMLSOAP}emailaddress", "mail", "email", NAME_ID_EMAIL_CLAIM),
                username=(
                    _UID,
                    _PRINCIPAL_NAME,
                    f"{_XMLSOAP}name",
                    "uid",
                    "username",
                    NAME_ID_EMAIL_CLAIM,
                ),
            ),
        ),
    }
)
"""The details of every preset."""


def _is_entra(entity: _Url, sso: _Url) -> bool:
    return entity.hostname == "sts.windows.net" or _within(
        sso,
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "ciamlogin.com",
    )


def _is_okta(entity: _Url, sso: _Url) -> bool:
    domains = "okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com"
    return entity.hostname == "www.okta.com" or _within(sso, *domains)


def _is_google(entity: _Url, _sso: _Url) -> bool:
    return entity.hostname == "accounts.google.com" and entity.path.startswith("/o/saml2")


def _is_adfs(entity: _Url, sso: _Url) -> bool:
    return entity.path.endswith("/adfs/services/trust") or sso.path.startswith("/adfs/ls")


def _is_onelogin(entity: _Url, sso: _Url) -> bool:
    return _within(entity, "onelogin.com") or _within(sso, "onelogin.com")


def _is_keycloak(entity: _Url, sso: _Url) -> bool:
    # Before version 17 all of it lay below /auth.
    return "/realms/" in entity.path and sso.path == f"{entity.path}/protocol/saml"


def _within(url: _Url, *domains: str) -> bool:
    # Compared label by label: "notokta.com" ends with "okta.com" too.
    return f".{url.hostname}".endswith(tuple(f".{domain}" for domain in domains))


_SIGNS: Mapping[Preset, Callable[[_Url, _Url], bool]] = MappingProxyType(
    {
        Preset.ENTRA: _is_entra,
        Preset.OKTA: _is_okta,
        Preset.GOOGLE: _is_google,
        Preset.ADFS: _is_adfs,
        Preset.ONELOGIN: _is_onelogin,
        Preset.KEYCLOAK: _is_keycloak,
    }
)
