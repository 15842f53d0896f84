"""The tables of workflows: their shape is checked here, what they mean by the module that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

OTHER_NAMES = {"outputVariable": "output_variable", "continueOnError": "continue_on_error"}
"""Keys that clients of the guide know, and ours."""


def with_our_names(value: Any) -> Any:
    """Steps (and the steps inside them) with the keys that this project uses."""
    if isinstance(value, list):
        return [with_our_names(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        OTHER_NAMES.get(key, key): with_our_names(inner) if isinstance(inner, list) else inner
        for key, inner in value.items()
    }


class WorkflowShape(BaseModel):
    """What a workflow's table must look like."""

    model_config = ConfigDict(extra="forbid")

    description: str = ""
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
