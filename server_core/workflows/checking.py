"""Checks a workflow before its first step runs: its tools, and the variables its steps need."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from ..errors import nearest
from ..items import ToolItem
from ..schemas.validation import validation_error
from .addresses import AllowedHosts, is_public_address
from .definition import (
    ApiCallStep,
    ConditionStep,
    DataTransformStep,
    ForEachStep,
    ParallelStep,
    ToolCallStep,
    Workflow,
    WorkflowFinding,
    WorkflowStep,
    step_name,
    steps_inside,
    walk_steps,
)
from .expressions import Expression, Template

MISTAKEN_LIKENESS = 0.8
"""The similarity (`difflib`) from which one name is considered a typo of another."""


def check_run(
    workflow: Workflow, variables: Iterable[str], tools: Mapping[str, ToolItem]
) -> list[WorkflowFinding]:
    """Problems that would make a run with these variables fail on a server with these tools."""
    known = set(variables)
    findings = _unset_variables(workflow, workflow.steps, known)
    for step in workflow.walk():
        if isinstance(step, ToolCallStep):
            findings += _tool_findings(step, tools)
        for name in sorted(step_environment(step)):
            if name not in os.environ:
                text = f"{step_name(step)} needs the environment variable {name}, which is not set"
                findings.append(WorkflowFinding(step.path, text))
    return findings


def check_definition(
    workflow: Workflow, tools: Mapping[str, ToolItem], allowed: AllowedHosts
) -> list[WorkflowFinding]:
    """Problems that would make any run fail on a server with these tools, whatever its variables.

    Without `inputs`, callers may pass any variable; one that is very similar to one set by a step is reported as a
    typo.
    """
    if workflow.inputs is not None:
        given = set(workflow.inputs.properties)
    else:
        set_later = {step.output_variable for step in workflow.walk()} - {""}
        given = {
            name
            for name in needed_variables(workflow)
            if name not in set_later
            and not difflib.get_close_matches(name, set_later, n=1, cutoff=MISTAKEN_LIKENESS)
        }
    findings = _unset_variables(workflow, workflow.steps, given)
    for step in workflow.walk():
        if isinstance(step, ToolCallStep):
            findings += _tool_findings(step, tools)
            findings += _argument_findings(step, tools)
        elif isinstance(step, ApiCallStep):
            findings += _address_findings(step, allowed)
    return findings


def needed_variables(workflow: Workflow) -> tuple[str, ...]:
    """The variables that the caller must pass, in the order in which they are used."""
    needed: dict[str, None] = {}

    def collect(steps: Sequence[WorkflowStep], known: set[str]) -> None:
        for step in steps:
            needed.update(dict.fromkeys(sorted(step_variables(step) - known)))
            for _name, inside in steps_inside(step):
                collect(inside, known if isinstance(step, ConditionStep) else known | own_variables(step))
            if step.output_variable:
                known.add(step.output_variable)

    collect(workflow.steps, set())
    return tuple(needed)


def own_variables(step: WorkflowStep) -> set[str]:
    """The variables that a step sets for the steps inside it."""
    return {step.item, step.index} - {""} if isinstance(step, ForEachStep) else set()


def step_variables(step: WorkflowStep) -> frozenset[str]:
    """The variables that a step itself reads, without those of its branches."""
    return frozenset(name for part in _step_parts(step) for name in part.names)


def step_environment(step: WorkflowStep) -> frozenset[str]:
    """The environment variables that a step reads."""
    return frozenset(
        name for part in _step_parts(step) if isinstance(part, Template) for name in part.environment
    )


def _step_parts(step: WorkflowStep) -> Sequence[Expression | Template]:
    if isinstance(step, ApiCallStep):
        return [part for part in (step.url, step.headers, step.params, step.body) if part is not None]
    if isinstance(step, DataTransformStep):
        return [step.value]
    if isinstance(step, ConditionStep):
        return [step.condition]
    if isinstance(step, ForEachStep):
        return [step.items]
    return [step.arguments] if isinstance(step, ToolCallStep) else []


def _unset_variables(
    workflow: Workflow, steps: Sequence[WorkflowStep], known: set[str]
) -> list[WorkflowFinding]:
    """Variables that are read before anything can have set them; adds what `steps` set to `known`.

    A variable set in only one branch of a condition counts as set: if that branch was not taken it is null. Variables
    set in the branches of a `parallel` or the steps of a `for_each` are local to them.
    """
    findings: list[WorkflowFinding] = []
    for step in steps:
        for name in sorted(step_variables(step) - known):
            findings.append(WorkflowFinding(step.path, _unset_text(workflow, step, name, known)))
        if isinstance(step, ConditionStep):
            then, otherwise = set(known), set(known)
            findings += _unset_variables(workflow, step.then, then)
            findings += _unset_variables(workflow, step.otherwise, otherwise)
            known |= then | otherwise
        elif isinstance(step, ParallelStep | ForEachStep):
            for _name, inside in steps_inside(step):
                findings += _unset_variables(workflow, inside, known | own_variables(step))
        if step.output_variable:
            known.add(step.output_variable)
    return findings


def _unset_text(workflow: Workflow, step: WorkflowStep, name: str, known: set[str]) -> str:
    text = f"{step_name(step)} needs the variable {name!r}"
    for outer in workflow.walk():
        if isinstance(outer, ParallelStep | ForEachStep) and name in _set_inside(outer):
            stays = f"{text}, which exists only inside {step_name(outer)}"
            return f"{stays}; only its output_variable is visible outside"
    later = next((step_name(each) for each in workflow.walk() if each.output_variable == name), None)
    if later is not None:
        return f"{text}, which is set only later, by {later}"
    near = nearest(name, known)
    where = "the context" if workflow.inputs is None else "its inputs"
    hint = f"; did you mean {' or '.join(near)}?" if near else f"; add it to {where.split()[-1]}"
    return f"{text}, which is not in {where} and is not set by an earlier step{hint}"


def _set_inside(step: WorkflowStep) -> set[str]:
    inside = [each for _name, steps in steps_inside(step) for each in walk_steps(steps)]
    return {each.output_variable for each in inside} | own_variables(step)


def _tool_findings(step: ToolCallStep, tools: Mapping[str, ToolItem]) -> list[WorkflowFinding]:
    item = tools.get(step.tool)
    if item is None:
        near = nearest(step.tool, tools)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        text = f"{step_name(step)} calls the tool {step.tool!r}, which this server does not have{hint}"
        return [WorkflowFinding(step.path, text)]
    given = step.arguments.source
    missing = [name for name in item.definition.input_schema.get("required", ()) if name not in given]
    if not missing:
        return []
    text = f"{step_name(step)}: the tool {step.tool} also needs the argument {', '.join(missing)}"
    return [WorkflowFinding(step.path, text)]


def _argument_findings(step: ToolCallStep, tools: Mapping[str, ToolItem]) -> list[WorkflowFinding]:
    """Arguments unknown to the tool, and literal values of the wrong type."""
    item = tools.get(step.tool)
    schema: Mapping[str, Any] = item.definition.input_schema if item is not None else {}
    known: Mapping[str, Any] = schema.get("properties") or {}
    findings = []
    for name, value in step.arguments.source.items() if isinstance(step.arguments.source, Mapping) else ():
        trouble = ""
        if name not in known:
            if item is not None and not schema.get("additionalProperties"):
                near = nearest(name, known)
                hint = (
                    f"did you mean {' or '.join(near)}?" if near else f"it takes {', '.join(known) or 'none'}"
                )
                trouble = f"the tool {step.tool} has no argument {name!r}; {hint}"
        elif not _has_holes(value):
            whole = {**known[name], "$defs": schema.get("$defs", {})}  # for its references
            trouble = validation_error(whole, value, name)
        if trouble:
            findings.append(WorkflowFinding(step.path, f"{step_name(step)}: {trouble}"))
    return findings


def _has_holes(value: Any) -> bool:
    """Whether it contains values that are filled in at run time."""
    if isinstance(value, str):
        return "${" in value
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(map(_has_holes, inside))


def _address_findings(step: ApiCallStep, allowed: AllowedHosts) -> list[WorkflowFinding]:
    """A host written as an address that would be refused. Names are not resolved here."""
    url = step.url.source
    if not isinstance(url, str) or _has_holes(url):
        return []
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        literal = "127.0.0.1" if host.casefold() == "localhost" else str(ip_address(host))
    except ValueError:
        return []  # not an address, or not a URL, which is reported elsewhere
    if allowed.allows(host, port) or is_public_address(literal):
        return []
    text = (
        f'{step_name(step)} calls {host}, which is not a public address; to allow it, add "{host}" to allow_hosts '
        "of the workflows module"
    )
    return [WorkflowFinding(step.path, text)]
