"""The steps of a workflow run as a tree: branches, items and conditions with the steps inside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from workbench.state.parts import Step, WorkflowRun

StepStatus = Literal["running", "ok", "failed", "skipped", "cancelled"]


@dataclass(slots=True)
class StepNode:
    """A step, or a branch or item, which is not a step itself but contains some."""

    name: str
    step: Step | None = None
    inside: list[StepNode] = field(default_factory=list)

    @property
    def status(self) -> StepStatus:
        """The step's status; for a branch, derived from its steps."""
        if self.step is not None:
            return self.step.status
        all_of_them = [node.status for node in self.inside]
        for status in ("running", "failed", "cancelled", "ok"):
            if status in all_of_them:
                return status
        return "skipped"

    @property
    def started(self) -> float:
        """Seconds since the epoch."""
        return self.step.started if self.step else min(node.started for node in self.inside)

    @property
    def ended(self) -> float | None:
        """Seconds since the epoch; `None` while it runs."""
        if self.step is not None:
            return None if self.step.seconds is None else self.step.started + self.step.seconds
        ends = [node.ended for node in self.inside]
        return (
            None if self.status == "running" else max((end for end in ends if end is not None), default=0.0)
        )


@dataclass(frozen=True, slots=True)
class TreeLine:
    """A node with its tree lines and the index of its step in the run, or -1."""

    guide: str
    node: StepNode
    index: int


def step_tree(run: WorkflowRun) -> list[TreeLine]:
    """The nodes of a run from top to bottom, in the order in which their first steps were reported."""
    root = StepNode("")
    nodes: dict[tuple[str, ...], StepNode] = {(): root}
    indexes: dict[int, int] = {}
    for index, step in enumerate(run.steps):
        place = step.place or (step.name,)
        parent = _node_at(nodes, place[:-1])
        node = nodes.get(place)
        if node is None or node.step is not None:  # a repeated step gets another line
            node = StepNode(place[-1])
            parent.inside.append(node)
            nodes[place] = node
        node.step = step
        indexes[id(node)] = index
    return [
        TreeLine(guide, node, indexes.get(id(node), -1))
        for guide, node in _lines_of(root.inside, "", top=True)
    ]


def _node_at(nodes: dict[tuple[str, ...], StepNode], place: tuple[str, ...]) -> StepNode:
    node = nodes.get(place)
    if node is None:
        node = nodes[place] = StepNode(place[-1])
        _node_at(nodes, place[:-1]).inside.append(node)
    return node


def _lines_of(nodes: list[StepNode], before: str, *, top: bool) -> Iterator[tuple[str, StepNode]]:
    for node in nodes:
        last = node is nodes[-1]
        yield before + ("" if top else "└ " if last else "├ "), node
        yield from _lines_of(node.inside, before + ("" if top else "  " if last else "│ "), top=False)
