"""Calls made from a screen: in workers, so that nothing blocks, each with its own state."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.worker import get_current_worker

from workbench.records import CallMethod, CallRecord
from workbench.screens.errors import ErrorScreen
from workbench.screens.frame import WorkbenchScreen
from workbench.text import one_line, span, time_of_day
from workbench.widgets.callview import CallView, Running
from workbench.widgets.spans import Line, Span, line

if TYPE_CHECKING:
    from textual.worker import Worker

    from workbench.state import Snapshot

EARLIER = 50
"""How many earlier calls can be selected."""

LATE_SECONDS = 0.5
"""How long after a call's end log lines still count as its own: printed lines arrive in batches."""

Progressed = Callable[[float, float | None, str], None]
Make = Callable[[str, Progressed], Awaitable[CallRecord]]
"""Makes a call under a key and reports its progress."""


@dataclass
class CallUnderWay:
    """A call in progress; `started` is in epoch seconds, the rest is its latest progress."""

    key: str
    worker: Worker[None]
    started: float
    done: float = 0.0
    total: float | None = None
    message: str = ""


@dataclass
class Job:
    """Something that can be called, with its calls.

    Attributes:
        record: the call shown.
        earlier: calls from the history, newest first; `looked_up` once they were fetched.
    """

    method: CallMethod
    target: str
    record: CallRecord | None = None
    under_way: CallUnderWay | None = None
    earlier: Sequence[CallRecord] = ()
    looked_up: bool = False


WAITS = "The server is waiting for your answer. Press ctrl+y."
"""We can't tell which call is asking; only calls made by the user can be, and they seldom run in parallel."""


