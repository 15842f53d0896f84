"""The path of every request, in the order in which its stages stand here:

    error mapping → look-up → cache (reads, and tools that ask for it) → breaker → time limit → faults → handler

A cached answer survives an open breaker and counts for nothing in it; arguments that don't fit never reach one.
A fault on purpose trips a breaker and runs out of time like a real one.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from types import CoroutineType
from typing import Any, NamedTuple, Protocol, TypeVar

from mcp import MCPError
from mcp.types import CallToolResult, GetPromptResult, InputRequiredResult

from .breakers import BreakerRegistry
from .cache import ResourceCache
from .cancelling import is_real_cancellation
from .clock import Clock
from .deadlines import DeadlineTimer
from .errors import InvalidArgumentsError, NotFoundError, TimeLimitError, clean_surrogates
from .events import StreamChunked
from .inspection import FaultState
from .items import Contents, PromptItem, ResourceItem, TakePiece, TemplateItem, ToolItem
from .ledger import RequestLedger
from .registry import Owned, Registry
from .request import Request, current_request
from .results import checked_contents, checked_prompt, checked_result
from .settings import LimitSettings
from .stopping import Stoppable
from .streaming import chunked, without_stream

StageResultT = TypeVar("StageResultT")
ToolAnswer = CallToolResult | InputRequiredResult


NOT_A_STREAM = "comes as a whole: it can be read, but not followed"


class Reading(NamedTuple):
    """What a read answers; `ttl` is for how many more seconds it may be taken for fresh, 0 if it is not cached."""

    contents: Contents
    ttl: float


class Interference(Protocol):
    """What may act on a request in front of its handler: the faults on purpose, while there are some."""

    def around(
        self,
        request: Request,
        item: ToolItem | ResourceItem | TemplateItem | PromptItem,
        handler: Callable[[], Awaitable[StageResultT]],
    ) -> Callable[[], Awaitable[StageResultT]]:
        """What to run instead of `handler`."""
        ...

    def states(self) -> tuple[FaultState, ...]:
        """The faults that are set."""
        ...


class Pipeline:
    """Runs requests. On the server's loop only.

    Attributes:
        interference: acts on requests in front of their handlers; `None` for the usual case that nothing does.
    """

    def __init__(
        self,
        registry: Registry,
        cache: ResourceCache,
        breakers: BreakerRegistry,
        limits: LimitSettings,
        ledger: RequestLedger,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._cache = cache
        self._breakers = breakers
        self._limits = limits
        self._ledger = ledger
        self._clock = clock
        self._deadlines = DeadlineTimer()
        self.interference: Interference | None = None

    async def call_tool(self, request: Request, name: str, arguments: dict[str, Any]) -> ToolAnswer:
        """Call a tool. A failure of the tool is an answer (`isError`), so that a model can read it.

        Raises:
            NotFoundError: no module offers the tool.
            MCPError: the tool raised it: a protocol error of its own choice.
        """
        with self._ledger.entry(request) as entry:
            owned = self._registry.tools.get(name)
            if owned is None:
                raise NotFoundError("tool", name, self._registry.tools)
            request.module, item = owned.module, owned.item
            try:
                answer, entry.size = await self._tool_answer(request, item, arguments)
            except MCPError:
                raise
            except BaseException as error:
                # Also sys.exit, and a CancelledError or GeneratorExit that the tool made up: every call gets an answer.
                if is_real_cancellation(error):
                    raise
                answer = entry.tool_failure(error)
            if isinstance(answer, CallToolResult) and answer.is_error:
                entry.tool_error(answer)
            return answer

    async def prepare(
        self, request: Request, item: ToolItem, arguments: dict[str, Any]
    ) -> Mapping[str, Any] | InputRequiredResult | None:
        """What must be settled before a call becomes a task: that its arguments fit, and what its parameters ask the
        client. Returns the values of these, or the questions.

        Raises:
            InvalidArgumentsError: the arguments don't fit.
        """
        if item.check is not None:
            item.check(arguments)
        prepare = item.prepare
        if prepare is None:
            return None
        return await self._limited(request, None, lambda: prepare(request, arguments))

    async def _tool_answer(
        self, request: Request, item: ToolItem, arguments: dict[str, Any]
    ) -> tuple[ToolAnswer, int]:
        async def call() -> tuple[ToolAnswer, int]:
            answer = await self._guarded(request, item, lambda: item.handler(request, arguments))
            if isinstance(answer, CallToolResult):
                return checked_result(answer, self._limits.result_bytes)
            return answer, 0

        if not item.cached:
            return await call()

        async def load() -> tuple[ToolAnswer, int]:
            answer, size = await call()
            if not isinstance(answer, CallToolResult) or answer.is_error:
                raise _KeepOutError(answer)
            return answer, size

        key = f"{request.target} {json.dumps(arguments, sort_keys=True, default=str)}"
        started = self._clock.monotonic()
        try:
            cached = await self._cache.get_or_load(key, load, tags=(request.target, request.module))
        except _KeepOutError as kept_out:
            return kept_out.answer, 0
        if cached.hit:
            request.trace.since("cache hit", started)
        answer: ToolAnswer = cached.value
        return answer, 0

    async def read(self, request: Request, uri: str) -> Reading:
        """Read a resource, listed or by a template.

        Raises:
            NotFoundError: no resource and no template fits the URI.
            CoreError: an anticipated failure. Anything else is unexpected.
        """
        with self._ledger.entry(request) as entry:
            plain, stream = without_stream(uri)
            owned, variables = self._find(plain)
            request.module, item = owned.module, owned.item

            async def load() -> tuple[Contents, int]:
                contents = await self._guarded(request, item, lambda: item.read(request, plain, variables))
                return checked_contents(contents, self._limits.result_bytes)

            ttl = 0.0
            if item.cached:
                started = self._clock.monotonic()
                cached = await self._cache.get_or_load(
                    plain, load, tags=(plain.partition("?")[0], request.module)
                )
                if cached.hit:
                    request.trace.since("cache hit", started)
                contents: Contents = cached.value
                ttl = cached.ttl_left
            else:
                contents, entry.size = await load()
            if stream:
                contents = await chunked(contents, uri, request, self._ledger.bus)
            return Reading(contents, ttl)

    async def follow(self, request: Request, uri: str, take: TakePiece) -> None:
        """Hand over the pieces of a stream as they come. Returns when it ends; one that grows never does, so cancel it.

        Nothing is kept in the cache, there is no time limit, and no breaker stands in front of it: what may go on for
        hours can't be anybody's probe.

        Raises:
            NotFoundError: no resource and no template fits the URI.
            InvalidArgumentsError: it comes as a whole.
        """
        with self._ledger.entry(request) as entry:
            plain, _stream = without_stream(uri)
            owned, variables = self._find(plain)
            request.module, item = owned.module, owned.item
            handler = item.follow
            if handler is None:
                raise InvalidArgumentsError(f"{uri} {NOT_A_STREAM}")
            bus, index = self._ledger.bus, 0

            def taken(piece: str) -> None:
                nonlocal index
                index += 1
                entry.size += len(piece)
                if bus.active:
                    bus.emit(StreamChunked(uri, request.number, index, len(piece)))
                take(piece)

            async def run() -> None:
                await handler(request, plain, variables, taken)

            if self.interference is not None:
                await self._limited(request, math.inf, self.interference.around(request, item, run))
            else:
                await self._limited(request, math.inf, run)

    def _find(self, uri: str) -> tuple[Owned[ResourceItem] | Owned[TemplateItem], Mapping[str, Any]]:
        resource = self._registry.resources.get(uri)
        if resource is not None:
            return resource, {}
        matched = self._registry.match(uri)
        if matched is None:
            raise NotFoundError("resource", uri, self._registry.resources)
        return matched

    async def get_prompt(
        self, request: Request, name: str, arguments: dict[str, str]
    ) -> GetPromptResult | InputRequiredResult:
        """Render a prompt.

        Raises:
            NotFoundError: no module offers the prompt.
            InvalidArgumentsError: arguments are missing or don't fit.
            TooLargeError: it is over the limit.
        """
        with self._ledger.entry(request):
            owned = self._registry.prompts.get(name)
            if owned is None:
                raise NotFoundError("prompt", name, self._registry.prompts)
            request.module, item = owned.module, owned.item
            result = await self._guarded(request, item, lambda: item.get(request, arguments))
            if isinstance(result, InputRequiredResult):
                return result
            return checked_prompt(result, self._limits.result_bytes)

    async def complete(
        self,
        request: Request,
        item: PromptItem | TemplateItem,
        argument: str,
        typed: str,
        others: Mapping[str, str],
    ) -> list[str]:
        """Suggestions for an argument of a prompt or a template, at most 100."""
        with self._ledger.entry(request):
            completer = item.complete
            if completer is None:
                return []
            suggestions = await self._limited(
                request, None, lambda: completer(request, argument, typed, others)
            )
            return [clean_surrogates(each) for each in list(suggestions)[:100]]

    async def _guarded(
        self,
        request: Request,
        item: ToolItem | ResourceItem | TemplateItem | PromptItem,
        handler: Callable[[], Awaitable[StageResultT]],
    ) -> StageResultT:
        """Breaker, time limit, faults, handler."""
        if self.interference is not None:
            handler = self.interference.around(request, item, handler)
        breaker = getattr(item, "breaker", "")
        if not breaker:
            return await self._limited(request, item.seconds, handler)
        guard = self._breakers.get(breaker)
        return await guard.call(lambda: self._limited(request, item.seconds, handler))

    async def _limited(
        self, request: Request, seconds: float | None, handler: Callable[[], Awaitable[StageResultT]]
    ) -> StageResultT:
        token = current_request.set(request)
        own = seconds is not None
        if seconds is None:
            seconds = self._limits.call_seconds if request.seconds is None else request.seconds
        deadline = self._deadlines.limit(seconds)
        # Whoever reports progress is alive: the limit counts from the last report.
        request.on_progress = deadline.extend
        request.deadline = deadline
        started = self._clock.monotonic()
        try:
            with deadline:
                request.loop = deadline.loop
                made = handler()
                if not isinstance(made, CoroutineType):
                    return await made
                try:
                    waiting = made.send(None)
                except StopIteration as end:  # it never waited: most of them cost no more than a plain call
                    answer: StageResultT = end.value
                    return answer
                return await Stoppable(made, waiting, deadline)
        except asyncio.CancelledError:
            request.cancelled = True
            raise
        except TimeoutError as error:
            if not deadline.expired:
                raise
            request.cancelled = True
            advice = "Raise [limits] call_seconds, or make it a task."
            if own:
                advice = "Let it report progress, or raise its own time limit (seconds)."
            elif request.seconds is not None:
                advice = "Let it report progress, or raise the time limit of tasks (seconds)."
            stopped = "was stopped"
            if deadline.given_up:
                stopped = "did not let itself be stopped (let CancelledError pass): it was closed"
            raise TimeLimitError(
                f"{request.target} took longer than {deadline.seconds:g} s and {stopped}. {advice}"
            ) from error
        finally:
            request.on_progress = request.deadline = None
            current_request.reset(token)
            request.trace.since("handler", started)


class _KeepOutError(Exception):
    """Carries an answer that must not be cached past the cache."""

    def __init__(self, answer: ToolAnswer) -> None:
        super().__init__()
        self.answer = answer
