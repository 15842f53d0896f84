"""Long tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TaskStatus = Literal["queued", "working", "input_required", "completed", "failed", "cancelled", "interrupted"]


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """A long task was accepted and has a row in the task store; a `TaskChanged` with its first status follows."""

    task: str
    name: str
    module: str


@dataclass(frozen=True, slots=True)
class TaskProgressed:
    """A running task reported progress."""

    task: str
    progress: float
    total: float | None
    message: str


@dataclass(frozen=True, slots=True)
class TaskChanged:
    """A task's status changed; `detail` is the first line of its result or error, `name` its tool."""

    task: str
    status: TaskStatus
    detail: str
    name: str = ""
