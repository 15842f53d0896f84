"""The pools, and who has the connections of the highlighted one."""

from __future__ import annotations

from workbench.screens.details import DetailsScreen
from workbench.screens.overview.about import about_pool
from workbench.state import Snapshot
from workbench.widgets.live import Live
from workbench.widgets.table import Table

from . import pool_rows as rows

NO_POOL = "No pool: database modules bring them."
TITLE_CELLS = len("Connections") + 4
NO_CONNECTION = "It has no open connection: the next caller opens one."


class PoolsPanel(Table, Live):
    """The connection pools."""

    HELP = (
        "Connection pools. ■ is a connection, green in use and blue idle; □ is room for one more. Beside them stands "
        "who holds the connections of the highlighted pool and who waits, since when."
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
    """Who holds a connection of one pool, and who waits for one."""

    HELP = (
        "Who holds a connection of the highlighted pool and who waits, the longest first. Who waits longer than the "
        "pool's acquire_timeout is told who holds them all."
    )
    TICKS = True

    def __init__(self) -> None:
        super().__init__(rows.CONNECTION_COLUMNS, title="Connections", opens=False, id="connections")
        self._chosen = ""

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.pools,)

    def show(self, name: str) -> None:
        """Show the connections of the pool `name` from now on."""
        self._chosen = name
        self.redraw()

    def redraw(self) -> None:
        pool = next((each for each in self.snapshot.pools if each.name == self._chosen), None)
        self.empty = NO_CONNECTION if pool else ""
        room = self.content_size.width - TITLE_CELLS
        self.set_title("Connections", rows.pool_aside(pool, room) if pool else "")
        self.set_rows(rows.connection_rows(pool, self.now))
