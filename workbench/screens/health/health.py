"""The Health screen."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from workbench.screens.faults.panel import FaultsPanel
from workbench.screens.frame import WorkbenchScreen
from workbench.state import Snapshot
from workbench.widgets.table import Table

from .breakers import BreakersPanel, HistoryPanel
from .errors import CodePanel, ErrorsPanel
from .pools import ConnectionsPanel, PoolsPanel


class HealthScreen(WorkbenchScreen):
    """What is failing, why, and the controls."""

    MODE = "health"
    CSS_PATH = "health.tcss"
    AUTO_FOCUS = "#breakers"
    HELP = (
        "What is failing and why: breakers with the history of the highlighted one, pools "
        "with who holds their connections, errors with the code that raised them. Injected faults "
        "(f on Tools and Resources) are listed too."
    )

    def body(self) -> ComposeResult:
        with Horizontal(id="guards"):
            yield BreakersPanel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)
            yield HistoryPanel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)
        with Horizontal(id="lending"):
            yield PoolsPanel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)
            yield ConnectionsPanel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)
        yield FaultsPanel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)
        yield ErrorsPanel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)
        yield CodePanel()

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        self.set_class(bool(new.failures), "-failing")
        self.set_class(bool(new.faults) or bool(new.clock_ahead), "-faulty")

    @on(Table.Moved, "#breakers")
    def show_history(self) -> None:
        chosen = self.query_one(BreakersPanel).current
        self.query_one(HistoryPanel).show(chosen.key if chosen else "")

    @on(Table.Moved, "#pools")
    def show_connections(self) -> None:
        chosen = self.query_one(PoolsPanel).current
        self.query_one(ConnectionsPanel).show(chosen.key if chosen else "")

    @on(Table.Moved, "#errors")
    def show_code(self) -> None:
        self.query_one(CodePanel).show(self.query_one(ErrorsPanel).chosen)
