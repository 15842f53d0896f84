"""The connected clients of a server: one entry each, whatever the revision and the transport."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.types import LoggingLevel

from ..bus import EventBus
from ..events import ClientConnected, ClientDisconnected
from ..inspection import ClientState
from ..request import Request

STATELESS_SECONDS = 60.0
"""How long a client without a connection (2026-07-28 over HTTP) counts as connected after its last request."""

STATELESS_CLIENTS = 1000
"""How many such clients are tracked; those silent for longest are forgotten first."""

HANG_UP_KEY = "io.mcp-server-workbench/hang-up"
"""The key in an HTTP request's scope for the function that drops its connection."""

_CLIENT_KEY = "io.mcp-server-workbench/client"
_LOG_LEVEL_KEY = "io.mcp-server-workbench/log-level"

LOG_LEVELS: tuple[LoggingLevel, ...] = (
    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency",
)  # fmt: skip
"""The protocol's log levels, least severe first."""

_client_numbers = itertools.count(1)


class ClientEntry:
    """One connected client.

    Attributes:
        id: unique in this process.
        name: the name it gave, empty until then.
        subscriptions: how many times it is subscribed to each URI, through either mechanism.
        connection: the standing connection of a 2025 client, `None` for a 2026 one.
        hang_up: drops its connection, if it has its own (stdio, memory).
    """

    def __init__(self) -> None:
        self.id = f"c{next(_client_numbers)}"
        self.name = ""
        self.protocol = ""
        self.subscriptions: Counter[str] = Counter()
        self.lists: Counter[str] = Counter()
        self.connection: Connection | None = None
        self.announced = False
        self.hang_up: Callable[[], None] | None = None


class StatelessClient:
    """A client without a standing connection, identified by its address and the name it gives."""

    def __init__(self, entry: ClientEntry) -> None:
        self.entry = entry
        self.requests = 0
        self.timer: asyncio.TimerHandle | None = None


class ClientTable:
    """The connected clients. Use on the server's loop only.

    Attributes:
        why_ended: returns why the server ended the session with that id; set by the transport that has sessions.
    """

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self.entries: dict[str, ClientEntry] = {}
        self._stateless: dict[tuple[str, ...], StatelessClient] = {}
        self.why_ended: Callable[[str | None], str] = lambda _session: ""

    def open(self) -> ClientEntry:
        """Add a new connection, whose client has not sent anything yet."""
        entry = ClientEntry()
        self.entries[entry.id] = entry
        return entry

    def close(self, entry: ClientEntry, reason: str = "") -> None:
        """Remove a connection that ended; `reason` is why the server ended it."""
        if self.entries.pop(entry.id, None) is not None and entry.announced:
            self._bus.emit(ClientDisconnected(entry.id, reason))
            if reason:
                text = "The session of client %s (%s) was ended: %s"
                logging.getLogger("server_core").info(text, entry.id, entry.name, reason)

    def seen(self, ctx: ServerRequestContext[Any, Any]) -> ClientEntry:
        """The entry of the client that sent the request in `ctx`."""
        # Over HTTP the lifespan is that of the whole server: clients are identified by their sessions.
        entry: ClientEntry = ctx.lifespan_context if ctx.request is None else self._of_http(ctx)
        if not entry.announced:
            self._announce(entry, ctx)
        return entry

    def forget_stateless(self) -> None:
        """Remove the clients without a connection, since the server is no longer reachable over HTTP."""
        for key in list(self._stateless):
            self._forget(key)

    def _of_http(self, ctx: ServerRequestContext[Any, Any]) -> ClientEntry:
        connection = ctx.session._connection
        known: ClientEntry | None = connection.state.get(_CLIENT_KEY)
        if known is not None:
            return known
        if ctx.protocol_version < "2026":
            entry = self.open()
            connection.exit_stack.callback(lambda: self.close(entry, self.why_ended(connection.session_id)))
        else:
            entry = self._of_stateless(ctx, connection)
        connection.state[_CLIENT_KEY] = entry
        return entry

    def _of_stateless(self, ctx: ServerRequestContext[Any, Any], connection: Connection) -> ClientEntry:
        peer = getattr(ctx.request, "client", None)
        params = connection.client_params
        info = params.client_info if params is not None else None
        key = (peer.host if peer else "", info.name if info else "", info.version if info else "")
        client = self._stateless.pop(key, None)
        if client is None:
            self._make_room()
            client = StatelessClient(self.open())
        self._stateless[key] = client  # those silent for longest come first
        client.requests += 1
        if client.timer is not None:
            client.timer.cancel()
            client.timer = None
        connection.exit_stack.callback(self._answered, key, client)
        return client.entry

    def _answered(self, key: tuple[str, ...], client: StatelessClient) -> None:
        client.requests -= 1
        if client.requests == 0 and self._stateless.get(key) is client:
            loop = asyncio.get_running_loop()
            client.timer = loop.call_later(STATELESS_SECONDS, partial(self._forget, key))

    def _make_room(self) -> None:
        if len(self._stateless) < STATELESS_CLIENTS:
            return
        silent = next((key for key, client in self._stateless.items() if client.requests == 0), None)
        self._forget(silent or next(iter(self._stateless)))

    def _forget(self, key: tuple[str, ...]) -> None:
        client = self._stateless.pop(key)
        if client.timer is not None:
            client.timer.cancel()
        self.close(client.entry)

    def _announce(self, entry: ClientEntry, ctx: ServerRequestContext[Any, Any]) -> None:
        params = ctx.session.client_params
        if params is None and ctx.protocol_version < "2026":
            return
        entry.announced = True
        entry.name = params.client_info.name if params is not None else ""
        entry.protocol = ctx.protocol_version
        if ctx.protocol_version < "2026":
            entry.connection = ctx.session._connection
        self._bus.emit(ClientConnected(entry.id, entry.name, entry.protocol))

    def subscribers(self, uri: str) -> int:
        """How many clients are subscribed to `uri`."""
        return sum(1 for entry in self.entries.values() if entry.subscriptions[uri] > 0)

    def listeners(self, what: str) -> int:
        """How many clients receive changes of the list `what` ("tools", "resources", "prompts")."""
        return sum(
            1 for entry in self.entries.values() if entry.connection is not None or entry.lists[what] > 0
        )

    def states(self) -> tuple[ClientState, ...]:
        """The clients that have introduced themselves."""
        return tuple(
            ClientState(entry.id, entry.name, entry.protocol, tuple(sorted(+entry.subscriptions)))
            for entry in self.entries.values()
            if entry.announced
        )


def hang_up(request: Request) -> bool:
    """Drop the connection on which `request` came, as if it had failed, without an answer. Returns whether there is
    one; the core's own requests have none."""
    ctx = request.session
    if ctx is None:
        return False
    if ctx.request is None:
        entry: ClientEntry = ctx.lifespan_context
        breaking = entry.hang_up
    else:
        breaking = ctx.request.scope.get(HANG_UP_KEY)
    if breaking is None:
        return False
    breaking()
    return True


def set_log_level(ctx: ServerRequestContext[Any, Any], level: LoggingLevel) -> None:
    """Send the client of `ctx` only log messages of `level` and above from now on (2025-11-25)."""
    ctx.session._connection.state[_LOG_LEVEL_KEY] = level


def wants_log(ctx: ServerRequestContext[Any, Any], level: LoggingLevel) -> bool:
    """Whether the client of `ctx` wants log messages of `level`; by default, all."""
    least = ctx.session._connection.state.get(_LOG_LEVEL_KEY, "debug")
    return LOG_LEVELS.index(level) >= LOG_LEVELS.index(least)
