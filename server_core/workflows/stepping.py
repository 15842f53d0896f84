"""One run of a workflow: its steps in order, each with its facts and its place in the results."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from ..cancelling import is_real_cancellation
from ..error_texts import error_text
from ..errors import is_anticipated
from ..events import StepPlace, WorkflowFinished, WorkflowStarted
from ..module import ModuleContext
from ..request import Request
from .branching import BranchesFailedError, checked_items, side_by_side
from .definition import (
    ConditionStep,
    ForEachStep,
    ParallelStep,
    ToolCallStep,
    Workflow,
    WorkflowStep,
    step_name,
    steps_inside,
    walk_steps,
)
from .limiting import limited_to
from .performing import StepPerformer
from .runs import RunMemory, RunScope, StepDone, StepFailedError, WorkflowResult
from .step_facts import StepFacts
from .values import ShownValues


class WorkflowStepper:
    """One run. Use on the server's loop.

    Attributes:
        id: the run's identifier in facts.
        memory: what is needed to resume it.
        completed: whether it reached its end.
    """

    def __init__(
        self,
        context: ModuleContext,
        performer: StepPerformer,
        workflow: Workflow,
        variables: Mapping[str, Any],
        request: Request,
        environment: Sequence[str],
        before: RunMemory | None,
    ) -> None:
        """`environment` names variables whose values facts must hide; `before` is the run that this one resumes."""
        self.id = secrets.token_hex(6)
        self.memory = RunMemory(self.id, workflow.name, dict(variables))
        self.completed = False
        self._context = context
        self._performer = performer
        self._workflow = workflow
        self._variables = dict(variables)
        self._request = request
        self._shown = ShownValues(environment)
        self._facts = StepFacts(context.bus, self.id, workflow.name, self._shown)
        self._before = before
        self._results: list[dict[str, Any]] = []
        self._index = 0
        self._done = 0
        self._total = sum(1 for _ in workflow.walk())
        self._task: asyncio.Task[Any] | None = None
        self._stopped = False

    def stop(self) -> None:
        """Stop the run; its result says that it was cancelled."""
        if self._task is not None and not self._task.done():
            self._stopped = True
            self._task.cancel()

    async def result(self) -> WorkflowResult:
        """Run it to its end. If the caller is cancelled, so is the run, and nothing is left running."""
        started = self._context.clock.monotonic()
        resumed = self._before.run if self._before is not None else ""
        self._context.bus.emit(WorkflowStarted(self.id, self._workflow.name, self._total, resumed))
        status: Literal["ok", "failed", "cancelled"] = "cancelled"
        error = ""
        task = self._task = asyncio.create_task(self._steps(self._workflow.steps, RunScope(self._variables)))
        try:
            try:
                await asyncio.wait([task])
            finally:
                if not task.done():
                    task.cancel()
                    await asyncio.wait([task])
            if task.cancelled() and self._stopped:
                error = "it was cancelled"
            else:
                task.result()
                status, self.completed = "ok", True
        except StepFailedError as failed:
            status, error = "failed", str(failed)
        finally:
            seconds = self._context.clock.monotonic() - started
            told = self._shown.line(error)
            self._context.bus.emit(WorkflowFinished(self.id, self._workflow.name, status, seconds, told))
        said: Literal["completed", "failed", "cancelled"] = "completed" if status == "ok" else status
        results = tuple(self._results)
        return WorkflowResult(self._workflow.name, said, results, self._variables, error, self.id)

    async def _steps(self, steps: Sequence[WorkflowStep], scope: RunScope) -> Any:
        """Run `steps` one after another and return the last one's value."""
        value = None
        for position, step in enumerate(steps):
            try:
                value = await self._step(step, scope)
            except StepFailedError:
                self._facts.skipped(steps[position + 1 :], scope.place, "an earlier step failed")
                raise
        return value

    async def _step(self, step: WorkflowStep, scope: RunScope) -> Any:
        place = (*scope.place, step.id)
        kept = self._before.done.get(place) if self._before is not None else None
        if kept is not None:
            return await self._keep(step, scope, place, kept)
        self._index += 1
        clock = self._context.clock
        self._facts.started(step, place, self._index)
        started = clock.monotonic()
        entry = self._entry(step, scope)
        try:
            value = await self._value(step, scope, place)
        except BaseException as error:
            seconds = clock.monotonic() - started
            if is_real_cancellation(error):
                self._facts.finished(step, place, "cancelled", seconds, "it was cancelled")
                raise
            text = self._failure_text(error, step)
            self._facts.finished(step, place, "failed", seconds, text)
            entry |= {"status": "failed", "error": text}
            self._results.append(entry)
            await self._tell_progress(step)
            if isinstance(step, ConditionStep):
                inside = (*step.then, *step.otherwise)
                self._facts.skipped(inside, place, f"condition {step.id} failed")
            if not step.continue_on_error:
                raise StepFailedError(step, text) from error
            partly = isinstance(error, BranchesFailedError)
            value = error.value if isinstance(error, BranchesFailedError) else None
            self._settle(step, scope, place, StepDone(entry, value, partly))
            return value
        entry |= {"status": "ok", "result": value}
        self._results.append(entry)
        self._settle(step, scope, place, StepDone(entry, value, True))
        detail = ("true" if value else "false") if isinstance(step, ConditionStep) else ""
        self._facts.finished(step, place, "ok", clock.monotonic() - started, detail, value)
        await self._tell_progress(step)
        return await self._branch(step, scope, bool(value)) if isinstance(step, ConditionStep) else value

    async def _keep(self, step: WorkflowStep, scope: RunScope, place: StepPlace, kept: StepDone) -> Any:
        """Keep the result of a step that the previous run finished."""
        assert self._before is not None
        self._results.append({**kept.entry, "kept": True})
        self._settle(step, scope, place, kept)
        reason = f"already done in the previous run ({self._before.run})"
        self._facts.finished(step, place, "skipped", 0.0, reason, kept.value)
        self._done += 1
        if not isinstance(step, ConditionStep):
            self._done += sum(1 for _name, inside in steps_inside(step) for _ in walk_steps(inside))
            return kept.value
        if kept.abandoned or kept.entry["status"] == "failed":
            self._facts.skipped((*step.then, *step.otherwise), place, reason)
            return None
        return await self._branch(step, scope, bool(kept.value))

    def _settle(self, step: WorkflowStep, scope: RunScope, place: StepPlace, done: StepDone) -> None:
        self.memory.done[place] = done
        if step.output_variable and done.sets:
            scope.variables[step.output_variable] = done.value

    async def _branch(self, step: ConditionStep, scope: RunScope, holds: bool) -> Any:
        taken, left = (step.then, step.otherwise) if holds else (step.otherwise, step.then)
        place = (*scope.place, step.id)
        self._facts.skipped(left, place, f"condition {step.id} was {'true' if holds else 'false'}")
        try:
            return await self._steps(taken, replace(scope, place=place))
        except StepFailedError:
            if not step.continue_on_error:
                raise
            self.memory.done[place] = replace(self.memory.done[place], abandoned=True)
            return None

    async def _value(self, step: WorkflowStep, scope: RunScope, place: StepPlace) -> Any:
        if isinstance(step, ParallelStep):
            return await limited_to(
                self._context.clock, step.timeout, lambda: self._parallel(step, scope, place)
            )
        if isinstance(step, ForEachStep):
            return await limited_to(
                self._context.clock, step.timeout, lambda: self._for_each(step, scope, place)
            )
        given = await self._performer.fill(step, scope.variables)
        self._facts.filled(step, place, self._performer.shown(step, given))

        def tell(attempt: int, error: BaseException, delay: float) -> None:
            self._facts.attempt_failed(step, place, attempt, self._failure_text(error, step), delay)
            if self._request.on_progress is not None:
                self._request.on_progress()  # a retry shows that the run is alive

        nested = self._nested(step, scope)
        return await self._performer.perform(self._workflow, step, given, scope.variables, nested, tell)

    async def _parallel(self, step: ParallelStep, scope: RunScope, place: StepPlace) -> dict[str, Any]:
        names = [name for name, _steps in step.branches]
        branches = [
            (f"branch {name}", self._inner(steps, scope, place, name, f".{name}"))
            for name, steps in step.branches
        ]
        try:
            values = await side_by_side(branches, step.at_once or len(branches), go_on=step.continue_on_error)
        except BranchesFailedError as error:
            error.value = dict(zip(names, error.value, strict=True))
            raise
        return dict(zip(names, values, strict=True))

    async def _for_each(self, step: ForEachStep, scope: RunScope, place: StepPlace) -> list[Any]:
        variables = scope.variables
        found = await self._context.run_sync(lambda: step.items.evaluate(variables))
        items = checked_items(step, found)
        self._facts.filled(step, place, items)
        self._total += (len(items) - 1) * sum(1 for _ in walk_steps(step.steps))
        branches = []
        for number, item in enumerate(items, 1):
            own = {step.item: item, **({step.index: number - 1} if step.index else {})}
            mark = f"[{number}]"
            branches.append((f"item {number}", self._inner(step.steps, scope, place, mark, mark, own)))
        return await side_by_side(branches, step.at_once, go_on=step.continue_on_error)

    def _inner(
        self,
        steps: Sequence[WorkflowStep],
        scope: RunScope,
        place: StepPlace,
        name: str,
        mark: str,
        own: Mapping[str, Any] | None = None,
    ) -> Any:
        """Create the work of a branch or an item: it has its own copy of the variables, taken when the step begins."""
        inside = f"{scope.inside}{'.' if scope.inside else ''}{place[-1]}{mark}"
        branch = RunScope({**scope.variables, **(own or {})}, (*place, name), inside)
        return lambda: self._steps(steps, branch)

    def _entry(self, step: WorkflowStep, scope: RunScope) -> dict[str, Any]:
        entry: dict[str, Any] = {"step": step.id, "type": step.kind}
        if scope.inside:
            entry["in"] = scope.inside
        return entry

    async def _tell_progress(self, step: WorkflowStep) -> None:
        self._done += 1
        await self._request.report_progress(self._done, self._total, step.id)

    def _nested(self, step: WorkflowStep, scope: RunScope) -> Request:
        before = self._done

        async def progressed(progress: float, total: float | None, message: str) -> None:
            # A share of this step, so that the total never goes back; concurrent steps have no such share.
            if total and 0 < progress < total and not scope.inside:
                share = before + progress / total
                await self._request.report_progress(share, self._total, message or step.id)
            elif self._request.on_progress is not None:
                self._request.on_progress()

        target = step.tool if isinstance(step, ToolCallStep) else step.id
        return self._request.nested("tools/call", target, sink=progressed)

    def _failure_text(self, error: BaseException, step: WorkflowStep) -> str:
        if is_anticipated(error):
            return error_text(error) or type(error).__name__
        reference = self._context.report(error, f"workflow {self._workflow.name}, {step_name(step)}")
        return f"it failed unexpectedly (reference {reference})"
