"""The engine that runs long tasks in this process and stores them in a SQLite file."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import secrets
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mcp import MCPError
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult

from ..clock import shared_now
from ..events import TaskStatus
from ..inspection import TaskState
from ..masking import contains_mask
from ..module import ModuleContext
from .board import SHOWN_TASKS, TaskBoard
from .engine import ENDED_TASKS, ReviveTask, TaskBody, TaskLostError
from .keeping import TaskKeeper
from .reviving import revived_body
from .running import RunningTask, question_text
from .store import SECRETS_NOT_KEPT, TASK_ATTEMPTS, TaskClaim, TaskRow, TaskStore, task_detail

PROGRESS_SECONDS = 0.25
"""The minimum time between writes of a task's progress to disk."""

HOUSEKEEPING_SECONDS = 1.0
"""How often the store is checked for changes by other processes, including cancellations of tasks here."""

HEARTBEAT_ROUNDS = 3
"""After this many checks, the engine sends a heartbeat and cleans up expired tasks and those of dead owners."""

LEFT = "The server was stopped; the task runs again at the next start"

FOREIGN_CANCEL_SECONDS = 5.0
"""How long a cancellation waits for another process that runs the task."""

TASKS_CLOSE_SECONDS = 5.0
"""How long a stopping server waits for its cancelled tasks."""


