"""The tasks shown on screen: recent ones of this process and others, and the facts emitted about them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from ..bus import EventBus
from ..events import TaskChanged, TaskProgressed, TaskStarted
from ..inspection import TaskState
from .engine import ENDED_TASKS
from .store import TaskRow

SHOWN_TASKS = 100
"""How many tasks are kept for display."""


class TaskBoard:
    """The recent tasks. Use on the server's loop only."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._shown: OrderedDict[str, TaskState] = OrderedDict()
        self._running: set[str] = set()

    def states(self) -> Sequence[TaskState]:
        """All of them, newest first."""
        return list(reversed(self._shown.values()))

    def accept(self, state: TaskState) -> None:
        """Add a task that runs in this process."""
        self._running.add(state.task)
        self.show(state)
        self._bus.emit(TaskStarted(state.task, state.name, state.module))
        self._bus.emit(TaskChanged(state.task, state.status, "", state.name))

    def change(self, state: TaskState, detail: str = "") -> None:
        """Change the status of a task that runs in this process."""
        if state.status in ENDED_TASKS:
            self._running.discard(state.task)
        self.show(state)
        self._bus.emit(TaskChanged(state.task, state.status, detail, state.name))

    def progress(self, state: TaskState) -> None:
        """Record progress of a task that runs in this process."""
        self.show(state)
        self._bus.emit(TaskProgressed(state.task, state.progress, state.total, state.message))

    def show(self, state: TaskState) -> None:
        """Show a task without emitting a fact; it replaces the oldest ended one if the board is full."""
        self._shown[state.task] = state
        while len(self._shown) > SHOWN_TASKS:
            oldest = next((task for task in self._shown if task not in self._running), None)
            if oldest is None:
                return
            del self._shown[oldest]

    def take(self, rows: Sequence[TaskRow], mine: Mapping[str, TaskState]) -> None:
        """Show the tasks in the store, newest first, and emit the changes to those of other processes."""
        before, self._shown = self._shown, OrderedDict()
        for row in reversed(rows):
            state, known = row.state, before.get(row.state.task)
            if state.task in mine:
                state = mine[state.task]
            elif known is not None and known.status in ENDED_TASKS and state.status not in ENDED_TASKS:
                state = known  # it ended in this process while the rows were being read
            self._shown[state.task] = state
            if state.task not in mine and state != known:
                self._tell(known, state)
        for state in mine.values():
            self.show(state)

    def _tell(self, known: TaskState | None, state: TaskState) -> None:
        if known is None:
            self._bus.emit(TaskStarted(state.task, state.name, state.module))
        if known is None or (known.progress, known.message) != (state.progress, state.message):
            self._bus.emit(TaskProgressed(state.task, state.progress, state.total, state.message))
        if known is None or known.status != state.status:
            self._bus.emit(TaskChanged(state.task, state.status, state.detail, state.name))
