"""The pools, and who holds the connections of the highlighted one."""

from __future__ import annotations

from workbench.screens.details import DetailsScreen
from workbench.screens.overview.about import about_pool
from workbench.state import Snapshot
from workbench.widgets.live import Live
from workbench.widgets.table import Table

from . import pool_rows as rows

NO_POOL = "No pools. Database modules add them."
TITLE_CELLS = len("Connections") + 4
NO_CONNECTION = "No open connections. The next call opens one."


class PoolsPanel(Table, Live):
    """The connection pools."""

    HELP = (
        "Connection pools. ■ is a connection, green in use and blue idle; □ is a free slot. The list next to it shows "
        "who holds the highlighted pool's connections and who is waiting, and for how long."
    )

    def __init__(self) -> None:
        super().__init__(rows.POOL_COLUMNS, title="Pools", empty=NO_POOL, keeps_cursor=True, id="pools")

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.pools,)

    def on_table_opened(self, event: Table.Opened) -> None:
        pool = next((each for each in self.snapshot.pools if each.name == event.key), None)
        if pool is not None:
            self.app.push_screen(DetailsScreen(pool.name, about_pool(pool, self.now)))

    def redraw(self) -> None:
        waiting = sum(pool.waiting for pool in self.snapshot.pools)
        self.set_title("Pools", f"{waiting} waiting" if waiting else "")
        self.set_rows(rows.pool_rows(self.snapshot, self.content_size.width))


class ConnectionsPanel(Table, Live):
    """Who holds a connection of one pool, and who is waiting for one."""

    HELP = (
        "Who holds a connection of the highlighted pool and who is waiting, longest first. A call that waits longer "
        "than the pool's acquire_timeout fails with a message that names the holders."
    )
    TICKS = True

    def __init__(self) -> None:
        super().__init__(rows.CONNECTION_COLUMNS, title="Connections", opens=False, id="connections")
        self._chosen = ""

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.pools,)

    def show(self, name: str) -> None:
        """Show the connections of the pool `name`."""
        self._chosen = name
        self.redraw()

    def redraw(self) -> None:
        pool = next((each for each in self.snapshot.pools if each.name == self._chosen), None)
        self.empty = NO_CONNECTION if pool else ""
        room = self.content_size.width - TITLE_CELLS
        self.set_title("Connections", rows.pool_aside(pool, room) if pool else "")
        self.set_rows(rows.connection_rows(pool, self.now))
