"""Which network addresses a workflow may talk to: public ones, and those that the config allows by name."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from ..errors import DeniedError, UnavailableError

NAT64_PREFIX = IPv6Network("64:ff9b::/96")


class AllowedHosts:
    """The hosts, as `name` or `name:port`, that may be called although their addresses are not public."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(host.strip().strip("[]").casefold() for host in hosts)

    def allows(self, host: str, port: int) -> bool:
        """Whether the host (a name or an address, as it stands in the URL) is listed."""
        name = host.strip("[]").casefold()
        return name in self._hosts or f"{name}:{port}" in self._hosts or f"{name}]:{port}" in self._hosts


def resolved_addresses(host: str, port: int, allowed: AllowedHosts) -> list[str]:
    """The addresses of `host` that may be connected to; to these and not to the name, which may change its mind.

    Blocks while the name is looked up.

    Raises:
        DeniedError: all of its addresses are private, and it is not allowed by name.
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
    """Whether an address belongs to the open internet; IPv4 inside IPv6 counts as what it is."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if inner is None and address in NAT64_PREFIX:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public_address(str(inner))
        if int(address) >> 32 == 0:  # IPv4-compatible, long deprecated
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
