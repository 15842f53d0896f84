"""Faults on purpose as the screens see them."""

from __future__ import annotations

from dataclasses import replace

from server_core.bus import Event
from server_core.events import ClockJumped, FaultActed, FaultCleared, FaultSet, FaultUsedUp
from server_core.inspection import FaultState
from tests.workbench.fakes import NOON, STATE
from tests.workbench.state.test_fold import after
from workbench.facts import ServerInspected
from workbench.state.timeline import describe
from workbench.widgets.header import header_line

SET = FaultSet("add", "fail", "fail:3", 3)
ACTED = FaultActed("add", "fail", 7, "add", "fails", 1, 2)


def header(*facts: object) -> str:
    return "".join(span.text for span in header_line(after(*facts), NOON, 120))


def test_a_fault_is_known_from_when_it_is_set_until_it_is_used_up_or_cleared() -> None:
    assert after(SET).faults == (FaultState("add", "fail", "fail:3", 0, 3, NOON),)
    assert after(SET, ACTED).faults == (FaultState("add", "fail", "fail:3", 1, 2, NOON),)
    assert after(SET, ACTED, FaultUsedUp("add", "fail", 3)).faults == ()
    assert after(SET, FaultCleared("add", "fail", 0)).faults == ()
    assert after(ACTED).faults == (), "what it was the inspection tells"


def test_one_of_the_same_name_and_kind_takes_the_place_and_another_kind_does_not() -> None:
    again, other = FaultSet("add", "fail", "fail:20%", None), FaultSet("add", "hang", "hang", None)
    assert [fault.how for fault in after(SET, other, again).faults] == ["hang", "fail:20%"]


def test_an_inspection_knows_best() -> None:
    fault = FaultState("shop", "delay", "delay:2", 4, None, NOON - 9)
    snapshot = after(SET, ServerInspected(replace(STATE, faults=(fault,)), 60.0))
    assert (snapshot.faults, snapshot.clock_ahead) == ((fault,), 60.0)


def test_a_jump_of_the_clock_makes_all_that_has_a_time_worth_a_look() -> None:
    snapshot = after(ClockJumped(60.0, 90.0))
    assert (snapshot.clock_ahead, snapshot.stale) == (90.0, True)


def test_the_header_tells_how_many_there_are_and_how_far_the_clock_is_ahead() -> None:
    assert "injected" not in header()
    assert "↯ 1 injected fault" in header(SET)
    assert "↯ 2 injected faults" in header(SET, FaultSet("shop", "hang", "hang", None))
    assert "clock +1,500 s" in header(ClockJumped(1500.0, 1500.0))


def test_each_act_is_a_line_that_says_on_purpose() -> None:
    line = describe(Event(1, NOON, ACTED))
    assert line is not None
    assert (line.source, line.text, line.detail) == ("add", "injected: add fails", "2 left")
    last = describe(Event(1, NOON, replace(ACTED, acted=3, left=0)))
    assert last is not None
    assert last.detail == "the last time"
    back = describe(Event(1, NOON, ClockJumped(-60.0, -60.0)))
    assert back is not None
    assert (back.text, back.detail) == ("jumped by -60 s", "1:00 behind the system clock")
