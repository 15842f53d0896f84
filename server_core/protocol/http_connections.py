"""The TCP connections of an HTTP server: limited in number and in idle time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ..open_files import open_files_limit

HEADER_SECONDS = 20.0
"""How long a client may take to send a request's headers."""

UNREAD_SECONDS = 60.0
"""How long a client may stop reading while more of a response is waiting."""


def most_connections(wanted: int) -> int:
    """The maximum number of connections: `wanted`, or fewer, to leave a quarter of the process's files free."""
    limit = open_files_limit()
    return wanted if limit is None else max(1, min(wanted, limit * 3 // 4))


class Countdown:
    """Calls a function after some seconds, unless stopped before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float, call: Callable[[], object]) -> None:
        """Start counting, unless already started."""
        self._handle = self._handle or self._loop.call_later(seconds, call)

    def stop(self) -> None:
        """Cancel the call."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


def connection_class(most: int) -> type[asyncio.Protocol]:
    """uvicorn's HTTP protocol, with limits.

    Args:
        most: the maximum number of connections; further ones get a 503 response and are closed.
    """
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class BoundedConnection(H11Protocol):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._head = Countdown(self.loop)
            self._unread = Countdown(self.loop)

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > most:
                self._turn_away(b"503 Service Unavailable")
            else:
                self._expect_head()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._head.stop()
            self._unread.stop()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._expect_head()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._unread.start(UNREAD_SECONDS, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._unread.stop()

        def _expect_head(self) -> None:
            # h11 considers the client idle until it has sent all headers.
            if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
                self._head.stop()
            else:
                self._head.start(HEADER_SECONDS, lambda: self._turn_away(b"408 Request Timeout"))

        def _turn_away(self, status: bytes) -> None:
            if not self.transport.is_closing():
                head = b"HTTP/1.1 %s\r\nconnection: close\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n"
                self.transport.write(head % status)
                self.transport.close()

    return BoundedConnection
