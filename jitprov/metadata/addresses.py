"""Say which internet addresses are public, by a list of our own.

Python's ``is_global`` is not asked: what it answers has changed with patch releases. The ranges are those of the IANA
registries for special-purpose addresses (RFC 6890), with some that registries call global although nobody's web server is there.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_LOOPBACK, _PRIVATE, _DOCUMENTATION = "this machine itself", "a private network", "documentation"
_LOCAL_LINK, _MANY = "the local link", "many machines at once"


def _networks(ranges: Mapping[str, str]) -> Mapping[Network, str]:
    return MappingProxyType({ipaddress.ip_network(one): kind for one, kind in ranges.items()})


_SPECIAL_4 = _networks(
    {
        "0.0.0.0/8": "no address of a machine",
        "10.0.0.0/8": _PRIVATE,
        "100.64.0.0/10": "a carrier's own network",
        "127.0.0.0/8": _LOOPBACK,
        "168.63.129.16/32": "a cloud's own services",  # Azure's, from inside each of its machines
        "169.254.0.0/16": _LOCAL_LINK,  # the metadata services of clouds, too
        "172.16.0.0/12": _PRIVATE,
        "192.0.0.0/24": "protocols of the network",
        "192.0.2.0/24": _DOCUMENTATION,
        "192.31.196.0/24": "protocols of the network",
        "192.52.193.0/24": "protocols of the network",
        "192.88.99.0/24": "a relay of 6to4",
        "192.168.0.0/16": _PRIVATE,
        "192.175.48.0/24": "protocols of the network",
        "198.18.0.0/15": "measurements",
        "198.51.100.0/24": _DOCUMENTATION,
        "203.0.113.0/24": _DOCUMENTATION,
        "224.0.0.0/4": _MANY,
        "240.0.0.0/4": "later use",
    }
)
_UNICAST_6 = ipaddress.IPv6Network("2000::/3")
"""All that was ever given out (RFC 4291 §2.4)."""
_SPECIAL_6 = _networks(
    {
        "::1/128": _LOOPBACK,
        "fc00::/7": _PRIVATE,
        "fe80::/10": _LOCAL_LINK,
        "ff00::/8": _MANY,
        # Inside 2000::/3:
        "2001::/23": "protocols of the network",  # Teredo, ORCHID, measurements and others
        "2001:db8::/32": _DOCUMENTATION,
        "2002::/16": "a relay of 6to4",
        "2620:4f:8000::/48": "protocols of the network",
        "3fff::/20": _DOCUMENTATION,
    }
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_OWN = tuple(
    ipaddress.ip_network(one)
    for one in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
        *("fc00::/7", "::1/128"),
    )
)
"""Where hosts of an operator's own can be. The local link is not among them: clouds give out secrets there."""


def is_public(address: Address) -> bool:
    """Say whether an address is on the public internet, also one that carries another inside it."""
    return not special_use(address)


def is_own(address: Address) -> bool:
    """Say whether an address can be that of a host in an operator's own network."""
    leads_to = _leads_to(address)
    return any(leads_to in network for network in _OWN)


def special_use(address: Address) -> str:
    """Return what an address is for, if it is not on the public internet; an empty text if it is."""
    leads_to = _leads_to(address)
    table = _SPECIAL_4 if isinstance(leads_to, ipaddress.IPv4Address) else _SPECIAL_6
    for network, use in table.items():
        if leads_to in network:
            return use
    if isinstance(leads_to, ipaddress.IPv6Address) and leads_to not in _UNICAST_6:
        return "no machine that could be named"
    return ""


def _leads_to(address: Address) -> Address:
    """Return the IPv4 address that is reached by an IPv6 one: mapped, or by a translator (RFC 6052)."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address
    return address
