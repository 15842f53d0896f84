"""Addresses that a workflow must not be talked into calling: everything but globally reachable unicast.

By the IANA special-purpose registries for IPv4 and IPv6, not by what this version of Python knows of them.
"""

from __future__ import annotations

import pytest

from server_core.workflows.addresses import is_public_address

NOT_PUBLIC = {
    "this network": ["0.0.0.0", "0.1.2.3"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fdff::1"],
    "shared by a carrier": ["100.64.0.1", "100.127.255.255"],
    "loopback": ["127.0.0.1", "127.255.255.255", "::1", "::"],
    "link-local": ["169.254.169.254", "fe80::1", "fe80::1%eth0", "febf::1"],
    "site-local": ["fec0::1", "feff::1"],
    "protocol assignments": ["192.0.0.1", "192.0.0.170", "2001:1::1", "2001:20::1", "2001:1ff::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "3fff:fff::1"],
    "6to4 relay": ["192.88.99.1"],
    "benchmarking": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "multicast and reserved": ["224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "ff02::1", "ff0e::1"],
    "discard, dummy, segment routing": ["100::1", "100:0:0:1::1", "5f00::1"],
    "given to nobody": ["4000::1", "::5", "8000::1", "1::1", "200::1"],
    "local NAT64": ["64:ff9b:1::a00:1", "64:ff9b:1::808:808"],
    "mapped IPv4": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:0", "::ffff:192.88.99.1"],
    "compatible IPv4": ["::127.0.0.1", "::8.8.8.8"],
    "IPv4 in 6to4": ["2002:7f00:1::", "2002:a00:1::1", "2002:c058:6301::"],
    "IPv4 in NAT64": ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"],
    # In Teredo the server stands in clear, and the client with its bits turned over.
    "a private client of Teredo": ["2001:0:808:808:8000:63bf:80ff:fffe", "2001:0:808:808::f5ff:fffe"],
    "a private server of Teredo": ["2001:0:a00:1:8000:63bf:f7f7:f7f7"],
    "no addresses": ["nonsense", "", "1.2.3", "1.2.3.4.5", "0x7f000001", "2130706433", "127.1", "[::1]"],
}  # fmt: skip

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.88.98.1", "192.31.196.1", "223.255.255.1",
    "2606:4700:4700::1111", "2001:4860:4860::8888", "2001:200::1", "2620:4f:8000::1", "3ffe::1", "3fff:1000::1",
    "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1", "2001:0:808:808:8000:63bf:f7f7:f7f7",
]  # fmt: skip


@pytest.mark.parametrize("address", [address for addresses in NOT_PUBLIC.values() for address in addresses])
def test_an_address_that_is_not_public_is_known_as_such(address: str) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public_address(address)
