"""What runs long tasks: the protocol, and the engine that runs them in this process."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from mcp import MCPError
from mcp.types import CallToolResult, InputRequiredResult

from ..events import TaskChanged, TaskProgressed, TaskStarted, TaskStatus
from ..inspection import TaskState
from ..module import ModuleContext
from ..request import ProgressSink
from .store import TaskRow, TaskStore, task_detail

TaskBody = Callable[[ProgressSink], Awaitable[CallToolResult | InputRequiredResult]]
"""Runs the task's tool, telling its progress."""

ENDED_TASKS = frozenset({"completed", "failed", "cancelled", "interrupted"})

SHOWN_TASKS = 100
"""How many tasks `states` remembers."""

PROGRESS_SECONDS = 0.25
"""How often a task's progress is written to the disk at most."""

HOUSEKEEPING_SECONDS = 1.0
"""How often is looked for what other processes did to the store, cancellations of tasks here among it."""

HEARTBEAT_ROUNDS = 3
"""Every so many rounds the store hears that this engine lives, and dead owners' and expired tasks are put right."""

FOREIGN_CANCEL_SECONDS = 5.0
"""How long a cancellation waits for the other process that runs the task."""

TASKS_CLOSE_SECONDS = 5.0
"""How long a stopping server waits for its cancelled tasks."""


class TaskEngine(Protocol):
    """Where long tasks run: in this process, or on other machines. On the server's loop."""

    async def start(self, name: str, arguments: dict[str, Any], body: TaskBody) -> TaskState:
        """Accept a task; it is kept durably when this returns."""
        ...

    async def get(self, task: str) -> TaskRow | None:
        """A task with its result, `None` for an unknown or expired one."""
        ...

    async def cancel(self, task: str) -> TaskRow | None:
        """Cancel a task and wait until its code has been told; `None` for an unknown one."""
        ...

    def states(self) -> Sequence[TaskState]:
        """The last tasks, newest first."""
        ...


@dataclass(slots=True)
class _RunningTask:
    state: TaskState
    job: asyncio.Task[None] | None = None
    written: float = 0.0
    ending: bool = False


