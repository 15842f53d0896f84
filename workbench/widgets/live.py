"""What shows a part of the snapshot, and is drawn anew only when that part has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.reactive import var
from textual.widget import Widget

from workbench.state import Snapshot

if TYPE_CHECKING:
    from workbench.app import WorkbenchApp


class Live(Widget):
    """A widget that shows the snapshot. Bind `snapshot` and `now` to those of its screen (`data_bind`).

    Beside another widget class it is the second base: Textual takes bindings and CSS from the first. A subclass
    says in `parts` what it looks at, and draws itself in `redraw`.
    """

    TICKS = False
    """Whether it also shows times that run: it is then drawn once a second."""

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    """What is known of the server."""

    now: var[float] = var(0.0, init=False)
    """Epoch seconds, once a second."""

    @property
    def workbench(self) -> WorkbenchApp:
        """The application, which has the engine."""
        return cast("WorkbenchApp", self.app)

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        """What `redraw` looks at; compared by identity."""
        return (snapshot,)

    def redraw(self) -> None:
        """Show `self.snapshot` as it is at `self.now`."""
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
