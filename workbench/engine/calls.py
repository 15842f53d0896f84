"""Calls made by hand: each becomes a `CallRecord`, however it ends."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from mcp import Client, MCPError
from mcp import types as mcp_types
from mcp.shared.dispatcher import ProgressFnT
from pydantic import TypeAdapter

from server_core.bus import Event, EventBus
from server_core.clock import Clock
from server_core.events import ErrorReported, Outcome, RequestFinished
from server_core.request import REQUEST_KEY_META
from workbench.records import CallError, CallMethod, CallRecord

from .clients import EngineClient
from .progress import ProgressCallback

TRACE_SECONDS = 0.25
"""How long a call that timed out waits for the server to say where the time went."""

MOST_CAUSES = 100
"""Of how many unexpected errors the traceback is kept for the call that they ended."""

_ReadAnswer: TypeAdapter[Any] = TypeAdapter(mcp_types.ReadResourceResult | mcp_types.InputRequiredResult)

Send = Callable[[Client, dict[str, Any], ProgressFnT], Awaitable[Any]]
"""Makes the call, given the client, the `_meta` and the SDK's callback for progress."""


class _Heard:
    """What the server said of a call's requests: several when it asked the client for input in between."""

    def __init__(self) -> None:
        self.facts: list[RequestFinished] = []
        self.first = asyncio.Event()


class Calls:
    """Makes calls through the engine's clients. On the engine's loop only."""

    def __init__(
        self,
        client: Callable[[str], EngineClient],
        bus: EventBus,
        clock: Clock,
        keep: Callable[[CallRecord], None],
    ) -> None:
        """Args:
        client: the client of a protocol revision.
        keep: is given each record (the history).
        """
        self._client = client
        self._clock = clock
        self._keep = keep
        self._pending: dict[str, _Heard] = {}
        self._causes: OrderedDict[str, str] = OrderedDict()
        self.close = bus.subscribe(self._hear)

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        *,
        protocol: str,
        timeout: float | None = None,
        on_progress: ProgressCallback | None = None,
        key: str | None = None,
    ) -> CallRecord:
        """`tools/call`; see `Engine.call_tool`."""
        await self._client(protocol).know_tools()

        async def send(client: Client, meta: dict[str, Any], progressed: ProgressFnT) -> Any:
            meta_params: Any = meta
            return await client.call_tool(name, arguments, progress_callback=progressed, meta=meta_params)

        return await self._call("tools/call", name, arguments, protocol, timeout, on_progress, key, send)

    async def read(
        self,
        uri: str,
        *,
        protocol: str,
        timeout: float | None = None,
        on_progress: ProgressCallback | None = None,
        key: str | None = None,
    ) -> CallRecord:
        """`resources/read`; see `Engine.read`."""

        async def send(client: Client, meta: dict[str, Any], progressed: ProgressFnT) -> Any:
            # The SDK's own method takes no callback for progress, which a streamed read reports.
            params = mcp_types.ReadResourceRequestParams.model_validate({"uri": uri, "_meta": meta})
            answer = await client.session.send_request(
                mcp_types.ReadResourceRequest(params=params), _ReadAnswer, progress_callback=progressed
            )
            if isinstance(answer, mcp_types.InputRequiredResult):
                meta_params: Any = meta
                return await client.read_resource(uri, meta=meta_params)
            return answer

        return await self._call("resources/read", uri, {}, protocol, timeout, on_progress, key, send)

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, str],
        *,
        protocol: str,
        timeout: float | None = None,
        key: str | None = None,
    ) -> CallRecord:
        """`prompts/get`; see `Engine.get_prompt`."""

        async def send(client: Client, meta: dict[str, Any], _progressed: ProgressFnT) -> Any:
            meta_params: Any = meta
            return await client.get_prompt(name, arguments, meta=meta_params)

        return await self._call("prompts/get", name, arguments, protocol, timeout, None, key, send)

    async def _call(
        self,
        method: CallMethod,
        target: str,
        arguments: dict[str, Any],
        protocol: str,
        timeout: float | None,
        on_progress: ProgressCallback | None,
        key: str | None,
        send: Send,
    ) -> CallRecord:
        client = await self._client(protocol).connected()
        key = key or uuid.uuid4().hex
        heard = self._pending[key] = _Heard()
        started, began = self._clock.now(), time.monotonic()
        result: dict[str, Any] | None = None
        error: CallError | None = None
        outcome: Outcome = "ok"
        try:
            answer = await _limited(client, key, timeout, on_progress, send)
            result = answer.model_dump(by_alias=True, mode="json", exclude_none=True)
            if getattr(answer, "is_error", False):
                outcome = "tool_error"
        except TimeoutError:
            outcome = "timeout"
            error = CallError(
                mcp_types.REQUEST_TIMEOUT,
                f"No answer and no progress for {timeout:g} s: the call was cancelled",
            )
            await _wait(heard.first, TRACE_SECONDS)
        except MCPError as refused:
            outcome, error = "error", CallError(refused.code, refused.message, refused.data)
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except Exception as found:  # an answer that the SDK's client does not accept
            outcome, error = "error", CallError(0, f"The client refused the answer: {found}")
        finally:
            del self._pending[key]
            seconds = time.monotonic() - began
            last = heard.facts[-1] if heard.facts else None
            if last is not None and last.outcome == "timeout" and outcome in ("error", "tool_error"):
                outcome = "timeout"
            record = CallRecord(
                key,
                method,
                target,
                protocol,
                arguments,
                outcome,
                result,
                error,
                started,
                seconds,
                tuple(stage for fact in heard.facts for stage in fact.stages),
                last.size if last is not None else 0,
                reference := last.reference if last is not None else "",
                self._causes.pop(reference, ""),
            )
            self._keep(record)
        return record

    def _hear(self, event: Event) -> None:
        fact = event.fact
        if isinstance(fact, RequestFinished) and fact.key in self._pending:
            heard = self._pending[fact.key]
            heard.facts.append(fact)
            heard.first.set()
        elif isinstance(fact, ErrorReported) and fact.source == "request":
            self._causes[fact.reference] = fact.traceback
            while len(self._causes) > MOST_CAUSES:
                self._causes.popitem(last=False)


async def _limited(
    client: Client, key: str, timeout: float | None, on_progress: ProgressCallback | None, send: Send
) -> Any:
    """The answer.

    Raises:
        TimeoutError: neither answer nor progress came for `timeout` seconds; the call was cancelled.
    """
    loop = asyncio.get_running_loop()
    over = False
    try:
        async with asyncio.timeout(timeout) as deadline:

            async def progressed(progress: float, total: float | None, message: str | None) -> None:
                if over:  # the SDK delivers each report in a task of its own, perhaps after the answer
                    return
                if timeout is not None:
                    deadline.reschedule(loop.time() + timeout)
                if on_progress is not None:
                    on_progress(progress, total, message or "")

            try:
                return await send(client, {REQUEST_KEY_META: key}, progressed)
            finally:
                over = True
    except TimeoutError as error:
        if deadline.expired():
            raise
        raise RuntimeError(f"{type(error).__name__} inside the client: {error}") from error


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
