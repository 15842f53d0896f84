"""The clients of a server: one entry for each connection, whatever the revision and the transport."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext

from ..bus import EventBus
from ..events import ClientConnected, ClientDisconnected
from ..inspection import ClientState

_client_numbers = itertools.count(1)


class ClientEntry:
    """One connected client.

    Attributes:
        id: unique in this process.
        name: what it calls itself, empty until it has said so.
        subscriptions: how often it is subscribed to each URI, over both mechanisms.
        connection: the standing connection of a 2025 client, `None` for a 2026 one.
    """

    def __init__(self) -> None:
        self.id = f"c{next(_client_numbers)}"
        self.name = ""
        self.protocol = ""
        self.subscriptions: Counter[str] = Counter()
        self.lists: Counter[str] = Counter()
        self.connection: Connection | None = None
        self.announced = False


class ClientTable:
    """Who is connected. On the server's loop only."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self.entries: dict[str, ClientEntry] = {}

    def open(self) -> ClientEntry:
        """A new connection, of a client that has not said anything yet."""
        entry = ClientEntry()
        self.entries[entry.id] = entry
        return entry

    def close(self, entry: ClientEntry) -> None:
        """The connection ended."""
        if self.entries.pop(entry.id, None) is not None and entry.announced:
            self._bus.emit(ClientDisconnected(entry.id))

    def seen(self, ctx: ServerRequestContext[Any, Any]) -> ClientEntry:
        """The entry of the client that sent the request of `ctx`."""
        entry: ClientEntry = ctx.lifespan_context
        if not entry.announced:
            self._announce(entry, ctx)
        return entry

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
        """How many clients hear of changes of the list `what` ("tools", "resources", "prompts")."""
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
