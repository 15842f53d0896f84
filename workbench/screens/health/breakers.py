"""The breakers and the history of the highlighted one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.screens.breaker_keys import BreakerKeys
from workbench.screens.details import DetailsScreen
from workbench.screens.overview.about import about_breaker
from workbench.state import Snapshot
from workbench.widgets.live import Live
from workbench.widgets.table import Table

from . import breaker_rows as rows

if TYPE_CHECKING:
    from server_core.inspection import BreakerState

NO_BREAKER = 'No breakers yet. Databases add one, and so do functions marked with @tool(breaker="NAME").'
NO_CHANGE = (
    "Always closed so far.\n"
    "To open one in the demo, press 2 and run ask_supplier three times with reachable off."
)


class BreakersPanel(BreakerKeys):
    """The circuit breakers and their controls."""

    HELP = (
        "Circuit breakers. ● closed allows calls, ○ open refuses them, ◐ half-open allows one trial call. "
        "t opens the highlighted breaker, r closes it, p makes a trial call now. Enter "
        "shows the details."
    )
    TICKS = True

    def __init__(self) -> None:
        super().__init__(
            rows.BREAKER_COLUMNS,
            title="Breakers",
            empty=NO_BREAKER,
            keeps_cursor=True,
            id="breakers",
        )

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.breakers,)

    def on_table_opened(self, event: Table.Opened) -> None:
        _show(self, event.key)

    def redraw(self) -> None:
        trouble = sum(breaker.status != "closed" for breaker in self.snapshot.breakers)
        self.set_title("Breakers", f"{trouble} not closed" if trouble else "")
        self.set_rows(rows.breaker_rows(self.snapshot, self.now, self.content_size.width))


class HistoryPanel(Table, Live):
    """The changes of one breaker, newest first."""

    HELP = "Every state change of the highlighted breaker, newest first: when, from what to what, and why."

    def __init__(self) -> None:
        super().__init__(rows.CHANGE_COLUMNS, title="History", empty=NO_CHANGE, id="history")
        self._chosen = ""

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.breakers,)

    def show(self, name: str) -> None:
        """Show the changes of the breaker `name`."""
        self._chosen = name
        self.redraw()

    def redraw(self) -> None:
        breaker = self._breaker
        self.empty = NO_CHANGE if breaker else ""
        self.set_title("History", breaker.name if breaker else "")
        self.set_rows(rows.change_rows(breaker))

    def on_table_opened(self) -> None:
        _show(self, self._chosen)

    @property
    def _breaker(self) -> BreakerState | None:
        return next((each for each in self.snapshot.breakers if each.name == self._chosen), None)


def _show(panel: Live, name: str) -> None:
    """Open a dialog with everything about a breaker."""
    breaker = next((each for each in panel.snapshot.breakers if each.name == name), None)
    if breaker is not None:
        panel.app.push_screen(DetailsScreen(name, about_breaker(breaker)))