class LocalTaskEngine:
    """A `TaskEngine` that runs up to `max_running` tasks at a time on this loop, and keeps them in a `TaskStore`.

    A task waiting for its client does not count as running.
    """

    def __init__(
        self,
        context: ModuleContext,
        store: TaskStore,
        *,
        max_running: int,
        ttl: float,
        revive: ReviveTask = lambda _name, _arguments, _able: None,
    ) -> None:
        """Args:
        ttl: seconds for which an ended task is kept, and for which a question waits for its answer.
        revive: creates the bodies of tasks that run again.
        """
        self._context = context
        self._store = store
        self._ttl = ttl
        self._max_running = max_running
        self._revive = revive
        self._slots = asyncio.Semaphore(max_running)
        self._running: dict[str, RunningTask] = {}
        self._board = TaskBoard(context.bus)
        self._order = asyncio.Lock()  # rows are created, and slots taken, in the order of arrival
        self._adding: set[asyncio.Task[TaskState]] = set()
        self._keeper = TaskKeeper(context, store)
        self._closing = False

    async def open(self) -> None:
        """Open the store, resolve the tasks of dead processes, and start housekeeping."""
        now, shared = self._context.clock.now(), shared_now(self._context.clock)

        def opened() -> tuple[list[TaskClaim], list[TaskRow]]:
            self._store.open(shared)
            _interrupted, claims = self._store.recover(shared, now + self._ttl, self._context.module)
            self._store.purge(now)
            return claims, self._store.latest(self._context.module, SHOWN_TASKS)

        claims, rows = await self._context.run_sync(opened)
        for row in reversed(rows):
            self._board.show(row.state)
        self._run_again(claims)
        self._context.spawn(self._keep_house(), "keeping the task store")

    async def close(self) -> None:
        """Cancel running tasks (they count as interrupted) and close the store."""
        self._closing = True
        await asyncio.gather(*self._adding, return_exceptions=True)
        ends = [asyncio.create_task(self._cancelled(running)) for running in self._running.values()]
        if ends:
            # A tool that ignores its cancellation: its row is left for the next owner to resolve.
            _, left = await asyncio.wait(ends, timeout=TASKS_CLOSE_SECONDS)
            for end in left:
                end.cancel()
        await self._context.run_sync(self._store.close)

    async def start(
        self,
        name: str,
        arguments: dict[str, Any],
        body: TaskBody,
        *,
        repeatable: bool = False,
        able: dict[str, Any] | None = None,
    ) -> TaskState:
        """Accept a task; see `TaskEngine.start`."""
        now = self._context.clock.now()
        status: TaskStatus = "queued" if len(self._running) >= self._max_running else "working"
        state = TaskState(secrets.token_urlsafe(12), name, self._context.module, status, now, now)
        secret = repeatable and contains_mask(arguments)
        running = RunningTask(state, repeatable and not secret, secret)
        self._running[state.task] = running
        # The caller may be cancelled while the row is written; that must not leave a row that nothing runs.
        adding = asyncio.create_task(
            self._add(
                running,
                body,
                self._keeper.add(state, arguments, repeatable=repeatable, able=able),
            )
        )
        self._adding.add(adding)
        adding.add_done_callback(self._adding.discard)
        return await asyncio.shield(adding)

    async def _add(self, running: RunningTask, body: TaskBody, keep: Awaitable[None]) -> TaskState:
        state = running.state
        async with self._order:
            try:
                await keep
            except BaseException:
                del self._running[state.task]
                raise
            self._begin(running, body)
        return state

    def _begin(self, running: RunningTask, body: TaskBody) -> None:
        self._board.accept(running.state)
        # In its own context: the request's would keep a reference to its client's connection.
        running.job = asyncio.create_task(
            self._run(running, body), name=f"task {running.state.name}", context=contextvars.Context()
        )

    def _run_again(self, claims: Sequence[TaskClaim]) -> None:
        for claim in claims:
            said = "restarted: its server was stopped"
            if claim.state.attempts > 1:
                said = f"attempt {claim.state.attempts} of {TASK_ATTEMPTS}: its process ended"
            running = RunningTask(replace(claim.state, message=said), repeatable=True)
            self._running[claim.state.task] = running
            self._begin(running, revived_body(self._context, claim, self._revive))
            self._board.progress(running.state)

    async def get(self, task: str) -> TaskRow | None:
        """A task; see `TaskEngine.get`."""
        running = self._running.get(task)
        if running is not None:
            return TaskRow(running.state, asked=dict(running.asked))
        return await self._keeper.get(task)

    async def answer(self, task: str, responses: Mapping[str, Any]) -> None:
        """Answer a task's questions, whichever process runs it; see `TaskEngine.answer`."""
        running = self._running.get(task)
        if running is None:
            await self._context.run_sync(lambda: self._store.give_answers(task, responses))
        elif running.take(responses):
            await self._write(running)

    async def cancel(self, task: str) -> TaskRow | None:
        """Cancel a task, whichever process runs it; see `TaskEngine.cancel`."""
        running = self._running.get(task)
        if running is not None:
            running.unwanted = True
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

    async def _cancelled(self, running: RunningTask) -> None:
        """Cancel a task and wait for it to end."""
        if running.job is None:
            return
        await asyncio.sleep(0)  # a job cancelled before its first step would never run, nor report its end
        if not running.ending:
            running.job.cancel()
        await asyncio.wait([running.job])

    def states(self) -> Sequence[TaskState]:
        """The recent tasks, newest first."""
        return self._board.states()

    async def _run(self, running: RunningTask, body: TaskBody) -> None:
        status: TaskStatus
        result: dict[str, Any] | None = None
        refusal: dict[str, Any] | None = None
        error = ""
        try:
            await self._take_slot(running)
            answer = await body(_LocalTaskRun(self, running))
            result = answer.model_dump(by_alias=True, mode="json", exclude_none=True)
            failed = not isinstance(answer, CallToolResult) or bool(answer.is_error)
            status = "failed" if failed else "completed"
            error = task_detail(result, "") if failed else ""
        except asyncio.CancelledError:
            if self._closing and running.repeatable and not running.unwanted:
                await asyncio.shield(self._leave(running))
                return
            status = "interrupted" if self._closing else "cancelled"
            error = "The server was stopped" if self._closing else "The task was cancelled"
            if self._closing and running.secret:
                error += f". {SECRETS_NOT_KEPT}"
        except MCPError as refused:
            status, error = "failed", refused.message
            refusal = refused.error.model_dump(by_alias=True, mode="json", exclude_none=True)
        except TaskLostError as lost:
            status, error = "interrupted", str(lost)
        finally:
            self._leave_slot(running)
        running.ending = True
        # The end is written in any case: a second cancellation must not lose it.
        await asyncio.shield(self._end(running, TaskRow(running.state, result, error, refusal), status))

    async def _leave(self, running: RunningTask) -> None:
        """Leave a task for the next start, or for another process that uses this store."""
        running.ending = True
        try:
            await self._context.run_sync(lambda: self._store.left(running.state.task))
        except Exception as failure:
            self._context.report(failure, f"leaving task {running.state.name} to the next start")
        running.state = replace(running.state, status="interrupted", detail=LEFT)
        self._running.pop(running.state.task, None)
        self._board.change(running.state, LEFT)

    async def _end(self, running: RunningTask, row: TaskRow, status: TaskStatus) -> None:
        now = self._context.clock.now()
        detail = task_detail(row.result, row.error)
        # Shown unchanged until its end is stored: nobody may see the end without the result.
        ended = replace(row, state=replace(running.state, status=status, updated=now, detail=detail))
        await self._keeper.ended(ended, now + self._ttl)
        running.state = ended.state
        self._running.pop(running.state.task, None)
        self._board.change(running.state, detail)

    # -- slots

    async def _take_slot(self, running: RunningTask) -> None:
        """Wait for a free slot and take it."""
        if self._slots.locked() and running.state.status != "queued":
            await self._change(running, "queued")
        await self._slots.acquire()
        running.has_slot = True
        if running.state.status != "working":
            await self._change(running, "working")

    def _leave_slot(self, running: RunningTask) -> None:
        if running.has_slot:
            running.has_slot = False
            self._slots.release()

    # -- called by running tasks

    async def progressed(
        self, running: RunningTask, progress: float, total: float | None, message: str
    ) -> None:
        """Record a task's progress."""
        now = self._context.clock.now()
        running.state = replace(running.state, progress=progress, total=total, message=message, updated=now)
        self._board.progress(running.state)
        moment = self._context.clock.monotonic()
        if moment - running.written >= PROGRESS_SECONDS:
            running.written = moment
            await self._write(running)

    async def ask(self, running: RunningTask, requests: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the task's client and wait; meanwhile the task's message is the question."""
        if not running.asked:
            running.said = running.state.message
        futures = running.put(requests)
        self._say(running, question_text(running.asked))
        self._leave_slot(running)
        alarm: asyncio.Future[None] = asyncio.ensure_future(self._context.clock.sleep(self._ttl))
        try:
            await self._change(running, "input_required")
            waiting: set[asyncio.Future[Any]] = set(futures.values())
            while waiting and not alarm.done():
                await asyncio.wait({*waiting, alarm}, return_when=asyncio.FIRST_COMPLETED)
                waiting = {future for future in waiting if not future.done()}
            if waiting:
                raise ToolError(f"The client did not answer within {self._ttl:g} s.")
        finally:
            alarm.cancel()
            running.withdraw(futures)
            self._say(running, question_text(running.asked) if running.asked else running.said)
        if not running.asked and not running.has_slot:
            await self._resumed(running)
        return {name: future.result() for name, future in futures.items()}

    def _say(self, running: RunningTask, message: str) -> None:
        running.state = replace(running.state, message=message)
        self._board.progress(running.state)

    async def _resumed(self, running: RunningTask) -> None:
        async with running.resuming:
            if not running.has_slot:
                await self._take_slot(running)

    async def _change(self, running: RunningTask, status: TaskStatus) -> None:
        running.state = replace(running.state, status=status, updated=self._context.clock.now())
        self._board.change(running.state)
        await self._write(running)

    async def _write(self, running: RunningTask) -> None:
        """Store the task's present state; in order, whichever thread writes."""
        async with running.writing:
            state, asked = running.state, dict(running.asked)
            await self._keeper.progressed(state, asked)

    # -- other processes

    async def _keep_house(self) -> None:
        seen = -1
        for turn in itertools.count():
            await self._context.clock.sleep(HOUSEKEEPING_SECONDS)
            try:
                await self._keeper.catch_up()
                seen = await self._kept_house(seen, beats=turn % HEARTBEAT_ROUNDS == 0)
            except Exception as error:
                self._keeper.report(error)
                continue
            if turn % HEARTBEAT_ROUNDS == 0:  # only then was anything written
                self._context.note("")

    async def _kept_house(self, seen: int, *, beats: bool) -> int:
        # Liveness concerns other processes: injected clock jumps must not make them look dead.
        now, shared = self._context.clock.now(), shared_now(self._context.clock)
        module = self._context.module

        def keep() -> tuple[
            int, list[TaskClaim], list[str], list[tuple[str, str, Any]], list[TaskRow] | None
        ]:
            put_right, claims = 0, list[TaskClaim]()
            if beats:
                self._store.beat(shared)
                interrupted, claims = self._store.recover(shared, now + self._ttl, module)
                put_right = interrupted + len(claims) + self._store.purge(now)
            changes = self._store.changes()
            if changes == seen and not put_right:
                return changes, claims, [], [], None
            asked, answers = self._store.asked_cancellations(), self._store.taken_answers()
            return changes, claims, asked, answers, self._store.latest(module, SHOWN_TASKS)

        changes, claims, asked, answers, rows = await self._context.run_sync(keep)
        self._run_again(claims)
        for task in asked:
            running = self._running.get(task)
            if running is not None:
                running.unwanted = True
                self._context.spawn(self._cancelled(running), "cancelling a task")
        for task, question, response in answers:
            running = self._running.get(task)
            if running is not None and running.take({question: response}):
                await self._write(running)
        if rows is not None:
            self._board.take(rows, {task: running.state for task, running in self._running.items()})
        return changes


class _LocalTaskRun:
    """A `TaskRun` of the local engine."""

    def __init__(self, engine: LocalTaskEngine, running: RunningTask) -> None:
        self._engine = engine
        self._running = running

    async def progressed(self, progress: float, total: float | None, message: str) -> None:
        await self._engine.progressed(self._running, progress, total, message)

    async def ask(self, requests: Mapping[str, Any]) -> dict[str, Any]:
        return await self._engine.ask(self._running, requests)
