"""The overview's screen: its panels in two layouts."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content

from workbench.screens.frame import WorkbenchScreen
from workbench.state import Snapshot
from workbench.text import clean
from workbench.widgets.card import Card
from workbench.widgets.live import Live

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


class Trouble(Card, Live):
    """Why there is no server, across the screen; not there while there is one."""

    def __init__(self) -> None:
        super().__init__("The server did not start", id="trouble")

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.phase, snapshot.reason)

    def redraw(self) -> None:
        self.display = self.snapshot.phase == "failed"
        self.refresh(layout=True)

    def render(self) -> Content:
        reason = clean(self.snapshot.reason)
        return Content.assemble((reason, "$error"), "\n\n", (NEXT, "$muted"))


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
