"""What the dialog proposes and writes."""

from __future__ import annotations

import pytest

from server_core.events import ClockJumped, FaultActed, FaultSet
from server_core.faults.spec import FAULT_KINDS, parse_fault
from tests.workbench.fakes import NOON
from tests.workbench.state.test_fold import after
from workbench.forms import Form
from workbench.screens.faults.kinds import KINDS, THE_CLOCK, Kind, proposed, schema_of, written
from workbench.screens.faults.panel import fault_rows

NAMES = ("ask_supplier", "tools")


def test_every_kind_is_offered() -> None:
    assert {kind.name for kind in KINDS} == set(FAULT_KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_proposed_fits_its_form_and_is_a_fault(kind: Kind) -> None:
    values = Form(schema_of(kind, NAMES), proposed(kind, NAMES)).to_arguments()
    fault = parse_fault(written(kind, values))
    assert fault.kind == kind.name
    assert fault.name == ("" if kind.name == "clock" else "ask_supplier")


def test_a_fault_is_written_as_on_the_command_line() -> None:
    by_name = {kind.name: kind for kind in KINDS}
    assert written(by_name["fail"], {"on": "add", "often": "20%"}) == "add=fail:20%"
    assert written(by_name["delay"], {"on": "add", "seconds": 2.5, "often": ""}) == "add=delay:2.5"
    assert written(by_name["hang"], {"on": "add"}) == "add=hang"
    assert written(by_name["clock"], {"on": THE_CLOCK, "seconds": 60, "often": "3"}) == "clock:+60"
    assert written(by_name["clock"], {"on": "add", "seconds": -60, "often": "1"}) == "add=clock:-60:1"


def test_the_list_tells_how_often_each_has_acted_and_how_far_the_clock_is_ahead() -> None:
    snapshot = after(
        FaultSet("add", "fail", "fail:3", 3),
        FaultSet("shop", "delay", "delay:2", None),
        FaultActed("add", "fail", 1, "add", "fails", 1, 2),
        ClockJumped(60.0, 60.0),
    )
    rows = [[getattr(cell, "text", cell) for cell in row.cells] for row in fault_rows(snapshot, NOON + 5)]
    assert rows == [
        ["↯", "add", "fail:3", "acted 1 time", "2 left", "0:05"],
        ["↯", "shop", "delay:2", "not yet", "until cleared", "0:05"],
        ["↯", "the clock", "+60 s", "", "until you quit", ""],
    ]
