"""Faults on purpose: set, at work, used up, cleared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FaultKind = Literal["fail", "delay", "hang", "garble", "drop", "clock"]


@dataclass(frozen=True, slots=True)
class FaultSet:
    """A fault was set on the tool, prompt, URI, template or module `name`; `how` is what it does and how often, as it
    is written: `fail:3`. It will act `left` times, where it has an end. One of the same name and kind that was there
    before has gone."""

    name: str
    kind: FaultKind
    how: str
    left: int | None


@dataclass(frozen=True, slots=True)
class FaultActed:
    """A fault hit a request for `target`, and did `effect`. It has acted `acted` times; `left` times are to come,
    where it has an end."""

    name: str
    kind: FaultKind
    request: int
    target: str
    effect: str
    acted: int
    left: int | None


@dataclass(frozen=True, slots=True)
class FaultUsedUp:
    """A fault acted as often as it should, and is gone."""

    name: str
    kind: FaultKind
    acted: int


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """A fault was taken away."""

    name: str
    kind: FaultKind
    acted: int


@dataclass(frozen=True, slots=True)
class ClockJumped:
    """The server's clock jumped by `seconds`, and is now `ahead` of the machine's (negative: behind)."""

    seconds: float
    ahead: float
