"""Runs workflows: checks each one first, tracks runs in progress, and resumes those that did not complete."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from ..errors import InvalidArgumentsError, NotFoundError
from ..module import ModuleContext
from ..request import Request
from .checking import check_run, step_environment
from .definition import Workflow, WorkflowFinding
from .inputs import filled_inputs
from .performing import StepPerformer
from .runs import RUNS_REMEMBERED, RunMemory, WorkflowResult
from .stepping import WorkflowStepper

_running_workflows: ContextVar[tuple[str, ...]] = ContextVar("_running_workflows", default=())


class WorkflowRunner:
    """Runs the workflows of one module. On the server's loop."""

    def __init__(
        self,
        context: ModuleContext,
        module: str,
        workflows: Mapping[str, Workflow],
        performer: StepPerformer,
        cycles: Callable[[str], list[WorkflowFinding]],
    ) -> None:
        """`cycles` finds the steps by which a workflow would call itself."""
        self._context = context
        self._module = module
        self._workflows = workflows
        self._performer = performer
        self._cycles = cycles
        self._under_way: dict[str, WorkflowStepper] = {}
        self._remembered: OrderedDict[str, RunMemory] = OrderedDict()

    async def run(self, name: str, variables: Mapping[str, Any], request: Request) -> WorkflowResult:
        """Run a workflow with these variables; a failed step is reported in the result.

        Raises:
            NotFoundError: there is no workflow with that name.
            InvalidArgumentsError: it is certain to fail; nothing was run. The text has every finding.
        """
        workflow = self._workflows.get(name)
        if workflow is None:
            raise NotFoundError("workflow", name, self._workflows)
        if workflow.inputs is not None:
            variables = filled_inputs(workflow.inputs, variables)
        return await self._run(workflow, variables, request, None)

    async def resume(self, run: str, request: Request) -> WorkflowResult:
        """Resume a run that failed or was cancelled, from that point and with the variables it had there.

        Completed steps are not repeated. It becomes a new run, which replaces the previous one.

        Raises:
            NotFoundError: it completed, was already resumed, or is no longer remembered.
        """
        memory = self._remembered.get(run)
        if memory is None:
            raise NotFoundError("resumable run", run)
        return await self._run(self._workflows[memory.workflow], memory.given, request, memory)

    def cancel(self, run: str) -> None:
        """Cancel a run in progress; its caller is notified.

        Raises:
            NotFoundError: no such run is in progress.
        """
        stepper = self._under_way.get(run)
        if stepper is None:
            raise NotFoundError("running workflow run", run)
        stepper.stop()

    def knows(self, run: str) -> bool:
        """Whether the run is in progress, or can be resumed."""
        return run in self._under_way or run in self._remembered

    async def _run(
        self, workflow: Workflow, variables: Mapping[str, Any], request: Request, before: RunMemory | None
    ) -> WorkflowResult:
        findings = check_run(workflow, variables, self._context.tools())
        findings += self._cycles(workflow.name)
        if findings:
            raise InvalidArgumentsError(
                f"Workflow {workflow.name} was not started: {'; '.join(each.message for each in findings)}"
            )
        key = f"{self._module}/{workflow.name}"
        outer = _running_workflows.get()
        if key in outer:
            names = " → ".join(each.partition("/")[2] for each in (*outer, key))
            raise InvalidArgumentsError(f"Workflow {workflow.name} calls itself: {names}")
        environment = {name for step in workflow.walk() for name in step_environment(step)}
        stepper = WorkflowStepper(
            self._context, self._performer, workflow, variables, request, sorted(environment), before
        )
        if before is not None:
            self._remembered.pop(before.run, None)  # it can be resumed once
        token = _running_workflows.set((*outer, key))
        self._under_way[stepper.id] = stepper
        try:
            result = await stepper.result()
        finally:
            _running_workflows.reset(token)
            del self._under_way[stepper.id]
            if not stepper.completed:
                self._remembered[stepper.id] = stepper.memory
                if len(self._remembered) > RUNS_REMEMBERED:
                    self._remembered.popitem(last=False)
        return result
