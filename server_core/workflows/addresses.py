"""The network addresses that workflows may reach: public ones, and hosts that the config allows."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from ..errors import DeniedError, UnavailableError

NAT64_PREFIX = IPv6Network("64:ff9b::/96")
GLOBAL_UNICAST = IPv6Network("2000::/3")
"""Everything allocated by IANA; anything outside is special or unassigned."""

# Everything that the IANA special-purpose registries don't call globally reachable, and multicast. Spelled out because
# each version of Python knows a different part of it.
SPECIAL_IPV4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/3",
)  # fmt: skip
SPECIAL_IPV6 = ("2001::/23", "2001:db8::/32", "3fff::/20")
"""Exceptions within `GLOBAL_UNICAST`."""


class AllowedHosts:
    """The hosts, as `name` or `name:port`, that may be called although their addresses are not public."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(host.strip().strip("[]").casefold() for host in hosts)

    def allows(self, host: str, port: int) -> bool:
        """Whether the host (a name or an address, as written in the URL) is listed."""
        name = host.strip("[]").casefold()
        return name in self._hosts or f"{name}:{port}" in self._hosts or f"{name}]:{port}" in self._hosts


def resolved_addresses(host: str, port: int, allowed: AllowedHosts) -> list[str]:
    """The addresses of `host` that may be connected to. Connect to these, not to the name, which could resolve
    differently.

    Blocks during name resolution.

    Raises:
        DeniedError: all of its addresses are private, and the host is not allowed by name.
        UnavailableError: it has no address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnavailableError(f"The host {host} can't be found: {error}") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if allowed.allows(host, port):
        return addresses
    public = [address for address in addresses if is_public_address(address)]
    if not public:
        raise DeniedError(
            f"{host} is at {', '.join(addresses)}, which is not a public address; to allow it, add "
            f'"{host}" to allow_hosts of the workflows module'
        )
    return public


def is_public_address(text: str) -> bool:
    """Whether an address is globally reachable unicast; IPv4 embedded in IPv6 is judged as IPv4."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _special_ipv4())
    inner = _embedded(address)
    if inner:
        return all(map(is_public_address, map(str, inner)))
    return address in GLOBAL_UNICAST and not any(address in network for network in _special_ipv6())


def _embedded(address: IPv6Address) -> Sequence[IPv4Address]:
    """The IPv4 addresses at which packets to `address` may end up."""
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if address in NAT64_PREFIX:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return address.teredo or ()


@cache
def _special_ipv4() -> tuple[IPv4Network, ...]:
    return tuple(map(IPv4Network, SPECIAL_IPV4))


@cache
def _special_ipv6() -> tuple[IPv6Network, ...]:
    return tuple(map(IPv6Network, SPECIAL_IPV6))
