"""The workflows module: chains of tool calls, HTTP requests, transforms and conditions, each run by one tool."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from mcp.types import CallToolResult, TextContent, Tool

from ..errors import InvalidArgumentsError, ModuleStartError, UnavailableError
from ..items import Offer, ToolItem
from ..module import Module, ModuleContext
from ..request import Request
from ..settings import BreakerSettings
from ..workflows.addresses import AllowedHosts
from ..workflows.api_calls import ApiCaller
from ..workflows.checking import check_definition, needed_variables
from ..workflows.cycles import workflow_cycles
from ..workflows.definition import ApiCallStep, Workflow, WorkflowDefinitionError, WorkflowFinding
from ..workflows.inputs import input_schema
from ..workflows.parsing import parse_workflow
from ..workflows.performing import StepPerformer
from ..workflows.running import WorkflowRunner
from ..workflows.runs import WorkflowResult

WORKFLOW_SECONDS = 86_400.0
"""The time limit of a workflow, counted from the last step that ended; each step has its own."""

RESULTS_TEXT = 20_000
"""How many characters of the results are in the text content; the structured content has all of them."""

WORKFLOW_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "workflow": {"type": "string"},
        "status": {"enum": ["completed", "failed", "cancelled"]},
        "run": {"type": "string"},
        "results": {"type": "array", "items": {"type": "object"}},
        "context": {"type": "object"},
        "error": {"type": "string"},
    },
    "required": ["workflow", "status", "results", "context"],
}


class WorkflowsModule(Module):
    """Offers `execute_workflow` for its workflows, and each workflow as its own tool with its inputs as arguments.

    Every workflow is parsed and checked completely before any of them can run.
    """

    kind: ClassVar[str] = "workflows"

    def __init__(
        self,
        name: str,
        *,
        workflows: Mapping[str, Workflow | Mapping[str, Any]],
        allow_hosts: Sequence[str] = (),
        prefix: str = "",
        breaker: BreakerSettings | None = None,
    ) -> None:
        """Args:
        workflows: by name, as tables from `server.toml` or as `Workflow` objects.
        allow_hosts: hosts, as `name` or `name:port`, that `api_call` may reach although they are not public.
        """
        super().__init__(name, prefix=prefix, breaker=breaker)
        self.workflows = dict(workflows)
        self.allow_hosts = tuple(allow_hosts)
        self._parsed: dict[str, Workflow] = {}
        self._broken: dict[str, str] = {}
        self._runner: WorkflowRunner | None = None
        self._api: ApiCaller | None = None

    async def start(self, context: ModuleContext) -> None:
        self._parsed, self._broken = self._read()
        if self._broken and not self._parsed:
            raise ModuleStartError(next(iter(self._broken.values())))
        if any(
            isinstance(step, ApiCallStep) for workflow in self._parsed.values() for step in workflow.walk()
        ):
            self._api = ApiCaller(context, AllowedHosts(self.allow_hosts), self.breaker_settings)
        performer = StepPerformer(context, self._api, self.breaker_settings)
        self._runner = WorkflowRunner(
            context, self.name, self._parsed, performer, lambda name: self._cycles(name, self._parsed)
        )
        tools = [ToolItem(self._tool(), self._execute, seconds=WORKFLOW_SECONDS, asks=True)]
        tools += [self._own_tool(workflow) for workflow in self._parsed.values() if workflow.tool]
        context.offer(Offer(tools=tools))
        count = len(self._parsed)
        notes = [f"{count} workflow{'' if count == 1 else 's'}", *self._broken.values()]
        context.note("; ".join(notes[1:] or notes), trouble=bool(self._broken))

    def _read(self) -> tuple[dict[str, Workflow], dict[str, str]]:
        """The workflows that can run, and why the others can't: a broken one doesn't affect the others."""
        parsed: dict[str, Workflow] = {}
        broken: dict[str, str] = {}
        for name, workflow in self.workflows.items():
            try:
                parsed[name] = workflow if isinstance(workflow, Workflow) else parse_workflow(name, workflow)
            except WorkflowDefinitionError as error:
                broken[name] = str(error)
        for name, workflow in parsed.items():
            trouble = self._tool_trouble(workflow, parsed)
            if trouble:
                broken[name] = f"workflow {name}: {trouble}"
        return {name: each for name, each in parsed.items() if name not in broken}, broken

    async def stop(self) -> None:
        self._runner = None
        api, self._api = self._api, None
        if api is not None:
            await api.aclose()

    def clash_hint(self, name: str) -> str:
        for workflow in self._parsed.values():
            if workflow.tool and self.prefixed(workflow.tool) == name:
                return (
                    f'workflow {workflow.name} can use another tool name (tool = "…") or none (tool = false)'
                )
        return super().clash_hint(name)

    def workflow_names(self) -> tuple[str, ...]:
        """The workflows' names, in order."""
        return tuple(self.workflows)

    def findings(
        self, tools: Mapping[str, ToolItem], others: Mapping[str, str] = MappingProxyType({})
    ) -> list[tuple[str, WorkflowFinding]]:
        """The problems that workflows have on a server with these tools: each one's workflow, place and text.

        `others` are the tools of other modules, each with its module. Works without a start, and finds everything that
        `start` and `run` would refuse, except variables missing from a call.
        """
        found: list[tuple[str, WorkflowFinding]] = []
        parsed: dict[str, Workflow] = {}
        for name, data in self.workflows.items():
            try:
                parsed[name] = data if isinstance(data, Workflow) else parse_workflow(name, data)
            except WorkflowDefinitionError as error:
                found += [(name, finding) for finding in error.findings]
        for name, workflow in parsed.items():
            findings = check_definition(workflow, tools, AllowedHosts(self.allow_hosts))
            findings += self._cycles(name, parsed)
            trouble = self._tool_trouble(workflow, parsed)
            if trouble:
                findings.append(WorkflowFinding((), trouble))
            own = self.prefixed(workflow.tool) if workflow.tool else ""
            if own in others:
                findings.append(
                    WorkflowFinding(
                        (),
                        f"the tool {own!r} is already offered by module {others[own]!r}; "
                        'use another tool name (tool = "…") or none (tool = false)',
                    )
                )
            found += [(name, finding) for finding in findings]
        order = list(self.workflows)
        return sorted(found, key=lambda each: order.index(each[0]))

    async def run(self, name: str, context: Mapping[str, Any], request: Request) -> WorkflowResult:
        """Run a workflow with the variables in `context`; a failed step is reported in the result.

        Raises:
            NotFoundError: there is no workflow with that name.
            InvalidArgumentsError: it is certain to fail; nothing was run.
        """
        return await self._running().run(name, context, request)

    async def resume_run(self, run: str, request: Request) -> WorkflowResult:
        """Run a workflow again from the step at which it failed or was cancelled, with the variables it had there.

        Raises:
            NotFoundError: it completed, or is no longer remembered.
        """
        return await self._running().resume(run, request)

    def cancel_run(self, run: str) -> None:
        """Cancel a run; its caller is notified that it was cancelled.

        Raises:
            NotFoundError: it is not running.
        """
        self._running().cancel(run)

    def knows_run(self, run: str) -> bool:
        """Whether a run of this module is in progress, or can be resumed."""
        return self._runner is not None and self._runner.knows(run)

    def _running(self) -> WorkflowRunner:
        if self._runner is None:
            raise UnavailableError(f"module {self.name} is not running")
        return self._runner

    def _cycles(self, name: str, workflows: Mapping[str, Workflow]) -> list[WorkflowFinding]:
        tools = {self.prefixed(each.tool): each.name for each in workflows.values() if each.tool}
        return workflow_cycles(name, workflows, tools, self.prefixed("execute_workflow"))

    def _tool_trouble(self, workflow: Workflow, workflows: Mapping[str, Workflow]) -> str:
        """Why a workflow's own tool can't use its name beside the others of this module."""
        if workflow.tool == "execute_workflow":
            return "execute_workflow is the tool that runs every workflow; use another tool name (tool = …)"
        for other in workflows.values():
            if other.name == workflow.name:
                break
            if workflow.tool and other.tool == workflow.tool:
                return f"workflow {other.name} already has the tool {workflow.tool!r}; use another tool name"
        return ""

    def _own_tool(self, workflow: Workflow) -> ToolItem:
        needed = needed_variables(workflow)
        schema = input_schema(workflow, needed)

        async def handler(request: Request, arguments: dict[str, Any]) -> CallToolResult:
            return _answered(await self.run(workflow.name, arguments, request))

        tool = Tool(
            name=self.prefixed(workflow.tool),
            description=workflow.description or f"Runs the workflow {workflow.name}.",
            input_schema=schema,
            output_schema=WORKFLOW_SCHEMA,
        )
        return ToolItem(tool, handler, seconds=WORKFLOW_SECONDS, asks=True)

    def _tool(self) -> Tool:
        lines = [_described(workflow) for workflow in self._parsed.values()]
        return Tool(
            name=self.prefixed("execute_workflow"),
            description="\n".join(["Runs a workflow step by step.", *lines]),
            input_schema={
                "type": "object",
                "properties": {
                    "workflowName": {"type": "string", "enum": list(self._parsed)},
                    "context": {
                        "type": "object",
                        "description": "The workflow's initial variables",
                        "default": {},
                    },
                },
                "required": ["workflowName"],
            },
            output_schema=WORKFLOW_SCHEMA,
        )

    async def _execute(self, request: Request, arguments: dict[str, Any]) -> CallToolResult:
        name = arguments.get("workflowName")
        if not isinstance(name, str):
            raise InvalidArgumentsError(
                f"workflowName: {'is missing' if name is None else 'must be a string'}; "
                f"available: {', '.join(self._parsed) or 'no workflows'}"
            )
        if name in self._broken:
            raise InvalidArgumentsError(f"The workflow can't run: {self._broken[name]}")
        variables = arguments.get("context")
        if variables is None:
            variables = {}
        if not isinstance(variables, dict):
            raise InvalidArgumentsError("context: must be an object with the workflow's variables")
        return _answered(await self.run(name, variables, request))


def _described(workflow: Workflow) -> str:
    line = f"- {workflow.name}"
    if workflow.description:
        line += f": {' '.join(workflow.description.split())}"
    inputs = workflow.inputs
    needed = needed_variables(workflow) if inputs is None else tuple(inputs.properties)
    return f"{line} (context: {', '.join(needed)})" if needed else line


def _answered(result: WorkflowResult) -> CallToolResult:
    results = json.dumps(result.results, indent=2, ensure_ascii=False, default=str)
    if len(results) > RESULTS_TEXT:
        results = (
            f"{results[:RESULTS_TEXT]}… ({len(results)} characters; the structured content has all of them)"
        )
    first = "Workflow completed."
    if result.status != "completed":
        first = f"Workflow {result.status}: {result.error.removesuffix('.')}."
    data: dict[str, Any] = {
        "workflow": result.workflow,
        "status": result.status,
        "run": result.run,
        "results": list(result.results),
        "context": result.context,
    }
    if result.error:
        data["error"] = result.error
    return CallToolResult(
        content=[TextContent(type="text", text=f"{first} Results: {results}")],
        structured_content=data,
        is_error=result.status != "completed",
    )
