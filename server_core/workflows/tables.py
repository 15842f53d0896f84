"""The tables of workflows: their shape is checked here, their meaning by the module that runs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from ..configuration.problems import KeyPath, dotted, unknown_text

OTHER_NAMES = {"outputVariable": "output_variable", "continueOnError": "continue_on_error"}
"""The guide's keys, and ours."""

COMMON_KEYS = (
    "id", "type", "description", "output_variable", "continue_on_error", "timeout", "retry", "breaker", "cache",
    "config",
)  # fmt: skip
KEYS_OF_TYPE = {
    "api_call": ("method", "url", "headers", "params", "body", "json"),
    "data_transform": ("expression", "value"),
    "condition": ("condition", "expression", "then", "else"),
    "tool_call": ("tool", "arguments"),
    "parallel": ("branches", "at_once"),
    "for_each": ("items", "item", "index", "steps", "at_once", "max_items"),
}
TABLES_OF_STEPS = {
    "retry": ("attempts", "delay", "factor", "max_delay", "on"),
    "breaker": ("name", "failure_threshold", "reset_timeout", "ignore"),
}
"""The keys of each type of step, besides those that every step has. Not imported from their definitions, which would
import the whole protocol."""


def with_our_names(value: Any) -> Any:
    """Rename keys in steps (and the steps inside them) to those that this project uses."""
    if isinstance(value, list):
        return [with_our_names(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {OTHER_NAMES.get(key, key): _renamed_inside(key, inner) for key, inner in value.items()}


def _renamed_inside(key: str, value: Any) -> Any:
    if key == "branches" and isinstance(value, dict):
        return {name: with_our_names(steps) for name, steps in value.items()}
    return with_our_names(value) if isinstance(value, list) else value


def unknown_step_key(table: Any, place: KeyPath) -> tuple[KeyPath, str] | None:
    """The first unknown key or type of step in the workflow's table at `place`, and the message about it."""
    steps = table.get("steps") if isinstance(table, dict) else None
    return _unknown_in(steps, (*place, "steps"))


def _unknown_in(steps: Any, path: KeyPath) -> tuple[KeyPath, str] | None:
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        here: KeyPath = (*path, index)
        if not isinstance(step, dict):
            continue
        kind = step.get("type")
        if not isinstance(kind, str) or kind not in KEYS_OF_TYPE:
            if isinstance(kind, str):
                return (*here, "type"), unknown_text("type", kind, dotted(here), KEYS_OF_TYPE)
            return here, f"{dotted(here)} needs the key 'type': one of {', '.join(KEYS_OF_TYPE)}"
        known = {*COMMON_KEYS, *KEYS_OF_TYPE[kind]}
        config = step.get("config")
        for keys, place in ((step, here), (config if isinstance(config, dict) else {}, (*here, "config"))):
            for key in keys:
                if OTHER_NAMES.get(key, key) not in known:
                    return (*place, key), unknown_text("key", key, dotted(place), known)
            for name, inside in TABLES_OF_STEPS.items():
                table = keys.get(name)
                for key in table if isinstance(table, dict) else ():
                    if key not in inside:
                        return (*place, name, key), unknown_text("key", key, dotted((*place, name)), inside)
            for lists, path_of_list in _lists_inside(keys, place):
                found = _unknown_in(lists, path_of_list)
                if found:
                    return found
    return None


def _lists_inside(keys: Any, place: KeyPath) -> Iterator[tuple[Any, KeyPath]]:
    for name in ("then", "else", "steps"):
        yield keys.get(name), (*place, name)
    branches = keys.get("branches")
    for name, steps in branches.items() if isinstance(branches, dict) else ():
        yield steps, (*place, "branches", name)


class WorkflowShape(BaseModel):
    """The required shape of a workflow's table."""

    model_config = ConfigDict(extra="forbid")

    description: str = ""
    inputs: dict[str, str | dict[str, Any]] | None = None
    tool: str | bool = True
    steps: list[dict[str, Any]]


def _plain(shape: WorkflowShape) -> dict[str, Any]:
    return shape.model_dump(exclude_unset=True)


if TYPE_CHECKING:
    WorkflowTable = dict[str, Any]
else:
    WorkflowTable = Annotated[
        WorkflowShape,
        BeforeValidator(with_our_names),
        AfterValidator(_plain),
        PlainSerializer(lambda table: table),
    ]
