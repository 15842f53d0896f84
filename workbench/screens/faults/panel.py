"""The list of injected faults with how often each has acted, for any screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.state import Snapshot
from workbench.text import elapsed, plural
from workbench.widgets.binding import bind
from workbench.widgets.columns import Column, Row
from workbench.widgets.header import FAULT_SIGN
from workbench.widgets.live import Live
from workbench.widgets.spans import Span
from workbench.widgets.table import Table

from .keys import FAULT_LIST

if TYPE_CHECKING:
    from server_core.inspection import FaultState

COLUMNS = (
    Column(most=1, gap=1),
    Column(flex=1),
    Column(most=16),
    Column(most=16, align="right"),
    Column(most=14),
    Column(most=8, align="right", above=50),
)

NO_FAULT = (
    "No injected faults. Press f on a tool or resource to make it fail, hang or drop its connection, "
    "or press n to set one by name."
)


def fault_rows(snapshot: Snapshot, now: float) -> list[Row]:
    """The faults in the order they were set, and the clock's jump."""
    rows = [_row(fault, now) for fault in snapshot.faults]
    if snapshot.clock_ahead:
        ahead = f"{snapshot.clock_ahead:+,g} s"
        rows.append(
            Row("", (Span(FAULT_SIGN, "warn"), "the clock", ahead, "", Span("until you quit", "dim"), ""))
        )
    return rows


def _row(fault: FaultState, now: float) -> Row:
    acted = f"acted {plural(fault.acted, 'time')}" if fault.acted else "not yet"
    left = "until cleared" if fault.left is None else f"{fault.left} left"
    return Row(
        f"{fault.kind} {fault.name}",
        (
            Span(FAULT_SIGN, "warn"),
            fault.name,
            Span(fault.how, "warn"),
            Span(acted, "" if fault.acted else "dim"),
            Span(left, "dim"),
            Span(elapsed(now - fault.since), "dim"),
        ),
    )


class FaultsPanel(Table, Live):
    """The injected faults and their controls."""

    BINDINGS = bind(*FAULT_LIST)
    HELP = (
        "Injected faults: the target, the effect and how often each has acted. x clears the highlighted one, X all. "
        "All faults end with the workbench; a clock that jumped stays ahead until then."
    )
    TICKS = True

    def __init__(self) -> None:
        super().__init__(COLUMNS, title="Injected faults", empty=NO_FAULT, opens=False, id="faults")

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.faults, snapshot.clock_ahead)

    def redraw(self) -> None:
        self.set_title("Injected faults", str(len(self.snapshot.faults)) if self.snapshot.faults else "")
        self.set_rows(fault_rows(self.snapshot, self.now))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "clear":
            return bool(self.current and self.current.key)
        if action == "clear_all":
            return bool(self.snapshot.faults)
        if action == "new":
            return self.workbench.has_engine
        return super().check_action(action, parameters)

    def action_clear(self) -> None:
        app = self.workbench
        for fault in self.snapshot.faults:
            if self.current is not None and self.current.key == f"{fault.kind} {fault.name}":
                app.do(app.engine.clear_faults(fault.name, fault.kind), f"{fault.name}: {fault.kind} cleared")

    def action_clear_all(self) -> None:
        app = self.workbench
        app.do(app.engine.clear_faults(), "All faults cleared")

    def action_new(self) -> None:
        from .setting import FaultScreen

        self.app.push_screen(FaultScreen(self.workbench))
