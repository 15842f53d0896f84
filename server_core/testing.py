"""Helpers for testing your own server: an in-memory client for either revision, a clock you control, a bounded wait for
a fact, injected faults.

```python
async with server.running(), connect(server) as client:
    result = await client.call_tool("add", {"a": 1, "b": 2})
```
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar

from mcp import Client

from .bus import Event, EventBus
from .faults.injector import FaultInjector
from .faults.spec import parse_fault
from .manual_clock import ManualClock
from .protocol.result_validation import bound_validation
from .protocol.transport import MemoryTransport
from .server import Server

__all__ = ["NEWEST", "OLDEST", "ManualClock", "ProtocolRevision", "connect", "expect", "set_faults"]

ProtocolRevision = Literal["2025-11-25", "2026-07-28"]
NEWEST: ProtocolRevision = "2026-07-28"
OLDEST: ProtocolRevision = "2025-11-25"

ExpectedFactT = TypeVar("ExpectedFactT")


@asynccontextmanager
async def connect(
    server: Server, protocol: ProtocolRevision = NEWEST, **options: Any
) -> AsyncIterator[Client]:
    """Connect a client to the running `server`, over in-memory streams that carry real JSON-RPC messages.

    `options` are passed to `mcp.Client` (`message_handler`, `elicitation_callback`, …). Its own cache is off, so that
    every read reaches the server. Enter and exit it in the same task.
    """
    mode = "legacy" if protocol == OLDEST else "auto"
    options.setdefault("cache", None)
    async with Client(MemoryTransport(server.protocol), mode=mode, **options) as client:
        bound_validation(client.session)
        yield client


def set_faults(server: Server, *faults: str) -> FaultInjector:
    """Inject faults into the running `server`, each written as `NAME=fail:3`, `NAME=delay:2`, `NAME=hang`,
    `NAME=garble` or `NAME=drop`; NAME is a tool, prompt, URI, template or module. The injector clears them.

    Raises:
        FaultSpecError: a fault is malformed, or nothing has that name.
    """
    injector = FaultInjector(server.core)
    for fault in map(parse_fault, faults):
        injector.check_name(fault.name)
        injector.set(fault)
    return injector


@asynccontextmanager
async def expect(
    bus: EventBus,
    kind: type[ExpectedFactT],
    where: Callable[[ExpectedFactT], bool] = lambda _fact: True,
    *,
    seconds: float = 30.0,
) -> AsyncIterator[asyncio.Future[ExpectedFactT]]:
    """Run the block, then wait until a fact of `kind` matching `where` has been emitted since the block began.

    The future passed to the block then holds the first such fact.

    Raises:
        TimeoutError: none was emitted within `seconds` after the block; the text names the kind.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[ExpectedFactT] = loop.create_future()

    def take(fact: ExpectedFactT) -> None:
        if not found.done():
            found.set_result(fact)

    def listen(event: Event) -> None:
        if isinstance(event.fact, kind) and where(event.fact):
            loop.call_soon_threadsafe(take, event.fact)

    unsubscribe = bus.subscribe(listen)
    try:
        yield found
        try:
            await asyncio.wait_for(asyncio.shield(found), seconds)
        except TimeoutError:
            raise TimeoutError(f"No {kind.__name__} was emitted within {seconds:g} s") from None
    finally:
        unsubscribe()
        found.cancel()
