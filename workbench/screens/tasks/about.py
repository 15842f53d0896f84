"""A task or a workflow run in full, as plain lines for the details screen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.state.parts import Step, WorkflowRun
from workbench.text import clean, elapsed, span, time_of_day
from workbench.widgets.spans import Line, Span, bar, line
from workbench.widgets.textview.formatting import json_lines

from .rows import LOOKS
from .tree import step_tree

if TYPE_CHECKING:
    from server_core.inspection import TaskState

NAME_CELLS = 14
RESULT_CHARS = 100_000
"""Longer results are truncated here; the Tools screen shows them in full."""


def _fact(name: str, *value: str | Span) -> Line:
    return line(Span(f"{name:<{NAME_CELLS}}", "dim"), *value)


def about_task(task: TaskState, answer: Mapping[str, Any] | None) -> list[Line]:
    """A task; `answer` is the result of `check_task_status`, if available."""
    mark, tone = LOOKS[task.status]
    lines = [
        _fact("task", task.name),
        _fact("id", task.task),
        _fact("module", task.module),
        _fact("status", Span(f"{mark} {task.status.replace('_', ' ')}", tone)),
        _fact("started", time_of_day(task.created)),
        _fact("took", elapsed(task.updated - task.created)),
    ]
    if task.total:
        lines.append(
            _fact("progress", *bar(task.progress / task.total, 24), f" {task.progress:g} of {task.total:g}")
        )
    attempts = (answer or {}).get("attempts", 1)
    if attempts > 1:
        lines.append(_fact("attempts", f"{attempts} (its process ended)"))
    if task.message:
        lines.append(_fact("message", task.message))
    error = (answer or {}).get("error") or (task.detail if task.status == "failed" else "")
    if error:
        lines += [(), (Span("Error", "strong"),), *_text(str(error), "bad")]
    elif answer is not None and "result" in answer:
        lines += [(), (Span("Result", "strong"),), *_text(_shown(answer["result"]))]
    elif task.detail:
        lines += [(), (Span("Result", "strong"),), *_text(task.detail)]
    return lines


def about_run(run: WorkflowRun) -> list[Line]:
    """A workflow run with its steps."""
    mark, tone = LOOKS[run.status]
    lines = [
        _fact("workflow", run.workflow),
        _fact("run", run.run),
        _fact("status", Span(f"{mark} {run.status}", tone)),
        _fact("started", time_of_day(run.started, millis=True)),
    ]
    if run.seconds is not None:
        lines.append(_fact("took", span(run.seconds)))
    if run.error:
        lines += [(), *_text(run.error, "bad")]
    if run.resumed:
        lines.insert(2, _fact("resumes", run.resumed))
    lines += [(), (Span("Steps", "strong"),)]
    for tree in step_tree(run):
        node = tree.node
        mark, tone = LOOKS[node.status]
        took = ""
        if node.ended is not None and node.status != "skipped":
            took = f"  {span(node.ended - node.started)}"
        kind = f"  {node.step.kind}" if node.step else ""
        lines.append(
            line(Span(tree.guide, "dim"), Span(f"{mark} ", tone), node.name, Span(f"{kind}{took}", "dim"))
        )
        if node.step is not None:
            indent = " " * (len(tree.guide) + 4)
            for text in (*node.step.attempts, node.step.detail):
                lines += [line(indent, part) for part in clean(text).splitlines()]
    return lines


def about_step(run: WorkflowRun, step: Step) -> list[Line]:
    """A step of a run: its input, output and failed attempts."""
    mark, tone = LOOKS[step.status]
    lines = [
        _fact("step", " › ".join(step.place) or step.name),
        _fact("type", step.kind),
        _fact("workflow", run.workflow),
        _fact("status", Span(f"{mark} {step.status}", tone)),
        _fact("started", time_of_day(step.started, millis=True)),
    ]
    if step.seconds is not None:
        lines.append(_fact("took", span(step.seconds)))
    if step.detail:
        lines += [(), *_text(step.detail, "bad" if step.status == "failed" else "")]
    if step.attempts:
        lines += [(), (Span("Failed attempts", "strong"),)]
        for told in step.attempts:
            lines += _text(told, "warn")
    for title, value in (("Input", step.given), ("Output", step.answered)):
        if value:
            lines += [(), (Span(title, "strong"),), *_text(_indented(value))]
    return lines


def _indented(value: str) -> str:
    """JSON on several lines; truncated JSON stays unchanged."""
    try:
        return _formatted(json.loads(value))
    except ValueError:
        return value


def _shown(result: Any) -> str:
    if isinstance(result, str):
        return result
    if isinstance(result, dict) and set(result) == {"result"}:  # the protocol's wrapper around a plain value
        return _shown(result["result"])
    return _formatted(result)


def _formatted(value: Any) -> str:
    """JSON on several lines, only as much as will be shown."""
    text: list[str] = []
    chars = 0
    for each in json_lines(value):
        text.append(each)
        chars += len(each) + 1
        if chars > RESULT_CHARS:
            break
    return "\n".join(text)


def _text(text: str, tone: Any = "") -> list[Line]:
    cut = text if len(text) <= RESULT_CHARS else text[:RESULT_CHARS] + " …"
    return [(Span(part, tone),) for part in clean(cut).splitlines()]
