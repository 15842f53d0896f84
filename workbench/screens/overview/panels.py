"""The panels of the Overview: each shows its part of the snapshot and has its own keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.actions import CACHE, HAPPENED, RUNNING
from workbench.screens.breaker_keys import BreakerKeys
from workbench.state import Snapshot
from workbench.text import number, plural
from workbench.widgets.binding import bind
from workbench.widgets.card import Card
from workbench.widgets.columns import Row
from workbench.widgets.live import Live
from workbench.widgets.table import Table

from . import rows
from .figures import cache_lines, calls_lines

if TYPE_CHECKING:
    from server_core.inspection import BreakerState, ModuleState, PoolState
    from workbench.state.parts import TimelineEntry

LOADING = "Loading the project…"
NO_MODULES = "No modules. Add [modules.NAME] to server.toml, then press ctrl+r."


def show(widget: Live, title: str, thing: BreakerState | ModuleState | PoolState | TimelineEntry) -> None:
    """Open a dialog with everything about `thing`."""
    # Imported when first needed: the first paint does not wait for them.
    from workbench.screens.details import DetailsScreen

    from .about import about

    widget.app.push_screen(DetailsScreen(title, about(thing, widget.now, widget.snapshot)))


class CallsPanel(Card, Live):
    """Requests per second, latency and errors."""

    TICKS = True

    def __init__(self) -> None:
        super().__init__("Calls", id="calls")

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.seconds, snapshot.latency, snapshot.requests, snapshot.errors)

    def redraw(self) -> None:
        self.set_title("Calls", number(self.snapshot.requests) if self.snapshot.requests else "")
        self.set_lines(calls_lines(self.snapshot, self.now, *self.content_size))


class CachePanel(Card, Live, can_focus=True):
    """The resource cache: hit rate and fill."""

    BINDINGS = bind(*CACHE)
    HELP = (
        "The cache of resource reads. When a file changes, its entry is evicted before clients are notified."
    )
    TICKS = True

    def __init__(self) -> None:
        super().__init__("Cache", id="cache")

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.cache, snapshot.seconds)

    def redraw(self) -> None:
        self.set_lines(cache_lines(self.snapshot, self.now, *self.content_size))

    def action_clear(self) -> None:
        app = self.workbench
        app.do(app.engine.clear_cache(), "The cache is empty")


class BreakersPanel(BreakerKeys):
    """The circuit breakers and their controls."""

    HELP = (
        "Circuit breakers. ● closed allows calls, ○ open refuses them, ◐ half-open allows one trial call. "
        "2/5 means 2 failures in a row of the 5 that open it."
    )
    TICKS = True

    def __init__(self) -> None:
        super().__init__(
            rows.BREAKER_COLUMNS,
            title="Breakers",
            empty="No breakers yet. Modules that call external services add them.",
            id="breakers",
        )

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.breakers,)

    def redraw(self) -> None:
        trouble = sum(breaker.status != "closed" for breaker in self.snapshot.breakers)
        self.set_title("Breakers", f"{trouble} not closed" if trouble else "")
        self.set_rows(rows.breaker_rows(self.snapshot, self.now))

    def on_table_opened(self, event: Table.Opened) -> None:
        for breaker in self.snapshot.breakers:
            if breaker.name == event.key:
                show(self, breaker.name, breaker)


class RunningPanel(Table, Live):
    """What is running."""

    BINDINGS = bind(*RUNNING)
    HELP = "What is running: long tasks, workflow runs, and requests that take longer than half a second."
    TICKS = True

    def __init__(self) -> None:
        super().__init__(
            rows.RUNNING_COLUMNS,
            title="Running",
            empty="Nothing is running.\nPress 2 to run a tool or 4 to start a long task.",
            id="running",
        )

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.tasks, snapshot.runs, snapshot.active, snapshot.progress)

    def redraw(self) -> None:
        found = rows.running_rows(self.snapshot, self.now, self.content_size.width)
        self.set_title("Running", str(len(found)) if found else "")
        self.set_rows(found)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cancel":
            return self.current is not None and self.current.key.startswith("task:")
        return super().check_action(action, parameters)

    def on_table_moved(self) -> None:
        self.refresh_bindings()

    def action_cancel(self) -> None:
        if self.current is not None:
            app = self.workbench
            app.do(app.engine.cancel_task(self.current.key.removeprefix("task:")), "Cancelling…")

    def on_table_opened(self) -> None:
        self.workbench.go_into("tasks")


class ModulesPanel(Table, Live):
    """The modules, their states and what they offer."""

    HELP = (
        "The server's modules in the order of server.toml: ● running, ! running with problems, ◌ starting, "
        "✗ failed. Enter shows the details."
    )

    def __init__(self) -> None:
        super().__init__(
            rows.MODULE_COLUMNS,
            title="Modules",
            empty=LOADING,
            id="modules",
        )

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.modules, snapshot.findings, snapshot.phase)

    def redraw(self) -> None:
        s = self.snapshot
        self.empty = LOADING if s.phase == "starting" else NO_MODULES
        self.set_title("Modules", rows.modules_aside(s.modules) if s.modules else "")
        self.set_rows(rows.module_rows(s))

    def on_table_opened(self, event: Table.Opened) -> None:
        for module in self.snapshot.modules:
            if module.name == event.key:
                show(self, module.name, module)


class PoolsPanel(Table, Live):
    """The connection pools."""

    HELP = "Connection pools: how many connections are in use, and how many calls are waiting for one."

    def __init__(self) -> None:
        super().__init__(
            rows.POOL_COLUMNS,
            title="Pools",
            empty="No pools. Database modules add them.",
            id="pools",
        )

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.pools,)

    def redraw(self) -> None:
        self.set_rows(rows.pool_rows(self.snapshot))

    def on_table_opened(self, event: Table.Opened) -> None:
        for pool in self.snapshot.pools:
            if pool.name == event.key:
                show(self, pool.name, pool)


class HappenedPanel(Table, Live):
    """What happened, newest first."""

    BINDINGS = bind(*HAPPENED)
    HELP = (
        "What happened, newest first. Enter shows the details: a request's trace, an error's traceback. "
        "f filters by calls, files, tasks, breakers, modules or the log."
    )

    def __init__(self) -> None:
        super().__init__(
            rows.HAPPENED_COLUMNS,
            title="Timeline",
            empty="Nothing yet. Press 2 to run a tool, or change a file.",
            id="happened",
        )
        self._topic = 0
        self._known: dict[int, Row] = {}

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.happened, snapshot.logs)

    def redraw(self) -> None:
        topic = rows.TOPICS[self._topic]
        told = [h for h in reversed(self._source) if topic is None or h.topic == topic]
        # An entry never changes: its row is built once.
        self._known = {h.seq: self._known.get(h.seq) or rows.happened_row(h) for h in told}
        aside = rows.TOPIC_WORDS[topic] if topic else ""
        dropped = self.snapshot.dropped
        if dropped:
            aside += f"  {plural(dropped, 'event')} dropped"
        self.set_title("Timeline", aside)
        self.set_rows(list(self._known.values()))

    @property
    def _source(self) -> tuple[TimelineEntry, ...]:
        """Log lines have their own list, so that other entries don't push them out."""
        return self.snapshot.logs if rows.TOPICS[self._topic] == "log" else self.snapshot.happened

    def action_topic(self, step: int) -> None:
        self._topic = (self._topic + step) % len(rows.TOPICS)
        self.redraw()

    def on_table_opened(self, event: Table.Opened) -> None:
        entry = next((h for h in self._source if str(h.seq) == event.key), None)
        if entry is None:
            return
        from server_core.events import ErrorReported

        if isinstance(entry.fact, ErrorReported):
            from workbench.screens.errors import ErrorScreen
            from workbench.state.parts import Failure

            self.app.push_screen(ErrorScreen(Failure(entry.at, entry.fact)))
        else:
            show(self, f"{entry.source}: {entry.text}", entry)
