"""From a file's write to its notification at a subscribed client."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from server_core.modules.files import FilesModule
from server_core.server import Server
from server_core.testing import connect

from .pairs import Row, alone

WRITES = 20


def file_to_notice() -> Row:
    """Milliseconds, each write after the last one's notice."""
    return alone(
        "a file's write to its notification",
        asyncio.run(_measure()),
        bound=25.0,
        unit="ms",
        against="a client of 2026-07-28",
    )


async def _measure() -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder).resolve() / "a.txt"
        path.write_text("0")
        server = Server("files")
        server.add(FilesModule("docs", path=folder))
        measured: list[float] = []
        async with server.running(), connect(server) as client:
            uri = path.as_uri()
            async with client.listen(resource_subscriptions=[uri]) as events:
                for number in range(WRITES):
                    await asyncio.sleep(0.15)  # the last write's trailing events have passed
                    started = time.perf_counter()
                    path.write_text(str(number))
                    await asyncio.wait_for(anext(events), 5)
                    measured.append((time.perf_counter() - started) * 1000)
        return measured
