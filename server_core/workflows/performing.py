"""Performs a step without inner steps: fills it in, then cache → retry → breaker → time limit → the work itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent

from ..breaker import counts_as_failure
from ..bus import EventBus
from ..cache import ResourceCache
from ..cancelling import is_real_cancellation
from ..errors import BreakerOpenError, CoreError, TimeLimitError, UnavailableError
from ..module import ModuleContext
from ..request import Request
from ..settings import BreakerSettings, CacheSettings
from .api_calls import ApiCaller, ApiStatusError
from .checking import step_variables
from .definition import (
    ApiCallStep,
    ConditionStep,
    DataTransformStep,
    RetryPolicy,
    ToolCallStep,
    Workflow,
    WorkflowStep,
)
from .expressions import ExpressionError
from .limiting import limited_to
from .values import filled_request, is_true, shown_request, tool_value

PerformedT = TypeVar("PerformedT")

STEP_CACHES = 20
"""How many different cache lifetimes are supported; steps with further ones are not cached."""

TellAttempt = Callable[[int, BaseException, float], None]
"""Called for a failed attempt: its number, its error, and the seconds until the next."""


def error_kind(error: BaseException) -> str:
    """The name of an error in a retry's `on`; empty if a retry can't help: bad arguments, missing permission."""
    if isinstance(error, BreakerOpenError):
        return "breaker"
    if isinstance(error, TimeLimitError | TimeoutError):
        return "timeout"
    if isinstance(error, UnavailableError | OSError):
        return "unavailable"
    if isinstance(error, ApiStatusError):
        return "status"
    return "error" if counts_as_failure(error) and not isinstance(error, ExpressionError) else ""


async def with_retries(
    policy: RetryPolicy | None,
    operation: Callable[[], Awaitable[PerformedT]],
    sleep: Callable[[float], Awaitable[None]],
    tell: TellAttempt,
) -> PerformedT:
    """Run `operation`, retrying after each failure that counts, and raise the last attempt's error."""
    attempt = 1
    while True:
        try:
            return await operation()
        except BaseException as error:
            if is_real_cancellation(error) or policy is None or attempt >= policy.attempts:
                raise
            if error_kind(error) not in policy.on:
                raise
            delay = policy.delay_after(attempt)
            tell(attempt, error, delay)
        await sleep(delay)
        attempt += 1


class StepPerformer:
    """Performs the steps of one module's workflows. On the server's loop."""

    def __init__(
        self, context: ModuleContext, api: ApiCaller | None, breaker: BreakerSettings | None
    ) -> None:
        """`api` is `None` if no workflow has an `api_call`."""
        self._context = context
        self._api = api
        self._breaker_settings = breaker
        self._caches: dict[float, ResourceCache] = {}

    async def fill(self, step: WorkflowStep, variables: Mapping[str, Any]) -> Any:
        """Fill in the step's input. Expressions may process megabytes, so they run on a worker thread.

        Raises:
            ExpressionError, InvalidArgumentsError: it can't be filled in.
        """
        run_sync = self._context.run_sync
        if isinstance(step, ToolCallStep):
            return await run_sync(lambda: step.arguments.evaluate(variables))
        if isinstance(step, ApiCallStep):
            return await run_sync(lambda: filled_request(step, variables))
        return {name: variables.get(name) for name in sorted(step_variables(step))}

    def shown(self, step: WorkflowStep, given: Any) -> Any:
        """Format `given` for display."""
        return shown_request(given) if isinstance(step, ApiCallStep) else given

    async def perform(
        self,
        workflow: Workflow,
        step: WorkflowStep,
        given: Any,
        variables: Mapping[str, Any],
        request: Request,
        tell: TellAttempt,
    ) -> Any:
        """Return the step's value; `request` is the nested request of its tool call.

        Raises:
            BaseException: the last attempt's error.
        """

        async def attempts() -> Any:
            return await with_retries(step.retry, attempt, self._context.clock.sleep, tell)

        async def limited() -> Any:
            clock, seconds = self._context.clock, step_limit(step)
            return await limited_to(clock, seconds, lambda: self._work(step, given, variables, request))

        async def attempt() -> Any:
            # An api_call has its breaker and time limit inside, for each host it is redirected to.
            if step.breaker is None or isinstance(step, ApiCallStep):
                return await limited()
            name = step.breaker.name or f"{workflow.name}.{step.id}"
            guard = self._context.breaker(name, step.breaker.settings or self._breaker_settings)
            return await guard.call(limited)

        cache = self._cache(step.cache)
        if cache is None:
            return await attempts()

        async def load() -> tuple[Any, int]:
            value = await attempts()
            return value, len(json.dumps(value, default=str))

        text = json.dumps([step.kind, _key_of(step), repr(given)], sort_keys=True)
        key = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        return (await cache.get_or_load(key, load)).value

    async def _work(
        self, step: WorkflowStep, given: Any, variables: Mapping[str, Any], request: Request
    ) -> Any:
        if isinstance(step, ToolCallStep):
            return await self._call_tool(step, given, request)
        if isinstance(step, ApiCallStep):
            assert self._api is not None
            return await self._api.call(given, step.breaker)
        if isinstance(step, DataTransformStep):
            return await self._context.run_sync(lambda: step.value.evaluate(variables))
        assert isinstance(step, ConditionStep)
        return await self._context.run_sync(lambda: is_true(step.condition.evaluate(variables)))

    async def _call_tool(self, step: ToolCallStep, arguments: dict[str, Any], request: Request) -> Any:
        request.failure = None
        answer = await self._context.call_tool(request, step.tool, arguments)
        if not isinstance(answer, CallToolResult):
            raise ToolError(f"the tool {step.tool} asks for input, which a workflow can't provide")
        if answer.is_error:
            if isinstance(request.failure, CoreError):
                raise request.failure
            texts = [block.text for block in answer.content if isinstance(block, TextContent)]
            raise ToolError("\n".join(texts) or f"the tool {step.tool} failed")
        return tool_value(answer)

    def _cache(self, seconds: float | None) -> ResourceCache | None:
        if seconds is None:
            return None
        cache = self._caches.get(seconds)
        if cache is None and len(self._caches) < STEP_CACHES:
            # It emits no facts: those on the bus are about the server's cache, whose counters are on screen.
            settings = CacheSettings(max_size=200, ttl=seconds, max_bytes=16_000_000)
            cache = ResourceCache(settings, clock=self._context.clock, bus=EventBus(self._context.clock))
            self._caches[seconds] = cache
        return cache


def step_limit(step: WorkflowStep) -> float | None:
    """A step's time limit in seconds; an `api_call` applies its own inside its breaker, which counts it."""
    return None if isinstance(step, ApiCallStep) else step.timeout


def _key_of(step: WorkflowStep) -> str:
    return step.tool if isinstance(step, ToolCallStep) else ""
