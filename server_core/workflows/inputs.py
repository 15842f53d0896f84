"""A workflow's inputs: parsed from its table, checked before it runs, and published to clients as a schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InvalidArgumentsError, nearest
from ..schemas.validation import SchemaValidator, validation_error
from ..schemas.wording import sentence
from .definition import Workflow, WorkflowInputs
from .step_keys import VARIABLE_NAME, FindProblem

INPUT_TYPES = ("string", "integer", "number", "boolean", "array", "object")


def parse_inputs(data: Any, find: FindProblem) -> WorkflowInputs:
    """Parse the inputs declared in a workflow's table: a type or a JSON schema for each name.

    An input with a `default` is optional, as is one with `required = false`, which is then null. `find` is called with
    every problem and its place.
    """
    if not isinstance(data, Mapping):
        find(("inputs",), "must be a table: each input's name with its type or its schema")
        return WorkflowInputs({})
    properties: dict[str, Mapping[str, Any]] = {}
    required: list[str] = []
    for name, given in data.items():
        place = ("inputs", str(name))
        if not VARIABLE_NAME.fullmatch(str(name)) or name == "env":
            find(place, f"{name!r} can't be a variable: use letters, digits and _, and not env")
            continue
        schema = {"type": given} if isinstance(given, str) else given
        if not isinstance(schema, Mapping):
            find(place, f"must be a type ({', '.join(INPUT_TYPES)}) or a JSON schema")
            continue
        schema = dict(schema)
        needed = schema.pop("required", None) if isinstance(schema.get("required"), bool) else None
        trouble = _schema_trouble(schema)
        if trouble:
            find(place, trouble)
            continue
        if needed is None:
            needed = "default" not in schema
        if needed:
            required.append(name)
        properties[name] = schema
    return WorkflowInputs(properties, tuple(required))


def input_schema(workflow: Workflow, needed: Sequence[str]) -> dict[str, Any]:
    """The schema of the arguments of a workflow's own tool; `needed` are the variables that its steps need."""
    inputs = workflow.inputs
    if inputs is None:
        inputs = WorkflowInputs({name: {"title": name} for name in needed}, tuple(needed))
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: dict(each) for name, each in inputs.properties.items()},
        "additionalProperties": False,
    }
    if inputs.required:
        schema["required"] = list(inputs.required)
    return schema


def filled_inputs(inputs: WorkflowInputs, given: Mapping[str, Any]) -> dict[str, Any]:
    """Add the inputs' default values to `given`; an optional input that is missing becomes null.

    Raises:
        InvalidArgumentsError: inputs are missing or invalid; the text lists all of them.
    """
    variables = dict(given)
    problems = []
    for name, schema in inputs.properties.items():
        if name in given:
            if problem := validation_error(schema, given[name], name):
                problems.append(problem)
        elif name in inputs.required:
            problems.append(f"{name} is required")
        else:
            variables[name] = schema.get("default")
    if problems:
        raise InvalidArgumentsError(f"Wrong inputs. {'; '.join(problems)}")
    return variables


def _schema_trouble(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, str) and kind not in INPUT_TYPES:
        near = nearest(kind, INPUT_TYPES)
        return f"unknown type {kind!r}; " + (
            f"did you mean {' or '.join(near)}?" if near else f"the types are {', '.join(INPUT_TYPES)}"
        )
    validator = SchemaValidator(schema)
    if validator.trouble:
        return f"is not a valid JSON schema: {validator.trouble}"
    if "default" in schema and (found := validator.problems(schema["default"], 1)):
        return f"its default is invalid: {sentence(found[0])}"
    return ""
