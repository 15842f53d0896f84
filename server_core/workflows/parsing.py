"""From a workflow's table to its definition: every finding at once, each with the path of its key."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import nearest
from .definition import (
    ApiCallStep,
    ConditionStep,
    DataTransformStep,
    StepPath,
    ToolCallStep,
    Workflow,
    WorkflowDefinitionError,
    WorkflowFinding,
    WorkflowStep,
)
from .expressions import Expression, ExpressionError, Template, compile_expression, compile_template

STEP_KEYS = {
    "api_call": ("method", "url", "headers", "params", "body", "json"),
    "data_transform": ("expression", "value"),
    "condition": ("condition", "expression", "then", "else"),
    "tool_call": ("tool", "arguments"),
}
COMMON_STEP_KEYS = ("id", "type", "description", "output_variable", "continue_on_error", "timeout")
GUIDE_STEP_KEYS = {"outputVariable": "output_variable", "continueOnError": "continue_on_error"}
"""The names that the guide gives to keys of ours."""

HTTP_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
STEP_DEPTH = 20
STEPS_AT_MOST = 1000


def parse_workflow(name: str, data: Any) -> Workflow:
    """The workflow that a table of `server.toml` (or the guide's object) describes.

    A step's own keys may stand in it or in its `config`.

    Raises:
        WorkflowDefinitionError: it can't run; with every finding.
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
            self._find((), "a workflow is a table with steps")
            return None
        self._unknown_keys(data, ("description", "steps"), ())
        description = data.get("description", "")
        if not isinstance(description, str):
            self._find(("description",), "must be a text")
            description = ""
        if not data.get("steps"):
            self._find(("steps",) if "steps" in data else (), "it has no steps")
            return None
        return Workflow(name, description, self._steps(data["steps"], ("steps",)))

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
            self._find(path, "a step is a table")
            return None
        keys = _StepKeys(self, data, path)
        kind = keys.text("type", "")
        if kind not in STEP_KEYS:
            near = nearest(kind, STEP_KEYS)
            known = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(STEP_KEYS)}"
            problem = f"unknown step type {kind!r}; {known}" if kind else f"its type is missing; {known}"
            self._find((*path, "type") if kind else path, problem)
            return None
        keys.refuse_unknown((*COMMON_STEP_KEYS, *STEP_KEYS[kind]))
        common: dict[str, Any] = {
            "id": self._id(keys, path),
            "path": path,
            "output_variable": self._variable(keys),
            "continue_on_error": keys.flag("continue_on_error"),
            "timeout": keys.seconds("timeout"),
        }
        make: Callable[[_StepKeys, dict[str, Any]], WorkflowStep | None] = {
            "api_call": self._api_call,
            "data_transform": self._data_transform,
            "condition": self._condition,
            "tool_call": self._tool_call,
        }[kind]
        return make(keys, common)

    def _id(self, keys: _StepKeys, path: StepPath) -> str:
        name = keys.text("id", "") or _unnamed(path)
        if name in self._ids:
            self._find(keys.place("id"), f"another step has the id {name!r} already")
        self._ids.add(name)
        return name

    def _variable(self, keys: _StepKeys) -> str:
        name = keys.text("output_variable", "")
        if name and not VARIABLE_NAME.fullmatch(name):
            self._find(
                keys.place("output_variable"), f"{name!r} can't be a variable: use letters, digits and _"
            )
        if name == "env":
            self._find(keys.place("output_variable"), "env is the environment's name; choose another one")
        return name

    def _api_call(self, keys: _StepKeys, common: dict[str, Any]) -> WorkflowStep | None:
        method = keys.text("method", "GET").upper()
        if method not in HTTP_METHODS:
            self._find(keys.place("method"), f"{method!r} is no method; there are {', '.join(HTTP_METHODS)}")
        url = keys.template("url", required=True)
        if url is not None and (
            not isinstance(url.source, str)
            or not (url.source.startswith("${") or re.match(r"(?i)https?://", url.source))
        ):
            self._find(keys.place("url"), "must be a URL that begins with http:// or https://")
        if keys.has("body") and keys.has("json"):
            self._find(keys.place("body"), "give body or json, not both")
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

    def _data_transform(self, keys: _StepKeys, common: dict[str, Any]) -> WorkflowStep | None:
        if keys.has("expression") == keys.has("value"):
            self._find(keys.path, "it needs an expression or a value, one of the two")
            return None
        value = keys.expression("expression") if keys.has("expression") else keys.template("value")
        return None if value is None else DataTransformStep(**common, value=value)

    def _condition(self, keys: _StepKeys, common: dict[str, Any]) -> WorkflowStep | None:
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

    def _tool_call(self, keys: _StepKeys, common: dict[str, Any]) -> WorkflowStep | None:
        tool = keys.text("tool", "")
        if not tool:
            self._find(keys.place("tool"), "its tool is missing: the name of a tool of this server")
        arguments = keys.template("arguments") or compile_template({})
        if not isinstance(arguments.source, Mapping):
            self._find(keys.place("arguments"), "must be a table")
        return ToolCallStep(**common, tool=tool, arguments=arguments) if tool else None

    def _find(self, path: StepPath, message: str) -> None:
        self.findings.append(WorkflowFinding(path, message))

    def _unknown_keys(self, data: Mapping[str, Any], known: tuple[str, ...], path: StepPath) -> None:
        for key in data:
            if key not in known:
                near = nearest(str(key), known)
                hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
                self._find((*path, str(key)), f"unknown key {str(key)!r}; {hint}")


