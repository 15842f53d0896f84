"""Widgets that show a part of the snapshot, redrawn only when that part changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.reactive import var
from textual.widget import Widget

from workbench.state import Snapshot

if TYPE_CHECKING:
    from workbench.app import WorkbenchApp


class Live(Widget):
    """A widget that shows the snapshot. Bind `snapshot` and `now` to those of its screen (`data_bind`).

    With another widget class, make it the second base: Textual takes bindings and CSS from the first. A subclass
    returns its inputs from `parts` and draws itself in `redraw`.
    """

    TICKS = False
    """Whether it shows running times and so is redrawn every second."""

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    """The server's state."""

    now: var[float] = var(0.0, init=False)
    """Epoch seconds, updated once a second."""

    @property
    def workbench(self) -> WorkbenchApp:
        """The application, which has the engine."""
        return cast("WorkbenchApp", self.app)

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        """The inputs of `redraw`, compared by identity."""
        return (snapshot,)

    def redraw(self) -> None:
        """Show `self.snapshot` as of `self.now`."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        if self.is_mounted and any(
            one is not other for one, other in zip(self.parts(old), self.parts(new), strict=True)
        ):
            self.redraw()

    def watch_now(self) -> None:
        if self.TICKS and self.is_mounted:
            self.redraw()
