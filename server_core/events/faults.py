"""Injected faults: set, triggered, used up, cleared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FaultKind = Literal["fail", "delay", "hang", "garble", "drop", "clock"]


@dataclass(frozen=True, slots=True)
class FaultSet:
    """A fault was set on the tool, prompt, URI, template or module `name`, replacing any of the same name and kind.

    `how` is the effect and frequency as written (`fail:3`); `left` is how often it will act, if that is limited.
    """

    name: str
    kind: FaultKind
    how: str
    left: int | None


@dataclass(frozen=True, slots=True)
class FaultActed:
    """A fault hit a request for `target` with `effect`; it has acted `acted` times and has `left` to go, if limited."""

    name: str
    kind: FaultKind
    request: int
    target: str
    effect: str
    acted: int
    left: int | None


@dataclass(frozen=True, slots=True)
class FaultUsedUp:
    """A fault acted as often as requested and was removed."""

    name: str
    kind: FaultKind
    acted: int


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """A fault was removed by hand."""

    name: str
    kind: FaultKind
    acted: int


@dataclass(frozen=True, slots=True)
class ClockJumped:
    """The server's clock jumped by `seconds` and is now `ahead` of the machine's (negative: behind)."""

    seconds: float
    ahead: float
