"""Injected faults, and jumps of the server's clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from server_core.bus import Event
from server_core.events import ClockJumped, FaultActed, FaultCleared, FaultSet, FaultUsedUp
from server_core.inspection import FaultState
from workbench.state.draft import Draft


def _set(draft: Draft, event: Event, fact: FaultSet) -> None:
    draft.faults.items.pop((fact.name, fact.kind), None)
    draft.faults.put(FaultState(fact.name, fact.kind, fact.how, 0, fact.left, event.at))


def _acted(draft: Draft, _event: Event, fact: FaultActed) -> None:
    known = draft.faults.items.get((fact.name, fact.kind))
    if known is not None:
        draft.faults.put(replace(known, acted=fact.acted, left=fact.left))


def _gone(draft: Draft, _event: Event, fact: FaultUsedUp | FaultCleared) -> None:
    draft.faults.items.pop((fact.name, fact.kind), None)


def _jumped(draft: Draft, _event: Event, fact: ClockJumped) -> None:
    # Every TTL and timeout has less time left now.
    draft.set(clock_ahead=fact.ahead, stale=True)


FAULTS: dict[type, Callable[[Draft, Event, Any], None]] = {
    FaultSet: _set,
    FaultActed: _acted,
    FaultUsedUp: _gone,
    FaultCleared: _gone,
    ClockJumped: _jumped,
}
