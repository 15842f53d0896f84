"""`workbench run`: run a workflow, printing each step."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any

from server_core.bus import Event
from server_core.events import StepAttemptFailed, StepFinished, StepPlace, StepStarted
from server_core.module import prefixed_name
from workbench.checking import placed
from workbench.cli.arguments import check_names, pairs, typed
from workbench.cli.commands.call import block_text
from workbench.cli.failures import USAGE, CommandError, not_found
from workbench.cli.output import say, show
from workbench.cli.records import conclude
from workbench.cli.session import project_of, with_engine
from workbench.engine import Engine
from workbench.project import Project


def run(options: Namespace) -> int:
    """Run the workflow with the given variables; print each step as it runs, then the result."""
    project = project_of(options)
    module, place, definition = _found(project, options.workflow)
    variables = _variables(options, project, place, definition)

    async def work(engine: Engine) -> int:
        tool = prefixed_name(module.prefix, "execute_workflow")
        unsubscribe = engine.bus.subscribe(_step_printer())
        try:
            record = await engine.call_tool(
                tool, {"workflowName": options.workflow, "context": variables}, timeout=options.timeout
            )
        finally:
            unsubscribe()
        result, code = conclude(record, as_json=options.json)
        if not options.json:
            for block in result.get("content") or ():
                show(block_text(block))
        return code

    return with_engine(options, work)


def _found(project: Project, workflow: str) -> tuple[Any, tuple[str, ...], Any]:
    """Find a workflow: its module, the config path of the module's workflows, and the workflow's table."""
    known: list[str] = []
    for name, module in project.config.modules.items():
        workflows = getattr(module, "workflows", None) or {}
        if workflow in workflows:
            return module, ("modules", name, "workflows"), workflows[workflow]
        known += workflows
    raise not_found("workflow", workflow, known)


def _variables(
    options: Namespace, project: Project, place: tuple[str, ...], definition: Any
) -> dict[str, Any]:
    """Parse the variables on the command line, typed by the workflow's inputs where it declares some."""
    from server_core.workflows.checking import needed_variables
    from server_core.workflows.definition import WorkflowDefinitionError
    from server_core.workflows.inputs import input_schema
    from server_core.workflows.parsing import parse_workflow

    try:
        workflow = parse_workflow(options.workflow, definition)
    except WorkflowDefinitionError as error:
        for finding in error.findings:
            say(str(placed(project, (*place, options.workflow, *finding.path), finding.message)))
        raise CommandError(
            USAGE, f"Workflow {options.workflow} can't run: its definition has errors"
        ) from None
    if workflow.inputs is None:
        given = pairs(options.arguments)
        # The run reports missing variables, with the step that needs them.
        check_names(given, needed_variables(workflow), ())
        return {key: _plain(value) for key, value in given.items()}
    return typed(options.arguments, input_schema(workflow, ()))


def _step_printer() -> Callable[[Event], None]:
    """Return a listener that prints steps as they start and finish, on any thread; several may run at once."""
    last: StepPlace = ()

    def print_step(event: Event) -> None:
        nonlocal last
        fact = event.fact
        if isinstance(fact, StepStarted):
            last = fact.place
            say(f"{fact.index}. {_written(fact.place)} ({fact.kind})")
        elif isinstance(fact, StepAttemptFailed):
            name = "" if fact.place == last and len(last) == 1 else f"{_written(fact.place)}: "
            tried = f"attempt {fact.attempt} of {fact.attempts} failed: {fact.error.removesuffix('.')}"
            say(f"   {name}{tried}; retrying in {fact.delay:g} s")
        elif isinstance(fact, StepFinished):
            name = "" if fact.place == last and len(last) == 1 else f"{_written(fact.place)}: "
            sign = {"failed": "FAILED"}.get(fact.status, fact.status)
            took = "" if fact.status == "skipped" else f", {fact.seconds * 1000:.1f} ms"
            say(f"   {name}{sign}{took}{f': {fact.detail}' if fact.detail else ''}")

    return print_step


def _written(place: StepPlace) -> str:
    """Format a step's place as one word: `anything.prices[2].quote`."""
    return "".join(part if part.startswith("[") else f".{part}" for part in place).removeprefix(".")


def _plain(text: str) -> Any:
    """Parse a variable's value as JSON, or return the text unchanged."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text
