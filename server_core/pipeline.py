"""The path of every request. The item is looked up and errors are mapped here; then come the stages, in this order
(`core.make_core`), and finally the module's function:

    cache → results → breaker → time limit → faults → handler

A cached result is served even while a breaker is open, and does not count in it; neither do invalid arguments.
An injected fault trips a breaker and times out like a real failure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from mcp import MCPError
from mcp.types import CallToolResult, GetPromptResult, InputRequiredResult

from .cancelling import is_real_cancellation
from .errors import InvalidArgumentsError, NotFoundError, clean_surrogates
from .events import StreamChunked
from .items import Contents, PromptItem, ResourceItem, TakePiece, TemplateItem, ToolItem
from .ledger import RequestLedger
from .registry import Owned, Registry
from .request import Request
from .settings import LimitSettings
from .stages.limiting import TimeLimitStage
from .stages.stage import Handler, Item, Stage
from .streaming import chunked, without_stream

ToolAnswer = CallToolResult | InputRequiredResult

NOT_A_STREAM = "is not a stream: it can be read, but not followed"

NOT_FOR_STREAMS = ("cache", "results", "breaker")
"""The stages that a followed stream skips: it may run for hours, so it can't be cached, measured or used as a breaker's
trial call."""


class Reading(NamedTuple):
    """The result of a read; `ttl` is how many more seconds it stays fresh, 0 if it is not cached."""

    contents: Contents
    ttl: float


class Pipeline:
    """Runs requests. Use on the server's loop only.

    Attributes:
        stages: in the order in which requests pass through them.
    """

    def __init__(
        self,
        registry: Registry,
        ledger: RequestLedger,
        limits: LimitSettings,
        time_limit: TimeLimitStage,
        stages: Sequence[Stage],
    ) -> None:
        """`time_limit` is one of the `stages`, and the only one that applies to completions and preparations."""
        self._registry = registry
        self._ledger = ledger
        self._limits = limits
        self._time_limit = time_limit
        self.stages: list[Stage] = list(stages)

    def add(self, stage: Stage, *, before: str = "handler") -> None:
        """Add `stage` directly before the one named `before`.

        Raises:
            ValueError: there is no stage with that name.
        """
        names = [each.name for each in self.stages]
        if before not in (*names, "handler"):
            raise ValueError(
                f"Can't add stage {stage.name!r} before {before!r}: the stages are {', '.join(names)}"
            )
        self.stages.insert(names.index(before) if before in names else len(names), stage)

    def remove(self, stage: Stage) -> None:
        """Remove a stage; does nothing if it is not there."""
        if stage in self.stages:
            self.stages.remove(stage)

    async def call_tool(self, request: Request, name: str, arguments: dict[str, Any]) -> ToolAnswer:
        """Call a tool. A tool's failure is a result with `isError`, so that a model can read it.

        Raises:
            NotFoundError: no module offers the tool.
            MCPError: the tool raised this protocol error itself.
        """
        with self._ledger.entry(request) as entry:
            owned = self._registry.tools.get(name)
            if owned is None:
                raise NotFoundError("tool", name, self._registry.tools)
            request.module, item = owned.module, owned.item
            request.arguments = arguments
            try:
                item.refuse_unknown(arguments, self._limits)
                answer: ToolAnswer = await self._run(request, item, lambda: item.handler(request, arguments))
            except MCPError:
                raise
            except BaseException as error:
                # Including sys.exit, or a CancelledError or GeneratorExit from the tool: every call gets an answer.
                if is_real_cancellation(error):
                    raise
                answer = entry.tool_failure(error)
            if isinstance(answer, CallToolResult) and answer.is_error:
                entry.tool_error(answer)
            return answer

    async def prepare(
        self, request: Request, item: ToolItem, arguments: dict[str, Any]
    ) -> Mapping[str, Any] | InputRequiredResult | None:
        """Check a call before it becomes a task, and resolve what its parameters ask the client.

        Returns their values, or the questions.

        Raises:
            InvalidArgumentsError: the arguments are invalid.
        """
        item.refuse_unknown(arguments, self._limits)
        if item.check is not None:
            item.check(arguments)
        prepare = item.prepare
        if prepare is None:
            return None
        settled: Mapping[str, Any] | InputRequiredResult = await self._time_limit.limited(
            request, None, lambda: prepare(request, arguments)
        )
        return settled

    async def read(self, request: Request, uri: str) -> Reading:
        """Read a resource, listed or from a template.

        Raises:
            NotFoundError: no resource or template matches the URI.
            CoreError: an anticipated failure. Anything else is unexpected.
        """
        with self._ledger.entry(request):
            plain, stream = without_stream(uri)
            item, variables = self._found(request, plain)
            contents: Contents = await self._run(request, item, lambda: item.read(request, plain, variables))
            if stream:
                contents = await chunked(contents, uri, request, self._ledger.bus)
            return Reading(contents, request.ttl)

    async def follow(self, request: Request, uri: str, take: TakePiece) -> None:
        """Deliver the pieces of a stream as they arrive. Returns when it ends; cancel it if it never does.

        Raises:
            NotFoundError: no resource or template matches the URI.
            InvalidArgumentsError: it is not a stream.
        """
        with self._ledger.entry(request):
            plain, _stream = without_stream(uri)
            item, variables = self._found(request, plain)
            handler = item.follow
            if handler is None:
                raise InvalidArgumentsError(f"{uri} {NOT_A_STREAM}")
            request.endless = True
            taken = self._counted(request, uri, take)
            await self._run(
                request, item, lambda: handler(request, plain, variables, taken), leave_out=NOT_FOR_STREAMS
            )

    def _counted(self, request: Request, uri: str, take: TakePiece) -> Callable[[str], None]:
        """Wrap `take` to count each piece and emit a fact."""
        bus, index = self._ledger.bus, 0

        def taken(piece: str) -> None:
            nonlocal index
            index += 1
            request.size += len(piece)
            if bus.active:
                bus.emit(StreamChunked(uri, request.number, index, len(piece)))
            take(piece)

        return taken

    def _found(self, request: Request, uri: str) -> tuple[ResourceItem | TemplateItem, Mapping[str, Any]]:
        owned: Owned[ResourceItem] | Owned[TemplateItem] | None = self._registry.resources.get(uri)
        variables: Mapping[str, Any] = {}
        if owned is None:
            matched = self._registry.match(uri)
            if matched is None:
                raise NotFoundError("resource", uri, self._registry.resources)
            owned, variables = matched
        request.module = owned.module
        request.arguments = variables
        return owned.item, variables

    async def get_prompt(
        self, request: Request, name: str, arguments: dict[str, str]
    ) -> GetPromptResult | InputRequiredResult:
        """Render a prompt.

        Raises:
            NotFoundError: no module offers the prompt.
            InvalidArgumentsError: arguments are missing or invalid.
            TooLargeError: the result is over the limit.
        """
        with self._ledger.entry(request):
            owned = self._registry.prompts.get(name)
            if owned is None:
                raise NotFoundError("prompt", name, self._registry.prompts)
            request.module, item = owned.module, owned.item
            request.arguments = arguments
            result: GetPromptResult | InputRequiredResult = await self._run(
                request, item, lambda: item.get(request, arguments)
            )
            return result

    async def complete(
        self,
        request: Request,
        item: PromptItem | TemplateItem,
        argument: str,
        typed: str,
        others: Mapping[str, str],
    ) -> list[str]:
        """Suggest values for an argument of a prompt or a template, at most 100."""
        with self._ledger.entry(request):
            completer = item.complete
            if completer is None:
                return []
            suggestions: Sequence[str] = await self._time_limit.limited(
                request, None, lambda: completer(request, argument, typed, others)
            )
            return [clean_surrogates(each) for each in list(suggestions)[:100]]

    async def _run(
        self, request: Request, item: Item, handler: Handler, *, leave_out: Collection[str] = ()
    ) -> Any:
        """Run the handler through the stages that apply to the item."""
        for stage in reversed(self.stages):
            if stage.applies(item) and stage.name not in leave_out:
                handler = partial(stage.run, request, item, handler)
        return await handler()