def _unnamed(path: StepPath) -> str:
    """What a step without an id is called: `step 4.else.1`."""
    parts = (str(part + 1) if isinstance(part, int) else part for part in path[1:] if part != "config")
    return f"step {'.'.join(parts)}"


class _StepKeys:
    """A step's keys, its own and those of its `config`, under our names, each with its place."""

    def __init__(self, parser: _WorkflowParser, data: Mapping[str, Any], path: StepPath) -> None:
        self._parser = parser
        self.path = path
        self._values: dict[str, Any] = {}
        self._places: dict[str, StepPath] = {}
        self._take(data, path)
        inner = self._values.pop("config", None)
        if isinstance(inner, Mapping):
            self._take(inner, (*path, "config"))
        elif inner is not None:
            parser._find((*path, "config"), "must be a table")

    def _take(self, data: Mapping[str, Any], path: StepPath) -> None:
        for key, value in data.items():
            name = GUIDE_STEP_KEYS.get(key, str(key))
            if name in self._values:
                self._parser._find((*path, str(key)), f"{name} is given twice")
            self._values[name] = value
            self._places[name] = (*path, str(key))

    def refuse_unknown(self, known: tuple[str, ...]) -> None:
        for name in self._values:
            if name not in known:
                near = nearest(name, known)
                hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
                self._parser._find(self.place(name), f"unknown key {name!r}; {hint}")

    def has(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str) -> Any:
        return self._values.get(name)

    def place(self, name: str) -> StepPath:
        return self._places.get(name, self.path)

    def text(self, name: str, default: str) -> str:
        value = self._values.get(name, default)
        if isinstance(value, str):
            return value
        self._parser._find(self.place(name), f"{name} must be a text")
        return default

    def flag(self, name: str) -> bool:
        value = self._values.get(name, False)
        if isinstance(value, bool):
            return value
        self._parser._find(self.place(name), f"{name} must be true or false")
        return False

    def seconds(self, name: str) -> float | None:
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf:
            return float(value)
        self._parser._find(self.place(name), f"{name} must be a number of seconds greater than 0")
        return None

    def expression(self, name: str) -> Expression | None:
        text = self.text(name, "")
        if isinstance(self._values.get(name), str):
            try:
                return compile_expression(text)
            except ExpressionError as error:
                self._parser._find(self.place(name), str(error))
        return None

    def template(self, name: str, *, required: bool = False) -> Template | None:
        if name not in self._values:
            if required:
                self._parser._find(self.path, f"its {name} is missing")
            return None
        try:
            return compile_template(self._values[name])
        except ExpressionError as error:
            self._parser._find(self.place(name), str(error))
            return None
