"""The reducer: the only way facts become a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from server_core.bus import Event

from .draft import Draft
from .folds import FAULTS, FILES, PARTS, REQUESTS, SERVER, WORK
from .snapshot import Snapshot
from .timeline import DESCRIBERS

Fold = Callable[[Draft, Event, Any], None]

_seq = attrgetter("seq")

FOLDS: dict[type, Fold] = {**SERVER, **REQUESTS, **PARTS, **WORK, **FILES, **FAULTS}


def reduce(snapshot: Snapshot, events: Sequence[Event]) -> Snapshot:
    """Apply `events` to `snapshot` in sequence order. Pure; unknown kinds of facts change nothing."""
    if not events:
        return snapshot
    draft = Draft(snapshot)
    for event in sorted(events, key=_seq):  # several threads emit; sorting is cheap when almost sorted
        kind = type(event.fact)
        fold = FOLDS.get(kind)
        if fold is not None:
            fold(draft, event, event.fact)
        if kind in DESCRIBERS:
            draft.happened.append(event)
    return draft.done()
