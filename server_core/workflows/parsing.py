"""Parses a workflow's table into its definition, reporting all problems at once, each with the path of its key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import nearest
from .definition import (
    ApiCallStep,
    ConditionStep,
    DataTransformStep,
    ForEachStep,
    ParallelStep,
    StepPath,
    ToolCallStep,
    Workflow,
    WorkflowDefinitionError,
    WorkflowFinding,
    WorkflowStep,
)
from .expressions import Expression, Template, compile_template
from .inputs import parse_inputs
from .step_keys import VARIABLE_NAME, StepKeys, unknown_key

STEP_KEYS = {
    "api_call": ("method", "url", "headers", "params", "body", "json"),
    "data_transform": ("expression", "value"),
    "condition": ("condition", "expression", "then", "else"),
    "tool_call": ("tool", "arguments"),
    "parallel": ("branches", "at_once"),
    "for_each": ("items", "item", "index", "steps", "at_once", "max_items"),
}
GUARD_KEYS = ("retry", "breaker", "cache")
"""Keys of steps that call something outside the workflow."""

GUARDED = ("api_call", "tool_call")

COMMON_STEP_KEYS = (
    "id", "type", "description", "output_variable", "continue_on_error", "timeout", *GUARD_KEYS,
)  # fmt: skip
WORKFLOW_KEYS = ("description", "inputs", "tool", "steps")
HTTP_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
STEP_DEPTH = 20
STEPS_AT_MOST = 1000
AT_ONCE_MOST = 100
ITEMS_MOST = 10_000

MakeStep = Callable[[StepKeys, dict[str, Any]], WorkflowStep | None]


def parse_workflow(name: str, data: Any) -> Workflow:
    """Parse the workflow in a table of `server.toml` (or the guide's object).

    A step's own keys may be in the step itself or in its `config`.

    Raises:
        WorkflowDefinitionError: it is invalid; with every finding.
    """
    parser = _WorkflowParser()
    workflow = parser.workflow(name, data)
    if parser.findings:
        raise WorkflowDefinitionError(name, parser.findings)
    assert workflow is not None
    return workflow


class _WorkflowParser:
    def __init__(self) -> None:
        self.findings: list[WorkflowFinding] = []
        self._ids: set[str] = set()
        self._count = 0

    def workflow(self, name: str, data: Any) -> Workflow | None:
        if not isinstance(data, Mapping):
            self._find((), "a workflow must be a table with steps")
            return None
        for key in data:
            if key not in WORKFLOW_KEYS:
                self._find((str(key),), unknown_key(str(key), WORKFLOW_KEYS))
        description = data.get("description", "")
        if not isinstance(description, str):
            self._find(("description",), "must be a string")
            description = ""
        inputs = parse_inputs(data["inputs"], self._find) if data.get("inputs") is not None else None
        tool = self._tool_name(name, data.get("tool", True))
        if not data.get("steps"):
            self._find(("steps",) if "steps" in data else (), "it has no steps")
            return None
        return Workflow(name, description, self._steps(data["steps"], ("steps",)), inputs, tool)

    def _tool_name(self, name: str, tool: Any) -> str:
        if tool is False:
            return ""
        if tool is True:
            return re.sub(r"[^A-Za-z0-9_.-]+", "_", name)[:100]
        if not isinstance(tool, str):
            self._find(("tool",), "must be a tool name, or false for none")
            return ""
        if not TOOL_NAME.fullmatch(tool):
            self._find(("tool",), f"{tool!r} can't be a tool's name: use letters, digits, _, . and -")
        return tool

    def _steps(self, data: Any, path: StepPath) -> tuple[WorkflowStep, ...]:
        if not isinstance(data, list | tuple):
            self._find(path, "must be a list of steps")
            return ()
        if sum(isinstance(part, int) for part in path) >= STEP_DEPTH:
            self._find(path, f"steps can't be nested more than {STEP_DEPTH} deep")
            return ()
        steps = [self._step(each, (*path, index)) for index, each in enumerate(data)]
        return tuple(step for step in steps if step is not None)

    def _step(self, data: Any, path: StepPath) -> WorkflowStep | None:
        self._count += 1
        if self._count > STEPS_AT_MOST:
            if self._count == STEPS_AT_MOST + 1:
                self._find(path, f"a workflow has at most {STEPS_AT_MOST} steps")
            return None
        if not isinstance(data, Mapping):
            self._find(path, "a step must be a table")
            return None
        keys = StepKeys(self._find, data, path)
        kind = keys.text("type", "")
        if kind not in STEP_KEYS:
            near = nearest(kind, STEP_KEYS)
            known = f"did you mean {' or '.join(near)}?" if near else f"the types are {', '.join(STEP_KEYS)}"
            problem = f"unknown step type {kind!r}; {known}" if kind else f"its type is missing; {known}"
            self._find((*path, "type") if kind else path, problem)
            return None
        keys.refuse_unknown((*COMMON_STEP_KEYS, *STEP_KEYS[kind]))
        common: dict[str, Any] = {
            "id": self._id(keys, path),
            "path": path,
            "output_variable": keys.variable("output_variable"),
            "continue_on_error": keys.flag("continue_on_error"),
            "timeout": keys.seconds("timeout"),
            "retry": keys.retry(),
            "breaker": keys.breaker(),
            "cache": keys.seconds("cache"),
        }
        if kind not in GUARDED:
            for name in filter(keys.has, GUARD_KEYS):
                self._find(
                    keys.place(name), f"a {kind} can't have a {name}; only {' and '.join(GUARDED)} can"
                )
        make: dict[str, MakeStep] = {
            "api_call": self._api_call,
            "data_transform": self._data_transform,
            "condition": self._condition,
            "tool_call": self._tool_call,
            "parallel": self._parallel,
            "for_each": self._for_each,
        }
        return make[kind](keys, common)

    def _id(self, keys: StepKeys, path: StepPath) -> str:
        name = keys.text("id", "") or _unnamed(path)
        if name in self._ids:
            self._find(keys.place("id"), f"another step already has the id {name!r}")
        self._ids.add(name)
        return name

    def _api_call(self, keys: StepKeys, common: dict[str, Any]) -> WorkflowStep | None:
        method = keys.text("method", "GET").upper()
        if method not in HTTP_METHODS:
            self._find(
                keys.place("method"), f"{method!r} is not a supported method; use {', '.join(HTTP_METHODS)}"
            )
        url = keys.template("url", required=True)
        if url is not None and (
            not isinstance(url.source, str)
            or not (url.source.startswith("${") or re.match(r"(?i)https?://", url.source))
        ):
            self._find(keys.place("url"), "must be a URL that begins with http:// or https://")
        if keys.has("body") and keys.has("json"):
            self._find(keys.place("body"), "use either body or json, not both")
        is_json = keys.has("json")
        tables = {name: keys.template(name) or compile_template({}) for name in ("headers", "params")}
        for name, table in tables.items():
            if not isinstance(table.source, Mapping):
                self._find(keys.place(name), "must be a table")
        if url is None:
            return None
        return ApiCallStep(
            **common,
            method=method,
            url=url,
            headers=tables["headers"],
            params=tables["params"],
            body=keys.template("json" if is_json else "body"),
            json=is_json,
        )

    def _data_transform(self, keys: StepKeys, common: dict[str, Any]) -> WorkflowStep | None:
        if keys.has("expression") == keys.has("value"):
            self._find(keys.path, "it needs either an expression or a value")
            return None
        value = keys.expression("expression") if keys.has("expression") else keys.template("value")
        return None if value is None else DataTransformStep(**common, value=value)

    def _condition(self, keys: StepKeys, common: dict[str, Any]) -> WorkflowStep | None:
        if keys.has("condition") == keys.has("expression"):
            self._find(keys.path, "it needs a condition (a JMESPath expression)")
            condition = None
        else:
            condition = keys.expression("condition" if keys.has("condition") else "expression")
        branches = {
            name: self._steps(keys.get(name), keys.place(name)) if keys.has(name) else ()
            for name in ("then", "else")
        }
        if condition is None:
            return None
        return ConditionStep(**common, condition=condition, then=branches["then"], otherwise=branches["else"])

    def _tool_call(self, keys: StepKeys, common: dict[str, Any]) -> WorkflowStep | None:
        tool = keys.text("tool", "")
        if not tool:
            self._find(keys.place("tool"), "its tool is missing: name one of this server's tools")
        arguments = keys.template("arguments") or compile_template({})
        if not isinstance(arguments.source, Mapping):
            self._find(keys.place("arguments"), "must be a table")
        return ToolCallStep(**common, tool=tool, arguments=arguments) if tool else None

    def _parallel(self, keys: StepKeys, common: dict[str, Any]) -> WorkflowStep | None:
        table, place = keys.get("branches"), keys.place("branches")
        if not isinstance(table, Mapping) or len(table) < 2:
            self._find(place, "it needs branches: a table with two or more named lists of steps")
            return None
        branches = []
        for name, steps in table.items():
            if not VARIABLE_NAME.fullmatch(str(name)):
                self._find((*place, str(name)), f"{name!r} can't name a branch: use letters, digits and _")
            branches.append((str(name), self._inner_steps(steps, (*place, str(name)))))
        return ParallelStep(**common, branches=tuple(branches), at_once=keys.count("at_once", AT_ONCE_MOST))

    def _for_each(self, keys: StepKeys, common: dict[str, Any]) -> WorkflowStep | None:
        items: Expression | Template | None
        if isinstance(keys.get("items"), list | tuple):
            items = keys.template("items")
        elif keys.has("items"):
            items = keys.expression("items")
        else:
            items = None
            self._find(keys.path, "it needs items: a JMESPath expression for a list, or a list")
        steps = self._inner_steps(keys.get("steps"), keys.place("steps"))
        item, index = keys.variable("item", "item") or "item", keys.variable("index")
        if item == index:
            self._find(keys.place("index"), f"item and index have the same name {item!r}")
        at_once, most = keys.count("at_once", AT_ONCE_MOST), keys.count("max_items", ITEMS_MOST)
        if items is None:
            return None
        return ForEachStep(
            **common,
            items=items,
            steps=steps,
            at_once=at_once or 1,
            max_items=most or 100,
            item=item,
            index=index,
        )

    def _inner_steps(self, data: Any, path: StepPath) -> tuple[WorkflowStep, ...]:
        if not data:
            self._find(path, "it has no steps")
            return ()
        return self._steps(data, path)

    def _find(self, path: StepPath, message: str) -> None:
        self.findings.append(WorkflowFinding(path, message))


def _unnamed(path: StepPath) -> str:
    """The name of a step without an id: `step 4.else.1`."""
    parts = (str(part + 1) if isinstance(part, int) else part for part in path[1:] if part != "config")
    return f"step {'.'.join(parts)}"
