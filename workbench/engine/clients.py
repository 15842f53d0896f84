"""The engine's own in-memory clients of its server: one for each protocol revision, with a tap on the frames."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, TypeVar

from mcp import Client, MCPError
from mcp import types as mcp_types
from mcp.client import ClientExtension

from server_core.events import LogWritten
from server_core.protocol.result_validation import bound_validation
from server_core.protocol.transport import MemoryTransport
from server_core.server import Server
from workbench.facts import NoticeReceived
from workbench.records import Side

from .asking import ClientAnswers
from .calllog import CallLog
from .errors import EngineError
from .listening import ListenStreams
from .tap import FrameRing, TappedTransport

ListedT = TypeVar("ListedT")

MOST_PAGES = 10_000
"""A list with more pages than this counts as endless."""

NOTICE_BURST = 64
"""How many notifications are received without yielding to the loop."""

_NOTICES: dict[str, Literal["updated", "tools", "resources", "prompts"]] = {
    "notifications/resources/updated": "updated",
    "notifications/tools/list_changed": "tools",
    "notifications/resources/list_changed": "resources",
    "notifications/prompts/list_changed": "prompts",
}


class EngineClient:
    """A client of one protocol revision. It outlives its connection: when the server restarts or the connection breaks,
    it reconnects, and commands wait in the meantime. Use it on the engine's loop only.

    Attributes:
        protocol: The protocol revision that it speaks.
        uris: The resources that it is subscribed to.
        heard: The number of change notifications it received.
    """

    def __init__(
        self,
        protocol: str,
        frames: FrameRing,
        emit: Callable[[object], None],
        answers: ClientAnswers,
        extensions: Sequence[ClientExtension] = (),
    ) -> None:
        """Args:
        answers: Answers the server's questions to the client.
        extensions: The extensions that it declares.
        """
        self.protocol = protocol
        self.uris: set[str] = set()
        self._frames = frames
        self._emit = emit
        self._answers = answers
        self._extensions = extensions
        self._info = mcp_types.Implementation(name="workbench", version=_version())
        self._name = f"client {protocol}"
        self._legacy = protocol < "2026"
        self.heard = 0
        self._knows_tools = False
        self._streams: ListenStreams | None = None
        self._leave = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None
        self._connected: asyncio.Future[Client] = asyncio.get_running_loop().create_future()

    # -- lifecycle

    async def connect(self, server: Server) -> None:
        """Connect to `server` and renew the subscriptions.

        Raises:
            MCPError: The server refused.
        """
        self._leave.clear()
        opened: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        # Needs its own task: the SDK's client must be exited in the task that entered it.
        self._life = asyncio.create_task(self._live(server, opened), name=self._name)
        client = await opened
        if not self._legacy:
            self._streams = ListenStreams(client, self._name, self._emit)
            await self._streams.listen_to_lists()
        elif client.server_capabilities.logging is not None:
            level = mcp_types.SetLevelRequestParams(level="debug")
            await client.session.send_request(mcp_types.SetLevelRequest(params=level), mcp_types.EmptyResult)
        self._connected.set_result(client)
        uris, self.uris = sorted(self.uris), set()
        await self.subscribe(uris)

    async def disconnect(self) -> None:
        """Disconnect from the server. Calls in progress end with an error."""
        if self._again is not None:
            self._again.cancel()
            await asyncio.gather(self._again, return_exceptions=True)
            self._again = None
        await self._end()

    async def _end(self) -> None:
        self._forget()
        if self._streams is not None:
            await self._streams.close()
            self._streams = None
        self._leave.set()
        if self._life is not None:
            await asyncio.gather(self._life, return_exceptions=True)
            self._life = None

    def _forget(self) -> None:
        """Make commands wait for the next connection from now on."""
        self._knows_tools = False
        if self._connected.done():
            self._connected = asyncio.get_running_loop().create_future()

    def _lost(self, server: Server) -> None:
        """Reconnect after the server closed the connection, unless that was intended."""
        if self._leave.is_set() or not self._connected.done():
            return
        self._forget()
        self._emit(LogWritten(self._name, "warning", "The connection was lost; reconnecting"))
        self._again = asyncio.create_task(self._reconnect(server), name=f"{self._name} again")

    async def _reconnect(self, server: Server) -> None:
        try:
            await self._end()
            await self.connect(server)
        except Exception as error:
            self._emit(LogWritten(self._name, "error", f"Can't reconnect: {error}"))

    async def connected(self) -> Client:
        """Wait until the SDK's client is connected and return it."""
        return await asyncio.shield(self._connected)

    async def _live(self, server: Server, opened: asyncio.Future[Client]) -> None:
        keep, log = self._frames.sink(self.protocol), CallLog(self._name, self._emit)

        def take(side: Side, item: Any) -> None:
            keep(side, item)
            log.take(side, item)

        transport: Any = TappedTransport(
            MemoryTransport(server.protocol, burst=NOTICE_BURST),
            take,
            lambda: self._lost(server),
            self._noticed,
        )
        try:
            async with Client(
                transport,
                mode="legacy" if self._legacy else "auto",
                cache=None,
                client_info=self._info,
                log_level="debug",
                elicitation_callback=self._answers.elicited,
                sampling_callback=self._answers.sampled,
                list_roots_callback=self._answers.rooted,
                extensions=self._extensions,
            ) as client:
                if client.protocol_version != self.protocol:
                    raise EngineError(f"The server speaks {client.protocol_version}, not {self.protocol}")
                bound_validation(client.session)
                opened.set_result(client)
                await self._leave.wait()
        except Exception as error:
            if not opened.done():
                opened.set_exception(error)
            else:
                self._emit(LogWritten(self._name, "error", f"The connection was lost: {error}"))

    # -- requests of the client

    async def know_tools(self) -> None:
        """Make sure that the SDK's client knows the current tools.

        It validates results against the tool's output schema. By itself it fetches only the first page of the list
        after calling an unknown tool, and never updates a known one.
        """
        if not self._knows_tools:
            await self.list_tools()

    async def list_tools(self) -> list[mcp_types.Tool]:
        client = await self.connected()
        self._knows_tools = True
        return await _all_pages(lambda cursor: client.list_tools(cursor=cursor), lambda page: page.tools)

    async def list_resources(self) -> list[mcp_types.Resource]:
        client = await self.connected()
        return await _all_pages(
            lambda cursor: client.list_resources(cursor=cursor), lambda page: page.resources
        )

    async def list_templates(self) -> list[mcp_types.ResourceTemplate]:
        client = await self.connected()
        return await _all_pages(
            lambda cursor: client.list_resource_templates(cursor=cursor), lambda page: page.resource_templates
        )

    async def list_prompts(self) -> list[mcp_types.Prompt]:
        client = await self.connected()
        return await _all_pages(lambda cursor: client.list_prompts(cursor=cursor), lambda page: page.prompts)

    async def complete(
        self, ref: dict[str, str], argument: str, value: str, context: dict[str, str]
    ) -> list[str]:
        """Return completions for an argument.

        Raises:
            EngineError: The server refused, or `ref` is neither a prompt nor a template.
        """
        reference: mcp_types.PromptReference | mcp_types.ResourceTemplateReference
        if ref.get("type") == "ref/prompt":
            reference = mcp_types.PromptReference(type="ref/prompt", name=ref["name"])
        elif ref.get("type") == "ref/resource":
            reference = mcp_types.ResourceTemplateReference(type="ref/resource", uri=ref["uri"])
        else:
            raise EngineError(f"Neither a prompt nor a template: {ref}")
        client = await self.connected()
        try:
            result = await client.complete(reference, {"name": argument, "value": value}, context or None)
        except MCPError as error:
            raise EngineError(str(error)) from error
        return list(result.completion.values)

    async def subscribe(self, uris: Sequence[str]) -> None:
        """Subscribe to these resources; return once the server has acknowledged."""
        new = [uri for uri in dict.fromkeys(uris) if uri not in self.uris]
        if not new:
            return
        client = await self.connected()
        self.uris.update(new)
        try:
            if self._streams is not None:
                await self._streams.add(new)
            for uri in new if self._legacy else ():
                params = mcp_types.SubscribeRequestParams(uri=uri)
                await client.session.send_request(
                    mcp_types.SubscribeRequest(params=params), mcp_types.EmptyResult
                )
        except MCPError as error:
            self.uris.difference_update(new)
            raise EngineError(f"Could not subscribe: {error}") from error

    async def unsubscribe(self, uris: Sequence[str]) -> None:
        """Unsubscribe from these resources."""
        old = [uri for uri in dict.fromkeys(uris) if uri in self.uris]
        client = await self.connected()
        self.uris.difference_update(old)
        if self._streams is not None:
            await self._streams.remove(old)
        for uri in old if self._legacy else ():
            params = mcp_types.UnsubscribeRequestParams(uri=uri)
            with contextlib.suppress(MCPError):
                await client.session.send_request(
                    mcp_types.UnsubscribeRequest(params=params), mcp_types.EmptyResult
                )

    async def round_trip(self) -> None:
        """Ping the server: everything it sent before has arrived when this returns."""
        client = await self.connected()
        if self._legacy:
            await client.session.send_ping()
        else:
            await client.session.send_discover(self.protocol)

    # -- notifications of the server

    def _noticed(self, message: Any) -> bool:
        """Handle a change notification, in order; return whether the message was one.

        The SDK's client would start a task for each, and merge those pending in a listen stream.
        """
        kind = _NOTICES.get(getattr(message, "method", ""))
        if kind is None:
            return False
        self.heard += 1
        uri = str((message.params or {}).get("uri", "")) if kind == "updated" else ""
        if kind == "tools":
            self._knows_tools = False
        if kind != "updated" or uri in self.uris:
            self._emit(NoticeReceived(self.protocol, kind, uri))
        return True


def _version() -> str:
    try:
        return importlib.metadata.version("mcp-server-workbench")
    except importlib.metadata.PackageNotFoundError:  # running from source, not installed
        return "0"


async def _all_pages(
    fetch: Callable[[str | None], Awaitable[Any]], items: Callable[[Any], Sequence[ListedT]]
) -> list[ListedT]:
    """Fetch all pages of a list.

    Raises:
        EngineError: The server refused, or the list is endless.
    """
    found: list[ListedT] = []
    cursor: str | None = None
    for _page in range(MOST_PAGES):
        try:
            page = await fetch(cursor)
        except MCPError as error:
            raise EngineError(str(error)) from error
        found.extend(items(page))
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise EngineError(f"The list has more than {MOST_PAGES:,} pages")