class LocalTaskEngine:
    """Runs tasks on this loop, at most `max_running` at a time, and keeps them in a `TaskStore`."""

    def __init__(self, context: ModuleContext, store: TaskStore, *, max_running: int, ttl: float) -> None:
        self._context = context
        self._store = store
        self._ttl = ttl
        self._max_running = max_running
        self._slots = asyncio.Semaphore(max_running)
        self._running: dict[str, _RunningTask] = {}
        self._shown: OrderedDict[str, TaskState] = OrderedDict()
        self._order = asyncio.Lock()  # rows are made, and slots taken, in the order in which tasks came
        self._adding: set[asyncio.Task[TaskState]] = set()
        self._closing = False

    async def open(self) -> None:
        """Open the store, account for the tasks of processes that died, and keep house from now on."""
        now = self._context.clock.now()

        def opened() -> list[TaskRow]:
            self._store.open(now)
            self._store.recover(now, now + self._ttl)
            self._store.purge(now)
            return self._store.latest(self._context.module, SHOWN_TASKS)

        for row in reversed(await self._context.run_sync(opened)):
            self._shown[row.state.task] = row.state
        self._context.spawn(self._keep_house(), "keeping the task store")

    async def close(self) -> None:
        """Cancel what runs (it counts as interrupted) and close the store."""
        self._closing = True
        await asyncio.gather(*self._adding, return_exceptions=True)
        ends = [asyncio.create_task(self._cancelled(running)) for running in self._running.values()]
        if ends:
            # A tool that does not let itself be cancelled: its row is for the next owner to put right.
            _, left = await asyncio.wait(ends, timeout=TASKS_CLOSE_SECONDS)
            for end in left:
                end.cancel()
        await self._context.run_sync(self._store.close)

    async def start(self, name: str, arguments: dict[str, Any], body: TaskBody) -> TaskState:
        now = self._context.clock.now()
        status: TaskStatus = "queued" if len(self._running) >= self._max_running else "working"
        state = TaskState(secrets.token_urlsafe(12), name, self._context.module, status, now, now)
        running = _RunningTask(state)
        self._running[state.task] = running
        # Whoever asks may be cancelled while the row is written; a row that nothing runs must not come of it.
        adding = asyncio.create_task(self._add(running, arguments, body))
        self._adding.add(adding)
        adding.add_done_callback(self._adding.discard)
        return await asyncio.shield(adding)

    async def _add(self, running: _RunningTask, arguments: dict[str, Any], body: TaskBody) -> TaskState:
        state = running.state
        async with self._order:
            try:
                await self._context.run_sync(lambda: self._store.add(state, arguments))
            except BaseException:
                del self._running[state.task]
                raise
            self._show(state)
            self._context.bus.emit(TaskStarted(state.task, state.name, self._context.module))
            self._context.bus.emit(TaskChanged(state.task, state.status, ""))
            # In a context of its own: that of the request would keep a hold on its client's connection.
            running.job = asyncio.create_task(
                self._run(running, body), name=f"task {state.name}", context=contextvars.Context()
            )
        return state

    async def get(self, task: str) -> TaskRow | None:
        running = self._running.get(task)
        if running is not None:
            return TaskRow(running.state)
        return await self._context.run_sync(lambda: self._store.get(task))

    async def cancel(self, task: str) -> TaskRow | None:
        running = self._running.get(task)
        if running is not None:
            await self._cancelled(running)
            return await self._context.run_sync(lambda: self._store.get(task))
        await self._context.run_sync(lambda: self._store.ask_cancellation(task))
        clock = self._context.clock
        due = clock.monotonic() + FOREIGN_CANCEL_SECONDS
        while True:
            row = await self._context.run_sync(lambda: self._store.get(task))
            if row is None or row.state.status in ENDED_TASKS or clock.monotonic() >= due:
                return row
            await clock.sleep(HOUSEKEEPING_SECONDS / 4)

    async def _cancelled(self, running: _RunningTask) -> None:
        """Cancel a task and wait for its end."""
        if running.job is None:
            return
        await asyncio.sleep(0)  # cancelled before its first step, a job would never run, nor tell its end
        if not running.ending:
            running.job.cancel()
        await asyncio.wait([running.job])

    def states(self) -> Sequence[TaskState]:
        return list(reversed(self._shown.values()))

    async def _run(self, running: _RunningTask, body: TaskBody) -> None:
        async def progressed(progress: float, total: float | None, message: str) -> None:
            await self._progressed(running, progress, total, message)

        status: TaskStatus
        result: dict[str, Any] | None = None
        error = ""
        try:
            async with self._slots:
                if running.state.status == "queued":
                    self._change(running, "working", "")
                    begun = running.state
                    await self._context.run_sync(lambda: self._store.progressed(begun))
                answer = await body(progressed)
            result = answer.model_dump(by_alias=True, mode="json", exclude_none=True)
            failed = not isinstance(answer, CallToolResult) or bool(answer.is_error)
            status = "failed" if failed else "completed"
            error = task_detail(result, "") if failed else ""
        except asyncio.CancelledError:
            status = "interrupted" if self._closing else "cancelled"
            error = "The server was stopped" if self._closing else "It was cancelled"
        except MCPError as refused:
            status, error = "failed", refused.message
        running.ending = True
        # The end is written whatever happens meanwhile: a second cancellation must not lose it.
        await asyncio.shield(self._end(running, status, result, error))

    async def _end(
        self, running: _RunningTask, status: TaskStatus, result: dict[str, Any] | None, error: str
    ) -> None:
        now = self._context.clock.now()
        running.state = replace(running.state, status=status, updated=now, detail=task_detail(result, error))
        row = TaskRow(running.state, result, error)
        try:
            await self._context.run_sync(lambda: self._store.ended(row, now + self._ttl))
        except Exception as failure:
            self._context.report(failure, f"keeping the end of task {running.state.name}")
        self._running.pop(running.state.task, None)
        self._show(running.state)
        self._context.bus.emit(TaskChanged(running.state.task, status, running.state.detail))

    async def _progressed(
        self, running: _RunningTask, progress: float, total: float | None, message: str
    ) -> None:
        now = self._context.clock.now()
        running.state = replace(running.state, progress=progress, total=total, message=message, updated=now)
        self._show(running.state)
        self._context.bus.emit(TaskProgressed(running.state.task, progress, total, message))
        moment = self._context.clock.monotonic()
        if moment - running.written >= PROGRESS_SECONDS:
            running.written = moment
            state = running.state
            await self._context.run_sync(lambda: self._store.progressed(state))

    def _change(self, running: _RunningTask, status: TaskStatus, detail: str) -> None:
        running.state = replace(running.state, status=status, updated=self._context.clock.now())
        self._show(running.state)
        self._context.bus.emit(TaskChanged(running.state.task, status, detail))

    def _show(self, state: TaskState) -> None:
        self._shown[state.task] = state
        while len(self._shown) > SHOWN_TASKS:
            oldest = next((task for task in self._shown if task not in self._running), None)
            if oldest is None:
                return
            del self._shown[oldest]

    async def _keep_house(self) -> None:
        seen = -1
        for turn in itertools.count():
            await self._context.clock.sleep(HOUSEKEEPING_SECONDS)
            now = self._context.clock.now()
            beats = turn % HEARTBEAT_ROUNDS == 0

            def keep(
                seen: int = seen, now: float = now, beats: bool = beats
            ) -> tuple[int, list[str], list[TaskRow] | None]:
                put_right = 0
                if beats:
                    self._store.beat(now)
                    put_right = self._store.recover(now, now + self._ttl) + self._store.purge(now)
                changes = self._store.changes()
                if changes == seen and not put_right:
                    return changes, [], None
                asked = self._store.asked_cancellations()
                return changes, asked, self._store.latest(self._context.module, SHOWN_TASKS)

            try:
                seen, asked, rows = await self._context.run_sync(keep)
            except Exception as error:
                self._context.note(f"the task store does not answer: {error}")
                continue
            self._context.note("")
            for task in asked:
                running = self._running.get(task)
                if running is not None:
                    self._context.spawn(self._cancelled(running), "cancelling a task")
            if rows is not None:
                self._take(rows)

    def _take(self, rows: Sequence[TaskRow]) -> None:
        """Show the tasks as the store has them, those of other processes too, and tell what changed of these."""
        before, self._shown = self._shown, OrderedDict()
        for row in reversed(rows):
            state, known = row.state, before.get(row.state.task)
            mine = self._running.get(state.task)
            if mine is not None:
                state = mine.state
            elif known is not None and known.status in ENDED_TASKS and state.status not in ENDED_TASKS:
                state = known  # it ended here while the rows were read
            self._shown[state.task] = state
            if mine is None and state != known:
                self._tell(known, state)
        for running in self._running.values():
            self._show(running.state)

    def _tell(self, known: TaskState | None, state: TaskState) -> None:
        bus = self._context.bus
        if known is None:
            bus.emit(TaskStarted(state.task, state.name, state.module))
        if known is None or (known.progress, known.message) != (state.progress, state.message):
            bus.emit(TaskProgressed(state.task, state.progress, state.total, state.message))
        if known is None or known.status != state.status:
            bus.emit(TaskChanged(state.task, state.status, state.detail))
