"""Finds workflows that would call themselves, directly or indirectly, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .definition import ToolCallStep, Workflow, WorkflowFinding, step_name


def workflow_cycles(
    name: str, workflows: Mapping[str, Workflow], tools: Mapping[str, str], runner: str
) -> list[WorkflowFinding]:
    """The steps by which the workflow `name` calls itself.

    Args:
        tools: the workflows, by the names of their own tools.
        runner: the name of the tool that runs any of them.
    """
    findings = []
    for step, called in _calls(workflows[name], workflows, tools, runner):
        way = _way(called, name, workflows, tools, runner)
        if way is not None:
            text = f"{step_name(step)}: workflow {name} calls itself: {' → '.join((name, *way))}"
            findings.append(WorkflowFinding(step.path, text))
    return findings


def _way(
    start: str, goal: str, workflows: Mapping[str, Workflow], tools: Mapping[str, str], runner: str
) -> tuple[str, ...] | None:
    """The shortest chain of calls from one workflow to another."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    for way in ways:
        if way[-1] == goal:
            return way
        for _step, called in _calls(workflows[way[-1]], workflows, tools, runner):
            if called not in seen:
                seen.add(called)
                ways.append((*way, called))
    return None


def _calls(
    workflow: Workflow, workflows: Mapping[str, Workflow], tools: Mapping[str, str], runner: str
) -> Iterator[tuple[ToolCallStep, str]]:
    for step in workflow.walk():
        if not isinstance(step, ToolCallStep):
            continue
        called = tools.get(step.tool)
        if step.tool == runner:
            called = step.arguments.source.get("workflowName")
        if isinstance(called, str) and called in workflows:
            yield step, called
