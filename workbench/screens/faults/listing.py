"""The list of all faults, as a dialog that opens from anywhere."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import var

from workbench.screens.dialog import Dialog
from workbench.state import Snapshot
from workbench.widgets.binding import bind
from workbench.widgets.keyline import KeyLine

from .keys import FAULTS
from .panel import FaultsPanel


class FaultsScreen(Dialog[None]):
    """Shows every injected fault."""

    CSS_PATH = "faults.tcss"
    BINDINGS = bind(*FAULTS)
    AUTO_FOCUS = "#faults"

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)

    def compose(self) -> ComposeResult:
        with Vertical(classes="faults"):
            yield FaultsPanel().data_bind(FaultsScreen.snapshot, FaultsScreen.now)
        yield KeyLine()

    def on_mount(self) -> None:
        self.watch(self.app, "snapshot", self._take_snapshot)
        self.watch(self.app, "now", self._take_now)

    def _take_snapshot(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.refresh_bindings()

    def _take_now(self, now: float) -> None:
        self.now = now