class CallingScreen(WorkbenchScreen):
    """A screen with a `CallView` for the selected item.

    Attributes:
        shown: the selected item.
        protocol: the protocol revision in use; empty before the first list.
        limit: seconds without a response or progress after which a call times out; `None` for the server's limit.
    """

    shown: Job | None = None
    protocol: str = ""
    limit: float | None = None

    def job_changed(self, job: Job) -> None:
        """A call of `job` began, ended or was selected. Screens update their list and keys."""

    def job_ended(self, job: Job) -> None:
        """A call of `job` has ended."""

    # -- a call

    @work(group="calls")
    async def begin(self, job: Job, arguments: Mapping[str, Any], make: Make) -> None:
        """Make a call and record its outcome in `job`."""
        from workbench.engine import EngineError

        under_way = CallUnderWay(uuid.uuid4().hex, get_current_worker(), self.workbench.clock.now())
        job.under_way = under_way
        self._changed(job)

        def progressed(done: float, total: float | None, message: str) -> None:
            under_way.done, under_way.total, under_way.message = done, total, message
            if job is self.shown and job.under_way is under_way:
                self.show_call(job)

        record: CallRecord | None = None
        try:
            record = await make(under_way.key, progressed)
        except asyncio.CancelledError:
            if not self.is_attached:
                raise
            record = self._cancelled(job, under_way, dict(arguments))
        except EngineError as error:
            self.notify(str(error), severity="error", markup=False)
        job.under_way = None
        job.record = record or job.record
        self._changed(job)
        if record is not None:
            if job is not self.shown or not self.is_current:
                words = record.outcome.replace("_", " ")
                self.notify(f"{one_line(job.target)}: {words}, {span(record.seconds)}", markup=False)
            self.job_ended(job)
            await self.look_up(job)
            if job is self.shown:
                self.query_one(CallView).set_earlier(job.earlier)

    def _cancelled(self, job: Job, under_way: CallUnderWay, arguments: dict[str, Any]) -> CallRecord:
        started = under_way.started
        seconds = max(0.0, self.workbench.clock.now() - started)
        return CallRecord(
            under_way.key,
            job.method,
            job.target,
            self.protocol,
            arguments,
            "cancelled",
            None,
            None,
            started,
            seconds,
        )

    @on(CallView.ErrorWanted)
    def tell_error(self, event: CallView.ErrorWanted) -> None:
        """Show a call's unexpected error in full, while it is still stored."""
        from server_core.events import ErrorReported
        from workbench.state.parts import Failure

        for entry in reversed(self.snapshot.happened):
            fact = entry.fact
            if isinstance(fact, ErrorReported) and fact.reference == event.reference:
                self.app.push_screen(ErrorScreen(Failure(entry.at, fact)))
                return
        for failure in self.snapshot.failures:
            if failure.fact.reference == event.reference:
                self.app.push_screen(ErrorScreen(failure))
                return
        self.notify(
            f"This error is no longer stored; look for {event.reference} in the log",
            severity="warning",
            markup=False,
        )

    def action_tell_error(self) -> None:
        """Show the error, wherever the focus is."""
        self.query_one(CallView).action_tell_error()

    def action_cancel(self) -> None:
        """Cancel the selected item's call."""
        if self.shown is not None and self.shown.under_way is not None:
            self.shown.under_way.worker.cancel()

    @property
    def runs(self) -> bool:
        """Whether a call of the selected item is in progress."""
        return self.shown is not None and self.shown.under_way is not None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cancel":
            return self.runs
        if action == "tell_error":
            return any(view.check_action(action, parameters) for view in self.query(CallView))
        return super().check_action(action, parameters)

    def watch_now(self) -> None:
        if self.shown is not None and self.runs:
            self.show_call(self.shown)

    # -- showing it

    def _changed(self, job: Job) -> None:
        self.job_changed(job)
        if job is self.shown:
            self.show_call(job)
        self.refresh_bindings()

    def show_call(self, job: Job) -> None:
        """Show the selected item's call: the one in progress, or the last."""
        view = self.query_one(CallView)
        under_way = job.under_way
        if under_way is not None:
            seconds = max(0.0, self.workbench.clock.now() - under_way.started)
            asks = any(each.protocol == self.protocol for each in self.workbench.snapshot.questions)
            message = WAITS if asks else under_way.message
            progress = (under_way.done, under_way.total, message)
            view.show_running(Running(under_way.key, seconds, *progress), self.engine.frames)
        elif job.record is None:
            view.show_nothing(view.empty)
        elif view.record is not job.record:
            view.show(job.record, self.engine.frames)
        view.set_earlier(job.earlier)
        view.set_log(self._logged(job))

    def show_log(self, old: Snapshot, new: Snapshot) -> None:
        """Show what the selected item's call prints, also just after its end, and whether it is waiting for an
        answer. Called from `watch_snapshot`."""
        if new.questions is not old.questions:
            self.watch_now()
        if new.logs is not old.logs and self.shown is not None and self.query(CallView):
            self.query_one(CallView).set_log(self._logged(self.shown))

    def _logged(self, job: Job) -> list[Line]:
        """The log lines of the call in progress, or of the one shown. They may arrive a little late."""
        if job.under_way is not None:
            first, last = job.under_way.started, float("inf")
        elif job.record is not None:
            first, last = job.record.started, job.record.started + job.record.seconds + LATE_SECONDS
        else:
            return []
        told = [
            each
            for each in self.workbench.snapshot.logs
            if each.source.partition(" (")[0] == job.target and first <= each.at <= last
        ]
        # Log lines of libraries come after those of the user's own code.
        told.sort(key=lambda each: getattr(each.fact, "library", False))
        return [line(Span(f"{time_of_day(each.at)}  ", "dim"), Span(each.text, each.tone)) for each in told]

    async def look_up(self, job: Job) -> None:
        """Fetch earlier calls from the history."""
        store = self.engine.store
        job.looked_up = True
        if store is not None:
            found = await asyncio.to_thread(store.calls, job.target, EARLIER)
            job.earlier = [record for record in found if record.method == job.method]
