"""Running a workflow: its steps one after another, each with its facts, its time limit and its place in the results."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent

from ..errors import InvalidArgumentsError, TimeLimitError, is_anticipated
from ..events import StepFinished, StepStarted, WorkflowFinished, WorkflowStarted
from ..ledger import is_real_cancellation
from ..module import ModuleContext
from ..request import Request
from .api_calls import ApiCaller, ApiRequest
from .checking import check_run
from .definition import (
    ApiCallStep,
    ConditionStep,
    DataTransformStep,
    ToolCallStep,
    Workflow,
    WorkflowStep,
    step_name,
    walk_steps,
)

API_SECONDS = 30.0
"""The time limit of an `api_call` that has none of its own."""

DETAIL_LENGTH = 500
"""How much of an error the facts tell; the results have all of it."""

_running_workflows: ContextVar[tuple[str, ...]] = ContextVar("_running_workflows", default=())


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """How a run ended: each step's result in the order in which they ran, and the variables as they are then."""

    workflow: str
    status: Literal["completed", "failed"]
    results: tuple[dict[str, Any], ...]
    context: dict[str, Any]
    error: str = ""


class StepFailedError(Exception):
    """Ends a run: a step failed that is not to be gone on after."""

    def __init__(self, step: WorkflowStep, text: str) -> None:
        super().__init__(f"{step_name(step)} ({step.kind}) failed: {text}")


class WorkflowRunner:
    """Runs the workflows of one module. On the server's loop."""

    def __init__(self, context: ModuleContext, module: str, api: ApiCaller | None) -> None:
        """`api` is `None` where no workflow has an `api_call`."""
        self._context = context
        self._module = module
        self._api = api

    async def run(self, workflow: Workflow, variables: Mapping[str, Any], request: Request) -> WorkflowResult:
        """Run `workflow` with these variables; a step that fails is told in the result.

        Raises:
            InvalidArgumentsError: it would fail for sure; nothing has run. The text has every finding.
        """
        findings = check_run(workflow, variables, self._context.tools())
        if findings:
            raise InvalidArgumentsError(
                f"Workflow {workflow.name} was not started: {'; '.join(each.message for each in findings)}"
            )
        key = f"{self._module}/{workflow.name}"
        outer = _running_workflows.get()
        if key in outer:
            names = " → ".join(each.partition("/")[2] for each in (*outer, key))
            raise InvalidArgumentsError(f"Workflow {workflow.name} calls itself: {names}")
        token = _running_workflows.set((*outer, key))
        try:
            return await _WorkflowRun(self._context, self._api, workflow, dict(variables), request).result()
        finally:
            _running_workflows.reset(token)


