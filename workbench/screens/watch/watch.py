"""The Watch screen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult

from workbench.actions import WATCH
from workbench.screens.frame import WorkbenchScreen
from workbench.state import Snapshot
from workbench.widgets.binding import bind
from workbench.widgets.table import Table

from .panels import BatchesPanel, ChangesPanel, NoticesPanel, RecordingsPanel, TapePanel
from .rows import PACES

if TYPE_CHECKING:
    from workbench.engine import ReplaySpeed
    from workbench.recording import RecordingSummary


class WatchScreen(WorkbenchScreen):
    """File changes: live, recorded and replayed."""

    MODE = "watch"
    CSS_PATH = "watch.tcss"
    AUTO_FOCUS = "#batches"
    BINDINGS = bind(*WATCH)
    HELP = (
        "What the files modules see: each batch of changes, and the notifications sent for it. r records the batches; "
        "Enter replays a recording as if the files had changed again."
    )

    _listed = False
    """Whether the recordings have been listed; not while the project is opening."""

    def body(self) -> ComposeResult:
        yield TapePanel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)
        yield BatchesPanel().data_bind(WorkbenchScreen.snapshot)
        yield ChangesPanel()
        yield RecordingsPanel()
        yield NoticesPanel().data_bind(WorkbenchScreen.snapshot)

    def on_screen_resume(self) -> None:
        self._list_recordings()

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        if _tape(old) != _tape(new):
            self.refresh_bindings()
        if (old.recording is None) != (new.recording is None) or not self._listed:
            self._list_recordings()

    @property
    def folder(self) -> Path:
        """The folder of the project's recordings."""
        return self.engine.project.recordings

    @work(thread=True, exclusive=True)
    def _list_recordings(self) -> None:
        if not self.workbench.has_engine:
            return
        self._listed = True
        from workbench.recording import recordings_in

        self.call_later(self._show_recordings, recordings_in(self.folder))

    def _show_recordings(self, summaries: Sequence[RecordingSummary]) -> None:
        self.query_one(RecordingsPanel).show(summaries)

    @on(Table.Moved, "#batches")
    def show_changes(self) -> None:
        self.query_one(ChangesPanel).show(self.query_one(BatchesPanel).chosen)

    @on(Table.Moved, "#recordings")
    def recordings_changed(self, event: Table.Moved) -> None:
        if not event.key:
            self._list_recordings()

    @on(Table.Opened, "#recordings")
    def replay(self, event: Table.Opened) -> None:
        pace = PACES[self.query_one(TapePanel).pace]
        self.workbench.do(self._replay(event.key, pace))

    async def _replay(self, recording: str, pace: ReplaySpeed) -> None:
        if remark := await self.engine.start_replay(recording, speed=pace):
            self.notify(remark, markup=False)

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        records, replays, paused = _tape(self.snapshot)
        possible = {
            "record": not records,
            "complete": records,
            "pause": replays and not paused,
            "resume": paused,
            "step": replays,
            "stop": replays,
        }
        return possible.get(action, super().check_action(action, parameters))

    def action_record(self) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.workbench.clock.now()))
        self.workbench.do(self.engine.start_recording(self.folder / f"{stamp}.jsonl"))

    def action_complete(self) -> None:
        self.workbench.do(self.engine.stop_recording(), "Recording saved")

    def action_pace(self) -> None:
        panel = self.query_one(TapePanel)
        panel.pace = (panel.pace + 1) % len(PACES)

    def action_pause(self) -> None:
        self.workbench.do(self.engine.replay_pause())

    def action_resume(self) -> None:
        self.workbench.do(self.engine.replay_resume())

    def action_step(self) -> None:
        self.workbench.do(self._step())

    async def _step(self) -> None:
        if self.snapshot.replay is not None and not self.snapshot.replay.paused:
            await self.engine.replay_pause()
        await self.engine.replay_step()

    def action_stop(self) -> None:
        self.workbench.do(self.engine.stop_replay())


def _tape(snapshot: Snapshot) -> tuple[bool, bool, bool]:
    """Whether it is recording, whether it is replaying, whether the replay is paused."""
    replay = snapshot.replay
    return snapshot.recording is not None, replay is not None, replay is not None and replay.paused
