"""Serves a server over HTTP at `/mcp`, for clients of both revisions."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, Unpack

import anyio

from .http_access import check_access
from .http_addresses import WILDCARDS, AllowedNames, joined_address, listening_sockets
from .http_connections import connection_class, most_connections
from .http_endpoint import HTTP_PATH, HttpApp, HttpEndpoint
from .sessions import BoundedSessions
from .transport import SHUTDOWN_SECONDS

if TYPE_CHECKING:
    from types import FrameType

    from ..core import Core
    from .handlers import ProtocolServer

HTTP_SETTLE_SECONDS = 10.0
"""How long a server waits for its modules before it accepts requests."""

LISTEN_BACKLOG = 2048
"""How many pending connections the operating system queues."""

HttpReady = Callable[[str], object]


class HttpServed(Protocol):
    """The server to serve."""

    core: Core

    @property
    def protocol(self) -> ProtocolServer:
        """The SDK's server in front of it."""
        ...

    async def start(self, *, settle: float | None = None) -> None:
        """Start its modules."""
        ...

    async def stop(self) -> None:
        """Stop its modules."""
        ...


class HttpOptions(TypedDict, total=False):
    """How to serve.

    Attributes:
        allowed_hosts: host names that clients may use besides the host and the machine's own names.
        token: the bearer token that clients must send. Required, unless the host is this machine only.
        no_auth: serve anyone, whatever the host and the token.
        ready: called with the URL once clients can connect; by default it is printed to stderr.
    """

    allowed_hosts: Iterable[str]
    token: str
    no_auth: bool
    ready: HttpReady | None


async def serve_http(
    server: HttpServed, host: str, port: int, **options: Unpack[HttpOptions]
) -> signal.Signals | None:
    """Start `server`, serve clients at `http://HOST:PORT/mcp` until SIGINT, SIGTERM or a cancellation, then stop it.

    Signals are handled in the main thread only; a second signal has its default effect. Before it stops, it ends listen
    streams and gives requests `SHUTDOWN_SECONDS` to finish.

    Args:
        port: 0 for any free port.
        options: see `HttpOptions`.

    Returns:
        the signal that ended it.

    Raises:
        AddressError: it can't listen there, or (`AccessError`) not without a token; nothing was started.
    """
    token, no_auth, ready = options.get("token", ""), options.get("no_auth", False), options.get("ready")
    check_access(host, token, no_auth)
    sockets = listening_sockets(host, port)
    try:
        everywhere = host in WILDCARDS
        shown = joined_address("localhost" if everywhere else host, sockets[0].getsockname()[1])
        url = f"http://{shown}{HTTP_PATH}"
        with anyio.CancelScope() as life, _ending_signals(life) as received:
            await server.start(settle=HTTP_SETTLE_SECONDS)
            await _serve_clients(
                server,
                sockets,
                partial(
                    HttpEndpoint,
                    names=AllowedNames(host, options.get("allowed_hosts", ())),
                    reporter=server.core.reporter,
                    token="" if no_auth else token,
                ),
                lambda: ready(url) if ready else _announce(url, everywhere, no_auth),
            )
    finally:
        for each in sockets:
            each.close()
        with anyio.CancelScope(shield=True):
            await server.stop()
    return received[0] if received else None


async def _serve_clients(
    served: HttpServed,
    sockets: list[socket.socket],
    endpoint_of: Callable[[HttpApp], HttpEndpoint],
    ready: Callable[[], object],
) -> None:
    """Serve until cancelled."""
    import uvicorn

    listening, finished = anyio.Event(), anyio.Event()

    class HttpServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            for each in sockets or ():
                each.listen(LISTEN_BACKLOG)
            listening.set()

        def capture_signals(self) -> Any:
            return nullcontext()  # we handle them: modules must be stopped as well

    sessions = BoundedSessions(served.protocol, served.core.limits)
    served.core.clients.why_ended = sessions.why_ended
    endpoint = endpoint_of(sessions.handle_request)
    config = uvicorn.Config(
        endpoint,
        http=connection_class(most_connections(served.core.limits.connections)),
        log_config=None,
        log_level="critical",  # the endpoint reports failures, and clients' mistakes are answered
        access_log=False,
        # asyncio accepts this many at once, and fails as often at the limit of open files.
        backlog=1,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = HttpServer(config)

    async def serve() -> None:
        try:
            await server.serve(sockets)
        finally:
            finished.set()

    async with sessions.run(), anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        try:
            await listening.wait()
            ready()
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                served.core.notices.close()
                await endpoint.close(SHUTDOWN_SECONDS)
                server.should_exit = True
                await finished.wait()
            served.core.clients.forget_stateless()


@contextmanager
def _ending_signals(life: anyio.CancelScope) -> Iterator[list[signal.Signals]]:
    """Make SIGINT and SIGTERM cancel `life`; the list holds the signal that came."""
    received: list[signal.Signals] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    loop = asyncio.get_running_loop()

    def end(number: int, _frame: FrameType | None) -> None:
        restore()
        received.append(signal.Signals(number))
        loop.call_soon_threadsafe(life.cancel)

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    try:
        yield received
    finally:
        restore()


def _announce(url: str, everywhere: bool, no_auth: bool) -> None:
    also = " and every other address of this machine" if everywhere else ""
    print(f"Serving at {url}{also} (Ctrl-C to stop)", file=sys.stderr, flush=True)
    if no_auth:
        print(
            "No authentication: anyone who can reach this address can use the server",
            file=sys.stderr,
            flush=True,
        )
