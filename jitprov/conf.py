"""Read the settings of jitprov: flat ``JITPROV_*`` names, typed, read at every access.

Deployment choices are settings; what differs from tenant to tenant is a column. Nothing is cached, so
``override_settings`` works. :mod:`jitprov.checks` reports wrong values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings

from jitprov.exceptions import ConfigurationError
from jitprov.saml.types import MAX_CLOCK_SKEW, KeyPair

_NEXT_HOST = re.compile(r"\.?(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+)(:[0-9]+)?")


def _setting(name: str, default: Any) -> Any:
    return getattr(settings, f"JITPROV_{name}", default)


class Conf:
    """The settings, as attributes without the prefix."""

    @property
    def BASE_URL(self) -> str:
        """The address at which browsers reach the host, such as ``https://app.example``: scheme and host. Required.

        Every URL that an identity provider learns about us starts with it. The Host header is never used.
        """
        return str(_setting("BASE_URL", "")).rstrip("/")

    @property
    def TENANT_MODEL(self) -> str:
        """The host's tenant model, as ``app_label.Model``. Decide before the first ``migrate``."""
        return str(_setting("TENANT_MODEL", "jitprov.Tenant"))

    @property
    def TENANT_LOOKUP_FIELD(self) -> str:
        """The field of the tenant model that ``?tenant=`` and ``--tenant`` look up; ``pk`` works with every model."""
        return str(_setting("TENANT_LOOKUP_FIELD", "slug"))

    @property
    def PROVISIONER(self) -> str:
        """The dotted path of the :class:`jitprov.provisioner.Provisioner` subclass that finds and writes accounts."""
        return str(_setting("PROVISIONER", "jitprov.provisioner.Provisioner"))

    @property
    def ALLOWED_NEXT_HOSTS(self) -> tuple[str, ...]:
        """Further hosts to which people may be sent after sign-in; ``.app.example`` stands for all hosts below it.

        For tenants on subdomains, or a front end with a host of its own. Other people's pages must not be there.
        """
        # An entry that the check finds wrong allows nothing: "." would be every host that ends with a dot.
        return tuple(host for host in self.configured_next_hosts if is_next_host(host))

    @property
    def configured_next_hosts(self) -> tuple[Any, ...]:
        """Return the hosts as they are set, including those that are no hosts, for the system check."""
        hosts = _setting("ALLOWED_NEXT_HOSTS", ()) or ()
        return (hosts,) if isinstance(hosts, str) else tuple(hosts)

    @property
    def REQUEST_LIFETIME(self) -> timedelta:
        """The longest time between leaving for the identity provider and coming back."""
        return _duration("REQUEST_LIFETIME", timedelta(minutes=10))

    @property
    def SESSION_CHECK_AGE(self) -> timedelta:
        """How old an answer may be to the question whether a session goes on. 0 asks the database at every request."""
        return max(timedelta(0), _duration("SESSION_CHECK_AGE", timedelta(seconds=30)))

    @property
    def KEEP_UNKNOWN_SESSIONS(self) -> bool:
        """Whether sessions of our backend go on that began before sessions were known, and cannot be ended."""
        return bool(_setting("KEEP_UNKNOWN_SESSIONS", False))

    @property
    def CLOCK_SKEW(self) -> timedelta:
        """The largest difference that an identity provider's clock may have to ours; at most 300 seconds."""
        # A negative skew would let a used assertion be forgotten before it has expired.
        return max(timedelta(0), min(self.configured_clock_skew, MAX_CLOCK_SKEW))

    @property
    def configured_clock_skew(self) -> timedelta:
        """Return the skew as it is set, even if it is too large, for the system check."""
        return _duration("CLOCK_SKEW", timedelta(seconds=120))

    @property
    def SP_KEY_PAIRS(self) -> tuple[KeyPair, ...]:
        """Our own keys: a list of ``{"certificate": PEM, "private_key": PEM}``, from the environment.

        The first signs, all decrypt and all are published. To roll over, add the new pair at the end, move it to
        the front when every identity provider has read our metadata again, and take the old one out later.

        :raises ConfigurationError: an entry is not such a mapping.
        """
        return tuple(_key_pair(pair) for pair in _setting("SP_KEY_PAIRS", ()) or ())

    @property
    def SIGN_REQUESTS(self) -> bool:
        """Whether every AuthnRequest is signed. Needs a key pair. A tenant's metadata may ask for it too."""
        return bool(_setting("SIGN_REQUESTS", False))

    @property
    def METADATA_MAX_BYTES(self) -> int:
        """The largest metadata document of an identity provider, in bytes."""
        return int(_setting("METADATA_MAX_BYTES", 10 * 1024 * 1024))

    @property
    def METADATA_TIMEOUT(self) -> timedelta:
        """The longest time that fetching a metadata document may take, all in all."""
        return _duration("METADATA_TIMEOUT", timedelta(seconds=10))

    @property
    def METADATA_PRIVATE_HOSTS(self) -> tuple[str, ...]:
        """Hosts of the operator's own network from which metadata may be fetched, such as ``adfs.corp.example``.

        With the port if it is not 443. Whoever may import metadata can make us ask these hosts, so name no others.
        """
        return tuple(host.lower() for host in _names("METADATA_PRIVATE_HOSTS") or ())

    @property
    def METADATA_CA_FILE(self) -> str:
        """A PEM file with certificate authorities that the hosts of ``METADATA_PRIVATE_HOSTS`` may have.

        Those of the system are trusted as well.
        """
        return str(_setting("METADATA_CA_FILE", "") or "")

    @property
    def BASE_TEMPLATE(self) -> str:
        """The host's base template. Pages of jitprov fill its ``title`` and ``content`` blocks if it has them."""
        return str(_setting("BASE_TEMPLATE", "base.html"))

    @property
    def PRODUCT_NAME(self) -> str:
        """The name of your product, as your customers know it."""
        return str(_setting("PRODUCT_NAME", ""))

    @property
    def PRODUCT_LOGO(self) -> str:
        """The URL of its logo: https, or a path of the application."""
        return str(_setting("PRODUCT_LOGO", ""))

    @property
    def PRODUCT_COLOUR(self) -> str:
        """The colour of the buttons of its pages, as ``#1d4ed8``."""
        return str(_setting("PRODUCT_COLOUR", ""))

    @property
    def SUPPORT_CONTACT(self) -> str:
        """Whom to ask: an e-mail address, an https URL or a text."""
        return str(_setting("SUPPORT_CONTACT", ""))

    @property
    def RETURN_URL(self) -> str:
        """Where somebody goes who is done with a setup link: https, or a path of the application."""
        return str(_setting("RETURN_URL", ""))

    @property
    def UNVERIFIED_EVENTS_KEPT(self) -> int:
        """The number of refusals of unproved origin that are kept for each identity provider; older ones only count."""
        return int(_setting("UNVERIFIED_EVENTS_KEPT", 100))

    @property
    def EVENT_NETWORK_BITS(self) -> Mapping[int, int]:
        """The bits of a browser's address that an event keeps, by IP version, as ``{4: 24, 6: 48}``; 0 keeps nothing.

        An entry that the check finds wrong keeps nothing.
        """
        return {
            version: bits
            for version, bits in self.configured_network_bits.items()
            if is_network_bits(version, bits)
        }

    @property
    def configured_network_bits(self) -> Mapping[Any, Any]:
        """Return the bits as they are set, even if they are wrong, for the system check."""
        bits = _setting("EVENT_NETWORK_BITS", {4: 24, 6: 48})
        return bits if isinstance(bits, Mapping) else {None: bits}

    @property
    def CLAIMS_RETENTION(self) -> timedelta:
        """The time for which claims of a sign-in are kept, encrypted, for previews of a mapping; 0 keeps nothing."""
        return max(timedelta(0), self.configured_claims_retention)

    @property
    def configured_claims_retention(self) -> timedelta:
        """Return the retention as it is set, even if it is negative, for the system check."""
        return _duration("CLAIMS_RETENTION", timedelta(days=7))

    @property
    def MAPPABLE_FIELDS(self) -> tuple[str, ...] | None:
        """The user fields that tenants may map to; ``None`` for the user name, the e-mail address and the two names.

        Fields that no mapping may ever write stay out, whatever is set here.
        """
        return _names("MAPPABLE_FIELDS")

    @property
    def ASSIGNABLE_GROUPS(self) -> tuple[str, ...]:
        """The names of the groups that tenants may map to; none by default."""
        return _names("ASSIGNABLE_GROUPS") or ()

    @property
    def ASSIGNABLE_GROUPS_OF_APPS(self) -> tuple[str, ...] | None:
        """The apps whose groups tenants may map to too: those without a permission of any other app, or on users.

        ``None`` for no group; an empty list for groups without any permission.
        """
        return _names("ASSIGNABLE_GROUPS_OF_APPS")

    @property
    def API_PERMISSION(self) -> str:
        """The dotted path of the permission class of Django REST framework that says who may use the API."""
        return str(_setting("API_PERMISSION", "jitprov.api.permissions.AdministersTenant"))

    @property
    def COSTLY_PER_MINUTE(self) -> int:
        """How many previews, test sign-ins and metadata documents one person or setup link may ask for in a minute.

        All people and links of one identity provider together may ask for three times as many.
        """
        return max(1, int(_setting("COSTLY_PER_MINUTE", 20)))

    @property
    def EVENT_RETENTION(self) -> timedelta:
        """The time for which ``prune_jitprov`` keeps provisioning events."""
        return _duration("EVENT_RETENTION", timedelta(days=400))


