"""Addresses that published lists of ways around a filter name, and those at the edges of the special ranges."""

from __future__ import annotations

import ipaddress

import pytest

from jitprov.metadata.addresses import is_own, is_public, special_use

SPECIAL = {
    "this machine": "127.0.0.1",
    "this machine, another number": "127.255.255.254",
    "this machine by IPv6": "::1",
    "no address": "0.0.0.0",  # noqa: S104 -- refused, not bound to
    "the network of no address": "0.1.2.3",
    "no address of IPv6": "::",
    "a private network": "10.0.0.1",
    "the last of it": "10.255.255.255",
    "the second private network": "172.16.0.1",
    "the last of the second": "172.31.255.255",
    "a home network": "192.168.1.1",
    "a carrier's network": "100.64.0.1",
    "the last of a carrier's": "100.127.255.255",
    "Alibaba's metadata service": "100.100.100.200",
    "the metadata service of most clouds": "169.254.169.254",
    "the task metadata of a container": "169.254.170.2",
    "the platform of Azure": "168.63.129.16",
    "Oracle's old metadata service": "192.0.0.192",
    "a discovery address that Python has called global": "192.0.0.9",
    "another of these": "192.0.0.10",
    "the discovery of translators": "192.0.0.171",
    "documentation": "192.0.2.1",
    "documentation, second": "198.51.100.1",
    "documentation, third": "203.0.113.1",
    "a relay of 6to4": "192.88.99.1",
    "a sink for reverse look-ups": "192.175.48.1",
    "another sink": "192.31.196.1",
    "automatic multicast": "192.52.193.1",
    "measurements": "198.18.0.1",
    "the last of measurements": "198.19.255.255",
    "many machines": "224.0.0.1",
    "the last of many": "239.255.255.255",
    "later use": "240.0.0.1",
    "all machines": "255.255.255.255",
    "many machines by IPv6": "ff02::1",
    "many machines of the whole world": "ff0e::1",
    "the local link": "fe80::1",
    "the last of the local link": "febf::1",
    "the old site": "fec0::1",
    "a private network of IPv6": "fc00::1",
    "a private network of IPv6 in use": "fd00::1",
    "Amazon's metadata service by IPv6": "fd00:ec2::254",
    "mapped: this machine": "::ffff:127.0.0.1",
    "mapped: a cloud's metadata service": "::ffff:169.254.169.254",
    "mapped: a private network": "::ffff:10.0.0.1",
    "compatible: this machine": "::127.0.0.1",
    "compatible: a public address": "::8.8.8.8",
    "translated in the old way": "::ffff:0:127.0.0.1",
    "behind a translator: a private network": "64:ff9b::a00:1",
    "behind a translator: this machine": "64:ff9b::7f00:1",
    "behind a translator: the metadata service": "64:ff9b::a9fe:a9fe",
    "behind a translator of the own network": "64:ff9b:1::808:808",
    "6to4 of a private network": "2002:a00:1::",
    "6to4 of this machine": "2002:7f00:1::1",
    "6to4 of a public address": "2002:808:808::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "ORCHID": "2001:10::1",
    "ORCHID, second version": "2001:20::1",
    "measurements by IPv6": "2001:2::1",
    "a discovery address by IPv6": "2001:1::1",
    "the last of the protocols": "2001:1ff:ffff::1",
    "documentation by IPv6": "2001:db8::1",
    "the new documentation by IPv6": "3fff::1",
    "the last of the new documentation": "3fff:fff::1",
    "segment routing": "5f00::1",
    "a sink by IPv6": "2620:4f:8000::1",
    "only dropped": "100::1",
    "never given out": "4000::1",
    "never given out, beyond": "e000::1",
}
PUBLIC = (
    "1.0.0.1",
    "8.8.8.8",
    "20.190.159.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2603:1026::1",
    "2003::1",
    "2a00:1450::1",
    "::ffff:20.190.159.1",
    "64:ff9b::14be:9f01",
)


@pytest.mark.parametrize("address", SPECIAL.values(), ids=SPECIAL)
def test_an_address_for_a_special_use_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    assert special_use(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_ordinary_address_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    assert not is_own(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "172.20.0.2", "192.168.65.2", "100.64.0.9", "fd00::1", "127.0.0.1", "::ffff:10.1.2.3"]
)  # fmt: skip
def test_an_operator_may_name_hosts_of_the_own_network(address: str) -> None:
    assert is_own(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "192.0.0.192", "168.63.129.16", "2002:a00:1::"]  # noqa: S104
)  # fmt: skip
def test_an_operator_may_not_name_others(address: str) -> None:
    assert not is_own(ipaddress.ip_address(address))
