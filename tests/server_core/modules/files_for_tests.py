"""A folder served by a files module, with everything that tests want to see of it."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.types import (
    BlobResourceContents,
    Resource,
    ResourceListChangedNotification,
    ResourceUpdatedNotification,
    TextResourceContents,
)

from server_core.bus import Event
from server_core.events import FilesChanged
from server_core.inspection import ModuleState
from server_core.modules.files import FilesModule
from server_core.server import Server
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect
from tests.waiting import until

LIST = "list"
"""Stands for a list change among the URIs that a client heard of."""


class Docs:
    """A running server with one files module, and a client of it.

    Attributes:
        batches: every `FilesChanged` so far.
    """

    def __init__(
        self, server: Server, module: FilesModule, client: Client, batches: list[FilesChanged]
    ) -> None:
        self.server = server
        self.module = module
        self.client = client
        self.batches = batches

    @property
    def state(self) -> ModuleState:
        return self.server.inspect().modules[0]

    @property
    def root(self) -> Path:
        assert self.module.root is not None
        return self.module.root

    def uri(self, path: str) -> str:
        return self.module.uri_of(path)

    def live(self) -> list[tuple[str, str]]:
        """(kind, path) of every live change so far."""
        return [(c.kind, c.path) for batch in self.batches if not batch.replayed for c in batch.changes]

    async def listed(self) -> dict[str, Resource]:
        """The resources by name, from all pages."""
        resources: list[Resource] = []
        cursor = None
        while True:
            page = await self.client.list_resources(cursor=cursor)
            resources += page.resources
            if (cursor := page.next_cursor) is None:
                return {resource.name: resource for resource in resources}

    async def read(self, path: str, query: str = "") -> TextResourceContents | BlobResourceContents:
        return (await self.client.read_resource(self.uri(path) + query)).contents[0]

    async def text(self, path: str) -> str:
        content = await self.read(path)
        assert isinstance(content, TextResourceContents)
        return content.text

    async def until_changed(self, *changes: tuple[str, str]) -> None:
        """Wait until each of the changes was taken in."""
        await until(lambda: set(changes) <= set(self.live()), f"{changes} taken in")


@asynccontextmanager
async def serving(
    folder: Path, *, protocol: ProtocolRevision = NEWEST, server: Server | None = None, **options: Any
) -> AsyncIterator[Docs]:
    """Serve `folder` by a module named "docs"."""
    server = server or Server("s")
    module = server.add(FilesModule("docs", path=str(folder), **options))
    batches: list[FilesChanged] = []

    def listen(event: Event) -> None:
        if isinstance(event.fact, FilesChanged):
            batches.append(event.fact)

    server.bus.subscribe(listen)
    async with server.running(), connect(server, protocol) as client:
        yield Docs(server, module, client, batches)


class Heard:
    """What the clients of both revisions were told, in order: URIs, and `LIST` for the list."""

    def __init__(self) -> None:
        self.old: list[str] = []
        self.new: list[str] = []


@asynccontextmanager
async def listening(docs: Docs, paths: Sequence[str]) -> AsyncIterator[Heard]:
    """Two clients, one of each revision, that are subscribed to `paths` and to the list."""
    heard = Heard()
    uris = [docs.uri(path) for path in paths]

    async def hear(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.old.append(str(message.params.uri))
        elif isinstance(message, ResourceListChangedNotification):
            heard.old.append(LIST)

    async with connect(docs.server, OLDEST, message_handler=hear) as old, connect(docs.server) as new:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for uri in uris:
                await old.subscribe_resource(uri)
        async with (
            new.listen(resource_subscriptions=uris, resources_list_changed=True) as events,
            anyio.create_task_group() as tasks,
        ):

            async def listen() -> None:
                async for event in events:
                    heard.new.append(getattr(event, "uri", LIST))

            tasks.start_soon(listen)
            with suppress(anyio.get_cancelled_exc_class()):
                yield heard
            tasks.cancel_scope.cancel()
