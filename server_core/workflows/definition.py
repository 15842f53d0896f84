"""What a workflow is: its steps as typed values, each with the way to its place in the config."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from .expressions import Expression, Template

StepPath = tuple[str | int, ...]
"""The way from a workflow's table to a key in it: `("steps", 0, "type")`."""


@dataclass(frozen=True, slots=True)
class WorkflowFinding:
    """Something that is wrong with a workflow: where, and one line that says what."""

    path: StepPath
    message: str


class WorkflowDefinitionError(ValueError):
    """A workflow that can't run; the text is that of its first finding, with its place."""

    def __init__(self, workflow: str, findings: Sequence[WorkflowFinding]) -> None:
        self.workflow = workflow
        self.findings = tuple(findings)
        first = self.findings[0]
        where = written_path(first.path)
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"workflow {workflow}{f', {where}' if where else ''}: {first.message}{more}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowStep:
    """What every step has. `timeout` is in seconds."""

    kind: ClassVar[str] = ""
    id: str
    path: StepPath
    output_variable: str = ""
    continue_on_error: bool = False
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCallStep(WorkflowStep):
    """An HTTP request; answers `{status, headers, body}`. `json` says that `body` is sent as JSON."""

    kind: ClassVar[str] = "api_call"
    method: str
    url: Template
    headers: Template
    params: Template
    body: Template | None = None
    json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTransformStep(WorkflowStep):
    """A value made of the variables: of an expression over them, or of a template."""

    kind: ClassVar[str] = "data_transform"
    value: Expression | Template


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionStep(WorkflowStep):
    """Goes on with `then` where the expression is true in JMESPath's sense, else with `otherwise` (`else`)."""

    kind: ClassVar[str] = "condition"
    condition: Expression
    then: tuple[WorkflowStep, ...] = ()
    otherwise: tuple[WorkflowStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallStep(WorkflowStep):
    """A call of any tool of the server; answers its data, or its text."""

    kind: ClassVar[str] = "tool_call"
    tool: str
    arguments: Template


@dataclass(frozen=True, slots=True)
class Workflow:
    """A chain of steps with a name."""

    name: str
    description: str
    steps: tuple[WorkflowStep, ...]

    def walk(self) -> Iterator[WorkflowStep]:
        """Every step, those of branches too, in the order in which they are written."""
        return walk_steps(self.steps)


def walk_steps(steps: Sequence[WorkflowStep]) -> Iterator[WorkflowStep]:
    """`steps` and those inside them, in the order in which they are written."""
    for step in steps:
        yield step
        if isinstance(step, ConditionStep):
            yield from walk_steps(step.then)
            yield from walk_steps(step.otherwise)


def step_name(step: WorkflowStep) -> str:
    """What a sentence calls a step: `step low`, and `step 2` for one without an id."""
    return step.id if step.id.startswith("step ") else f"step {step.id}"


def written_path(path: StepPath) -> str:
    """A path as people write it, counting from 1: `steps[1].type`."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text
