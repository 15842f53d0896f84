"""The workflows module: chains of tool calls, HTTP requests, transforms and conditions, run by one tool."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mcp.types import CallToolResult, TextContent, Tool

from ..errors import InvalidArgumentsError, ModuleStartError, NotFoundError
from ..items import Offer, ToolItem
from ..module import Module, ModuleContext
from ..request import Request
from ..settings import BreakerSettings
from ..workflows.addresses import AllowedHosts
from ..workflows.api_calls import ApiCaller
from ..workflows.checking import check_definition, needed_variables
from ..workflows.definition import ApiCallStep, Workflow, WorkflowDefinitionError, WorkflowFinding
from ..workflows.parsing import parse_workflow
from ..workflows.running import WorkflowResult, WorkflowRunner

WORKFLOW_SECONDS = 86_400.0
"""Each step has a time limit of its own; the whole has this one, counted from the last step that ended."""

RESULTS_TEXT = 20_000
"""How many characters of the results the answer's text has; the data has all."""

WORKFLOW_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "workflow": {"type": "string"},
        "status": {"enum": ["completed", "failed"]},
        "results": {"type": "array", "items": {"type": "object"}},
        "context": {"type": "object"},
        "error": {"type": "string"},
    },
    "required": ["workflow", "status", "results", "context"],
}


class WorkflowsModule(Module):
    """Offers `execute_workflow` for its workflows. Each is read and checked whole before any of them can run."""

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
        workflows: by name, as they stand in `server.toml` or ready made.
        allow_hosts: hosts, as `name` or `name:port`, that `api_call` may reach although they are not public.
        """
        super().__init__(name, prefix=prefix, breaker=breaker)
        self.workflows = dict(workflows)
        self.allow_hosts = tuple(allow_hosts)
        self._parsed: dict[str, Workflow] = {}
        self._runner: WorkflowRunner | None = None
        self._api: ApiCaller | None = None

    async def start(self, context: ModuleContext) -> None:
        try:
            self._parsed = {
                name: workflow if isinstance(workflow, Workflow) else parse_workflow(name, workflow)
                for name, workflow in self.workflows.items()
            }
        except WorkflowDefinitionError as error:
            raise ModuleStartError(str(error)) from error
        if any(
            isinstance(step, ApiCallStep) for workflow in self._parsed.values() for step in workflow.walk()
        ):
            self._api = ApiCaller(context, AllowedHosts(self.allow_hosts), self.breaker_settings)
        self._runner = WorkflowRunner(context, self.name, self._api)
        context.offer(Offer(tools=[ToolItem(self._tool(), self._execute, seconds=WORKFLOW_SECONDS)]))
        count = len(self._parsed)
        context.note(f"{count} workflow{'' if count == 1 else 's'}")

    async def stop(self) -> None:
        self._runner = None
        api, self._api = self._api, None
        if api is not None:
            await api.aclose()

    def workflow_names(self) -> tuple[str, ...]:
        """The workflows, in their order."""
        return tuple(self.workflows)

    def findings(self, tools: Mapping[str, ToolItem]) -> list[tuple[str, WorkflowFinding]]:
        """What is wrong with the workflows on a server with these tools: each one's name, place and text.

        Needs no start, and tells all that `start` and `run` would refuse, but for variables that callers don't give.
        """
        found: list[tuple[str, WorkflowFinding]] = []
        for name, data in self.workflows.items():
            try:
                workflow = data if isinstance(data, Workflow) else parse_workflow(name, data)
            except WorkflowDefinitionError as error:
                found += [(name, finding) for finding in error.findings]
            else:
                found += [(name, finding) for finding in check_definition(workflow, tools)]
        return found

    async def run(self, name: str, context: Mapping[str, Any], request: Request) -> WorkflowResult:
        """Run a workflow with the variables of `context`; a step that fails is told in the result.

        Raises:
            NotFoundError: there is none of that name.
            InvalidArgumentsError: it would fail for sure; nothing has run.
        """
        workflow = self._parsed.get(name)
        if workflow is None or self._runner is None:
            raise NotFoundError("workflow", name, self._parsed)
        return await self._runner.run(workflow, context, request)

    def _tool(self) -> Tool:
        lines = [_described(workflow) for workflow in self._parsed.values()]
        return Tool(
            name=self.prefixed("execute_workflow"),
            description="\n".join(["Runs a workflow, step by step.", *lines]),
            input_schema={
                "type": "object",
                "properties": {
                    "workflowName": {"type": "string", "enum": list(self._parsed)},
                    "context": {
                        "type": "object",
                        "description": "The variables that the workflow starts with",
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
                f"workflowName: {'is missing' if name is None else 'must be a text'}; "
                f"there are {', '.join(self._parsed) or 'no workflows'}"
            )
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
    needed = needed_variables(workflow)
    return f"{line} (context: {', '.join(needed)})" if needed else line


def _answered(result: WorkflowResult) -> CallToolResult:
    results = json.dumps(result.results, indent=2, ensure_ascii=False, default=str)
    if len(results) > RESULTS_TEXT:
        results = (
            f"{results[:RESULTS_TEXT]}… ({len(results)} characters; all of it is in the structured content)"
        )
    first = "Workflow completed." if result.status == "completed" else f"Workflow failed: {result.error}."
    data: dict[str, Any] = {
        "workflow": result.workflow,
        "status": result.status,
        "results": list(result.results),
        "context": result.context,
    }
    if result.error:
        data["error"] = result.error
    return CallToolResult(
        content=[TextContent(type="text", text=f"{first} Results: {results}")],
        structured_content=data,
        is_error=result.status == "failed",
    )
