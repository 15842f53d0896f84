"""The listen streams of a 2026-07-28 client: one for the lists, and one for each group of URIs subscribed together.

The filter of an open stream can't be changed. With one stream per group, no stream is reopened when a URI is added or
removed, so no notification is lost or duplicated.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from mcp import Client, MCPError
from mcp.client.subscriptions import SubscriptionLost

from server_core.events import LogWritten

REOPEN_SECONDS = 0.1


class ListenStreams:
    """The streams of a connected client. `EngineClient` receives the notifications themselves."""

    def __init__(self, client: Client, name: str, emit: Callable[[object], None]) -> None:
        self._client = client
        self._name = name
        self._emit = emit
        self._groups: dict[asyncio.Task[None], set[str]] = {}

    async def listen_to_lists(self) -> None:
        """Subscribe to changes of the lists of tools, resources and prompts."""
        await self._open(
            set(), tools_list_changed=True, resources_list_changed=True, prompts_list_changed=True
        )

    async def add(self, uris: Sequence[str]) -> None:
        """Subscribe to these resources; return once the server has acknowledged."""
        await self._open(set(uris), resource_subscriptions=list(uris))

    async def remove(self, uris: Sequence[str]) -> None:
        """End the streams that serve only these URIs. The rest of a group keeps its stream."""
        for task, group in list(self._groups.items()):
            if group and group.intersection(uris):
                group.difference_update(uris)
                if not group:
                    await self._end(task)

    async def close(self) -> None:
        """End every stream."""
        for task in list(self._groups):
            await self._end(task)

    async def _open(self, group: set[str], **wanted: Any) -> None:
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._stay(acknowledged, wanted), name=f"listen {self._name}")
        self._groups[task] = group
        task.add_done_callback(lambda done: self._groups.pop(done, None))
        try:
            await acknowledged
        except asyncio.CancelledError:
            await self._end(task)
            raise

    async def _end(self, task: asyncio.Task[None]) -> None:
        self._groups.pop(task, None)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _stay(self, acknowledged: asyncio.Future[None], wanted: dict[str, Any]) -> None:
        """Keep one stream open until the server closes it or the task is cancelled."""
        try:
            while True:
                try:
                    async with self._client.listen(**wanted) as stream:
                        if not acknowledged.done():
                            acknowledged.set_result(None)
                        async for _event in stream:
                            pass
                    return
                except SubscriptionLost as error:
                    self._emit(
                        LogWritten(
                            self._name,
                            "warning",
                            f"Lost a listen stream; notifications may be missing: {error}",
                        )
                    )
                    await asyncio.sleep(REOPEN_SECONDS)
        except MCPError as error:
            if not acknowledged.done():
                acknowledged.set_exception(error)
            else:
                self._emit(LogWritten(self._name, "warning", f"A listen stream ended: {error}"))
        finally:
            acknowledged.cancel()
