"""The Overview screen: its panels in two layouts."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.widgets import Static

from workbench.screens.frame import WorkbenchScreen
from workbench.state import Snapshot
from workbench.text import clean
from workbench.widgets.card import set_panel_title
from workbench.widgets.painting import as_content
from workbench.widgets.spans import Span
from workbench.widgets.whole import whole

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
NEXT = "Fix it, then press ctrl+r. `workbench check` lists every problem in the project."


class OverviewScreen(WorkbenchScreen):
    """Everything at a glance."""

    MODE = "overview"
    CSS_PATH = "overview.tcss"
    AUTO_FOCUS = "#happened"
    HELP = (
        "The server at a glance. Tab moves between panels, Enter opens the highlighted row, "
        "f10 maximizes a panel."
    )

    def body(self) -> ComposeResult:
        for panel in PANELS:
            yield panel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        if new.reason != old.reason:
            self.set_class(new.phase == "failed", "-failed")
            self._show_trouble(new.reason)

    @work(exclusive=True)
    @whole
    async def _show_trouble(self, reason: str) -> None:
        """Show why the server did not start, in place of the empty panels."""
        await self.query("#trouble").remove()
        if reason:
            lines = [(Span(clean(reason), "bad"),), (), (Span(NEXT, "dim"),)]
            trouble = Static(as_content(lines), id="trouble", classes="panel")
            set_panel_title(trouble, "The server did not start")
            await self.query_one(".body").mount(trouble, before=0)