@dataclass(slots=True)
class _WorkflowRun:
    context: ModuleContext
    api: ApiCaller | None
    workflow: Workflow
    variables: dict[str, Any]
    request: Request
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    results: list[dict[str, Any]] = field(default_factory=list)
    index: int = 0
    total: int = 0

    async def result(self) -> WorkflowResult:
        started = self.context.clock.monotonic()
        self.total = sum(1 for _ in self.workflow.walk())
        self.context.bus.emit(WorkflowStarted(self.id, self.workflow.name, self.total))
        status: Literal["ok", "failed", "cancelled"] = "cancelled"
        error = ""
        try:
            await self._steps(self.workflow.steps)
            status = "ok"
        except StepFailedError as failed:
            status, error = "failed", str(failed)
        finally:
            seconds = self.context.clock.monotonic() - started
            self.context.bus.emit(WorkflowFinished(self.id, self.workflow.name, status, seconds, error))
        return WorkflowResult(
            self.workflow.name,
            "completed" if status == "ok" else "failed",
            tuple(self.results),
            self.variables,
            error,
        )

    async def _steps(self, steps: Sequence[WorkflowStep]) -> None:
        for position, step in enumerate(steps):
            try:
                await self._step(step)
            except StepFailedError:
                self._skip(steps[position + 1 :], "an earlier step failed")
                raise

    async def _step(self, step: WorkflowStep) -> None:
        self.index += 1
        bus, clock = self.context.bus, self.context.clock
        bus.emit(StepStarted(self.id, self.workflow.name, step.id, step.kind, self.index))
        started = clock.monotonic()
        entry: dict[str, Any] = {"step": step.id, "type": step.kind}
        try:
            value = await self._limited(step)
        except BaseException as error:
            seconds = clock.monotonic() - started
            if is_real_cancellation(error) or isinstance(error, GeneratorExit):
                bus.emit(
                    StepFinished(self.id, self.workflow.name, step.id, "failed", seconds, "it was cancelled")
                )
                raise
            text = self._failure_text(error, step)
            detail = text.partition("\n")[0][:DETAIL_LENGTH]
            bus.emit(StepFinished(self.id, self.workflow.name, step.id, "failed", seconds, detail))
            self.results.append({**entry, "status": "failed", "error": text})
            await self._tell_progress(step)
            if isinstance(step, ConditionStep):
                self._skip((*step.then, *step.otherwise), f"condition {step.id} failed")
            if not step.continue_on_error:
                raise StepFailedError(step, text) from error
            return
        if step.output_variable:
            self.variables[step.output_variable] = value
        self.results.append({**entry, "status": "ok", "result": value})
        detail = ("true" if value else "false") if isinstance(step, ConditionStep) else ""
        seconds = clock.monotonic() - started
        bus.emit(StepFinished(self.id, self.workflow.name, step.id, "ok", seconds, detail))
        await self._tell_progress(step)
        if isinstance(step, ConditionStep):
            await self._branch(step, bool(value))

    async def _branch(self, step: ConditionStep, holds: bool) -> None:
        taken, left = (step.then, step.otherwise) if holds else (step.otherwise, step.then)
        self._skip(left, f"condition {step.id} was {'true' if holds else 'false'}")
        try:
            await self._steps(taken)
        except StepFailedError:
            if not step.continue_on_error:
                raise

    def _skip(self, steps: Sequence[WorkflowStep], reason: str) -> None:
        for step in walk_steps(steps):
            self.context.bus.emit(StepFinished(self.id, self.workflow.name, step.id, "skipped", 0.0, reason))

    async def _tell_progress(self, step: WorkflowStep) -> None:
        await self.request.report_progress(self.index, self.total, step.id)

    async def _limited(self, step: WorkflowStep) -> Any:
        # An api_call's limit stands inside its breaker, which must hear of it.
        if step.timeout is None or isinstance(step, ApiCallStep):
            return await self._value(step)
        try:
            async with asyncio.timeout(step.timeout) as limit:
                return await self._value(step)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise TimeLimitError(f"it took longer than {step.timeout:g} s") from error

    async def _value(self, step: WorkflowStep) -> Any:
        # Expressions may run over megabytes: on a worker thread, on the variables as they are now.
        variables = self.variables
        run_sync = self.context.run_sync
        if isinstance(step, ToolCallStep):
            arguments = await run_sync(lambda: step.arguments.evaluate(variables))
            return await self._call_tool(step, arguments)
        if isinstance(step, ApiCallStep):
            assert self.api is not None
            return await self.api.call(await run_sync(lambda: _filled_request(step, variables)))
        if isinstance(step, DataTransformStep):
            return await run_sync(lambda: step.value.evaluate(variables))
        assert isinstance(step, ConditionStep)
        return await run_sync(lambda: is_true(step.condition.evaluate(variables)))

    async def _call_tool(self, step: ToolCallStep, arguments: dict[str, Any]) -> Any:
        before = self.index - 1

        async def progressed(progress: float, total: float | None, message: str) -> None:
            # A share of this step, so that the whole never goes back.
            if total and 0 < progress < total:
                await self.request.report_progress(before + progress / total, self.total, message or step.id)
            elif self.request.on_progress is not None:
                self.request.on_progress()

        nested = self.request.nested("tools/call", step.tool, sink=progressed)
        answer = await self.context.call_tool(nested, step.tool, arguments)
        if not isinstance(answer, CallToolResult):
            raise ToolError(f"the tool {step.tool} asks for input, which a workflow can't give")
        if answer.is_error:
            texts = [block.text for block in answer.content if isinstance(block, TextContent)]
            raise ToolError("\n".join(texts) or f"the tool {step.tool} failed")
        return tool_value(answer)

    def _failure_text(self, error: BaseException, step: WorkflowStep) -> str:
        if is_anticipated(error):
            return str(error) or type(error).__name__
        reference = self.context.report(error, f"workflow {self.workflow.name}, {step_name(step)}")
        return f"it failed unexpectedly (reference {reference})"


def _filled_request(step: ApiCallStep, variables: Mapping[str, Any]) -> ApiRequest:
    url = step.url.evaluate(variables)
    if not isinstance(url, str):
        raise InvalidArgumentsError(f"its url is {json.dumps(url)[:100]}, not a text")
    headers = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in step.headers.evaluate(variables).items()
        if value is not None
    }
    params = {name: value for name, value in step.params.evaluate(variables).items() if value is not None}
    content: bytes | None = None
    if step.body is not None:
        body = step.body.evaluate(variables)
        as_json = step.json or not isinstance(body, str)
        text = json.dumps(body, ensure_ascii=False) if as_json else body
        content = text.encode("utf-8", "replace")
        if not any(name.lower() == "content-type" for name in headers):
            headers["content-type"] = "application/json" if as_json else "text/plain; charset=utf-8"
    return ApiRequest(step.method, url, headers, params, content, step.timeout or API_SECONDS)


def is_true(value: Any) -> bool:
    """Whether a value counts as true in JMESPath: everything but null, false, and empty texts, lists and tables."""
    return not (value is None or value is False or value == "" or value == [] or value == {})


def tool_value(answer: CallToolResult) -> Any:
    """What a tool answered as one value: its data (out of the wrapper that the SDK puts round plain values), JSON in
    its text, or the text."""
    data = answer.structured_content
    if data is not None:
        return data["result"] if data.keys() == {"result"} else data
    blocks = [
        block.text
        if isinstance(block, TextContent)
        else block.model_dump(by_alias=True, mode="json", exclude_none=True)
        for block in answer.content
    ]
    if len(blocks) != 1:
        return blocks
    only = blocks[0]
    if isinstance(only, str) and only[:1] in ("{", "["):
        try:
            return json.loads(only)
        except (ValueError, RecursionError):
            return only
    return only
