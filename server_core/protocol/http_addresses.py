"""Listen addresses, and the host names allowed for them."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from ..error_texts import shortened
from ..errors import CoreError

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""A machine's names for itself."""

WILDCARDS = frozenset({"0.0.0.0", "::"})
"""The hosts that stand for every address of the machine."""


ALLOW_HINT = "start it with that host allowed (--allow-host, or allowed_hosts in Python)"


class AddressError(CoreError):
    """An invalid or unavailable listen address; the text is one line that says what to do."""


def split_address(text: str) -> tuple[str, int]:
    """Parse the host and port in `HOST:PORT`, `[IPV6]:PORT`, or a port alone, which means this machine only.

    Raises:
        AddressError: it is none of these.
    """
    host, _colon, port = text.strip().rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    is_port = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535
    if not is_port or (":" in host and not _is_ip(host)):
        raise AddressError(
            f"Invalid listen address {shortened(text)!r}: use HOST:PORT, such as 127.0.0.1:8000"
        )
    return host or "127.0.0.1", int(port)


def joined_address(host: str, port: int) -> str:
    """`HOST:PORT` as written in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """A bound socket for each address of `host`, all with the same port: a free one if `port` is 0.

    Raises:
        AddressError: there is no such host, or the port is in use or not allowed.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise AddressError(
            f"There is no host {host!r}: use 127.0.0.1, or one of this machine's own names"
        ) from error
    bound: list[socket.socket] = []
    failure: OSError | None = None
    for family, kind, protocol, _name, address in dict.fromkeys(found):
        try:
            bound.append(_bound(family, kind, protocol, (address[0], port, *address[2:])))
        except OSError as error:
            failure = error
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                break  # skip an address that this machine does not have
        else:
            port = port or bound[0].getsockname()[1]
            failure = None
    if failure is not None and (not bound or failure.errno == errno.EADDRINUSE):
        for each in bound:
            each.close()
        raise AddressError(_why_not(failure, host, port)) from failure
    return bound


def _bound(family: int, kind: int, protocol: int, address: Sequence[object]) -> socket.socket:
    opened = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        opened.bind(tuple(address))
        # Fail now, not at the first connection: only one of two processes gets to listen.
        opened.listen()
    except OSError:
        opened.close()
        raise
    opened.setblocking(False)
    return opened


def _why_not(error: OSError, host: str, port: int) -> str:
    where = joined_address(host, port)
    if error.errno == errno.EADDRINUSE:
        return f"{where} is already in use: stop the program that uses it, or choose another port"
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return f"This machine has no address {host}: use 127.0.0.1, or 0.0.0.0 for all of its addresses"
    if error.errno == errno.EACCES:
        return f"Listening at {where} is not allowed: use a port above 1023"
    return f"Listening at {where} failed: {error.strerror or error}"


class AllowedNames:
    """The allowed `Host` and `Origin` headers, so that no web page reaches the server under a name of its own (DNS
    rebinding).

    Allowed are the host that it listens on, the machine's names for itself, and those in `more`. A server on every
    address also accepts any IP address: IP addresses can't be rebound.
    """

    def __init__(self, host: str, more: Iterable[str] = ()) -> None:
        self._names = {*LOCAL_NAMES, *(_plain_name(name) for name in (host, *more))} - WILDCARDS
        self._any_ip = host in WILDCARDS
        if self._any_ip:
            name = _plain_name(socket.gethostname())
            self._names |= {name, f"{name}.local"}

    def refusal(self, hosts: Sequence[str], origins: Sequence[str]) -> tuple[int, str] | None:
        """HTTP status and reason for refusing these `Host` and `Origin` headers; `None` if they are allowed."""
        if len(hosts) != 1 or (name := _name_in(f"//{hosts[0]}")) is None:
            return 421, "The request must have exactly one Host header, a host with or without a port"
        if name not in self._names and not (self._any_ip and _is_ip(name)):
            return 421, f"This server is not called {shortened(name)!r}: use {self._known()}, or {ALLOW_HINT}"
        for origin in origins:
            asking = _name_in(origin)
            # Pages from the address that was called are allowed, those from other IP addresses are not.
            if asking is None or (asking not in self._names and asking != name):
                return (
                    403,
                    f"Web pages of {shortened(origin)!r} may not use this server; to let them, {ALLOW_HINT}",
                )
        return None

    def _known(self) -> str:
        return ", ".join(sorted(self._names)) + (" or an IP address" if self._any_ip else "")


def _name_in(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.path or parts.query or not parts.hostname:
        return None
    return _plain_name(parts.hostname)


def _plain_name(host: str) -> str:
    return host.strip("[]").rstrip(".").casefold()


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
