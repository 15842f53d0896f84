"""The panels of the Watch screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.reactive import var

from workbench.actions import RECORDINGS
from workbench.state import Snapshot
from workbench.state.parts import Batch
from workbench.widgets.binding import bind
from workbench.widgets.card import Card
from workbench.widgets.live import Live
from workbench.widgets.table import Table

from . import rows

if TYPE_CHECKING:
    from workbench.recording import RecordingSummary


class TapePanel(Card, Live):
    """The current recording and replay."""

    TICKS = True

    pace: var[int] = var(0, init=False)
    """Index in `rows.PACES` of the next replay's speed."""

    def __init__(self) -> None:
        super().__init__("Record and replay", id="tape")

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.recording, snapshot.replay)

    def watch_pace(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        self.set_lines(rows.tape_lines(self.snapshot, self.now, self.pace, self.content_size.width))


class BatchesPanel(Table, Live):
    """The batches of file changes, live."""

    HELP = (
        "Batches of file changes, newest first: + added, ~ modified, − deleted; ↺ replayed from a recording. "
        "The changes of the highlighted batch are listed next to it."
    )

    def __init__(self) -> None:
        super().__init__(
            rows.BATCH_COLUMNS,
            title="Batches",
            empty="No changes yet. Save a file in the folder of a files module.",
            header=True,
            keeps_cursor=True,
            opens=False,
            id="batches",
        )

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.batches,)

    def redraw(self) -> None:
        self.set_rows(rows.batch_rows(self.snapshot.batches))

    @property
    def chosen(self) -> Batch | None:
        """The highlighted batch."""
        key = self.current.key if self.current else ""
        return next((batch for batch in self.snapshot.batches if str(batch.number) == key), None)


class ChangesPanel(Table):
    """The changes of one batch."""

    HELP = "Every change of the highlighted batch. y copies a path."

    def __init__(self) -> None:
        super().__init__(rows.CHANGE_COLUMNS, title="Changes", empty="", opens=False, id="changes")

    def show(self, batch: Batch | None) -> None:
        """Show the changes of `batch`."""
        self.set_title("Changes", str(len(batch.changes)) if batch else "")
        self.set_rows(rows.change_rows(batch))


class RecordingsPanel(Table):
    """The project's recordings."""

    BINDINGS = bind(*RECORDINGS)
    HELP = (
        "The project's recordings. Enter replays one at the selected speed (p). Its batches are handled like changes "
        "on disk, which wait until it ends; then the list shows the files on disk again."
    )

    def __init__(self) -> None:
        super().__init__(
            rows.RECORDING_COLUMNS,
            title="Recordings",
            empty="No recordings yet. Press r, change some files, then press r again.",
            header=True,
            id="recordings",
        )

    def show(self, summaries: Sequence[RecordingSummary]) -> None:
        """Show `summaries`."""
        self.set_rows(rows.recording_rows(summaries))

    @property
    def chosen(self) -> Path | None:
        """The highlighted recording's file."""
        return Path(self.current.key) if self.current else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.current is not None if action == "delete" else super().check_action(action, parameters)

    def action_delete(self) -> None:
        path = self.chosen
        if path is None:
            return
        from workbench.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if not yes:
                return
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                self.notify(f"Can't delete {path}: {error.strerror}", severity="error", markup=False)
            else:
                self.notify(f"Deleted {path.name}", markup=False)
            self.post_message(self.Moved(self, ""))

        text = f"This deletes {path.name}."
        if self.screen.snapshot.replay is not None:  # type: ignore[attr-defined]
            text += " The current replay continues; press x to stop it."
        self.app.push_screen(ConfirmScreen("Delete the recording?", text, "Delete", "Keep"), answered)


class NoticesPanel(Table, Live):
    """The notifications received by the workbench's own clients."""

    HELP = (
        "Change notifications received by the workbench's two clients, one for each protocol revision: for "
        "subscribed resources (press s on the Resources screen) and for list changes."
    )

    def __init__(self) -> None:
        super().__init__(
            rows.NOTICE_COLUMNS,
            title="Notifications",
            empty="No notifications yet. Press 3 to subscribe to a resource.",
            header=True,
            opens=False,
            id="notices",
        )

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.notices,)

    def redraw(self) -> None:
        self.set_rows(rows.notice_rows(self.snapshot.notices))
