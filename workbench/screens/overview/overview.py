"""The overview's screen: its panels in two layouts."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from workbench.screens.frame import WorkbenchScreen
from workbench.state import Snapshot
from workbench.text import clean
from workbench.widgets.card import set_panel_title
from workbench.widgets.live import Live
from workbench.widgets.painting import as_content
from workbench.widgets.spans import Span

from .panels import (
    BreakersPanel,
    CachePanel,
    CallsPanel,
    HappenedPanel,
    ModulesPanel,
    PoolsPanel,
    RunningPanel,
)

PANELS = (CallsPanel, CachePanel, BreakersPanel, PoolsPanel, RunningPanel, ModulesPanel, HappenedPanel)
NEXT = "Mend it, then press ctrl+r. `workbench check` tells everything that is wrong with the project."


class Trouble(Static, Live):
    """Why there is no server."""

    def __init__(self) -> None:
        super().__init__(id="trouble", classes="panel")
        set_panel_title(self, "The server did not start")

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.reason,)

    def redraw(self) -> None:
        self.update(as_content([(Span(clean(self.snapshot.reason), "bad"),), (), (Span(NEXT, "dim"),)]))


class OverviewScreen(WorkbenchScreen):
    """Everything at one glance."""

    MODE = "overview"
    CSS_PATH = "overview.tcss"
    AUTO_FOCUS = "#happened"
    HELP = (
        "The server at one glance. Tab goes from panel to panel, Enter opens what is highlighted, "
        "f10 gives a panel the whole screen."
    )

    def body(self) -> ComposeResult:
        yield Trouble().data_bind(WorkbenchScreen.snapshot)
        for panel in PANELS:
            yield panel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        self.set_class(new.phase == "failed", "-failed")
