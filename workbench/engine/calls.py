"""Calls made by the user: each becomes a `CallRecord`, however it ends."""

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

from .asking import Questions
from .clients import EngineClient
from .progress import ProgressCallback

TRACE_SECONDS = 0.25
"""How long a timed-out call waits for the server's trace."""

MOST_CAUSES = 100
"""How many tracebacks of unexpected errors are kept for the calls that they ended."""

_ReadAnswer: TypeAdapter[Any] = TypeAdapter(mcp_types.ReadResourceResult | mcp_types.InputRequiredResult)

Send = Callable[[Client, dict[str, Any], ProgressFnT], Awaitable[Any]]
"""Makes the call, given the client, the `_meta` and the SDK's callback for progress."""


class _Heard:
    """What the server reported about a call's requests; there are several if it asked the client for input."""

    def __init__(self) -> None:
        self.facts: list[RequestFinished] = []
        self.first = asyncio.Event()


class Calls:
    """Makes calls through the engine's clients. Use it on the engine's loop only."""

    def __init__(
        self,
        client: Callable[[str], EngineClient],
        bus: EventBus,
        clock: Clock,
        keep: Callable[[CallRecord], None],
        questions: Questions,
    ) -> None:
        """Args:
        client: Returns the client of a protocol revision.
        keep: Receives each record (for the history).
        questions: While one is open, the timeouts of its client's calls are paused.
        """
        self._client = client
        self._clock = clock
        self._keep = keep
        self._questions = questions
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
        engine_client = self._client(protocol)
        await engine_client.know_tools()

        async def send(client: Client, meta: dict[str, Any], progressed: ProgressFnT) -> Any:
            meta_params: Any = meta
            return await client.call_tool(name, arguments, progress_callback=progressed, meta=meta_params)

        return await self.call("tools/call", name, arguments, engine_client, send, timeout, on_progress, key)

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
            # The SDK's own method accepts no progress callback, but streamed reads report progress.
            params = mcp_types.ReadResourceRequestParams.model_validate({"uri": uri, "_meta": meta})
            answer = await client.session.send_request(
                mcp_types.ReadResourceRequest(params=params), _ReadAnswer, progress_callback=progressed
            )
            if isinstance(answer, mcp_types.InputRequiredResult):
                meta_params: Any = meta
                return await client.read_resource(uri, meta=meta_params)
            return answer

        return await self.call(
            "resources/read", uri, {}, self._client(protocol), send, timeout, on_progress, key
        )

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

        return await self.call(
            "prompts/get", name, arguments, self._client(protocol), send, timeout, None, key
        )

    async def call(
        self,
        method: CallMethod,
        target: str,
        arguments: dict[str, Any],
        engine_client: EngineClient,
        send: Send,
        timeout: float | None = None,
        on_progress: ProgressCallback | None = None,
        key: str | None = None,
    ) -> CallRecord:
        """Run `send` and return the record of the call."""
        client = await engine_client.connected()
        protocol = engine_client.protocol
        key = key or uuid.uuid4().hex
        heard = self._pending[key] = _Heard()
        started, began = self._clock.now(), time.monotonic()
        result: dict[str, Any] | None = None
        error: CallError | None = None
        outcome: Outcome = "ok"
        try:
            limit = _Limit(timeout, self._questions, protocol)
            answer = await limit.keep(client, key, on_progress, send)
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
        except Exception as found:  # a result that the SDK's client rejects
            outcome, error = "error", CallError(0, f"The client rejected the result: {found}")
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


class _Limit:
    """The timeout of a call: it restarts at each progress report, and is paused while the user is asked."""

    def __init__(self, seconds: float | None, questions: Questions, protocol: str) -> None:
        self._seconds = seconds
        self._questions = questions
        self._protocol = protocol
        self._deadline: asyncio.Timeout
        self._over = False

    async def keep(self, client: Client, key: str, on_progress: ProgressCallback | None, send: Send) -> Any:
        """Send the request and return the answer.

        Raises:
            TimeoutError: Neither an answer nor progress came in time; the call was cancelled.
        """

        async def progressed(progress: float, total: float | None, message: str | None) -> None:
            if self._over:  # the SDK delivers each report in its own task, perhaps after the answer
                return
            self._count_anew()
            if on_progress is not None:
                on_progress(progress, total, message or "")

        try:
            async with asyncio.timeout(self._seconds) as self._deadline:
                self._questions.changed.add(self._count_anew)
                try:
                    return await send(client, {REQUEST_KEY_META: key}, progressed)
                finally:
                    self._over = True
                    self._questions.changed.discard(self._count_anew)
        except TimeoutError as error:
            if self._deadline.expired():
                raise
            raise RuntimeError(f"{type(error).__name__} inside the client: {error}") from error

    def _count_anew(self) -> None:
        if self._seconds is None or self._deadline.expired():
            return
        stands = self._questions.open(self._protocol)
        self._deadline.reschedule(None if stands else asyncio.get_running_loop().time() + self._seconds)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