def is_next_host(host: object) -> bool:
    """Say whether an entry is a host in lower case, with a port if it is not the default, or ``.`` and a domain."""
    return isinstance(host, str) and _NEXT_HOST.fullmatch(host) is not None


def is_network_bits(version: object, bits: object) -> bool:
    """Say whether so many bits of an address of this IP version can be kept."""
    longest = {4: 32, 6: 128}.get(version, -1) if isinstance(version, int) else -1
    return isinstance(bits, int) and 0 <= bits <= longest


def _duration(name: str, default: timedelta) -> timedelta:
    """Return a setting that is a timedelta or a number of seconds."""
    value = _setting(name, default)
    return value if isinstance(value, timedelta) else timedelta(seconds=float(value))


def _names(name: str) -> tuple[str, ...] | None:
    """Return a setting that is a list of names; a single name is a list of one, not of its letters.

    :raises ConfigurationError: it is something else.
    """
    names = _setting(name, None)
    if names is None:
        return None
    names = (names,) if isinstance(names, str) else names
    if isinstance(names, Iterable) and all(isinstance(one, str) for one in names):
        return tuple(names)
    raise ConfigurationError(f"JITPROV_{name} takes a list of names")


def _key_pair(pair: object) -> KeyPair:
    if isinstance(pair, KeyPair):
        return pair
    if isinstance(pair, Mapping) and {"certificate", "private_key"} <= set(pair):
        return KeyPair(certificate=pair["certificate"], private_key=pair["private_key"])
    # The entry itself is not shown: it may be a private key.
    raise ConfigurationError("JITPROV_SP_KEY_PAIRS takes mappings of certificate and private_key")


conf = Conf()
