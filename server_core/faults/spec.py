"""What a fault is, and how it is written: `NAME=KIND[:VALUE][:HOW OFTEN]`.

ask_supplier=fail:3        the next three calls fail
shop=delay:2.5:20%         every fifth request of the module takes 2.5 s longer
db://table/{name}=hang     each read of the template hangs until it is cancelled or its time is over
add=garble                 the answer comes damaged
add=drop:1                 the next call breaks its client's connection
clock:+60                  the server's clock jumps ahead by a minute, now
add=clock:+60:1            it does when `add` is called the next time
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import CoreError, nearest
from ..events import FaultKind

FAULT_KINDS: tuple[FaultKind, ...] = ("fail", "delay", "hang", "garble", "drop", "clock")

LONGEST_FAULT = 1e9
"""The most seconds of a delay or of a jump of the clock."""


class FaultSpecError(CoreError):
    """A fault that is not written as one, or whose name nothing has; the text says what is wrong and what is right."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        name: of a tool or prompt, a URI, a template, or a module; empty for the clock's jump at once.
        value: seconds that `delay` waits or `clock` jumps.
        times: it acts on so many requests, and is gone; `None` for no end.
        share: on each request it acts with this probability, 0 to 1; `None` for on all.
    """

    name: str
    kind: FaultKind
    value: float = 0.0
    times: int | None = None
    share: float | None = None

    @property
    def how(self) -> str:
        """What it does and how often, as it is written after the name."""
        parts: list[str] = [self.kind]
        if self.kind == "delay":
            parts.append(f"{self.value:g}")
        elif self.kind == "clock":
            parts.append(f"{self.value:+g}")
        if self.times is not None:
            parts.append(str(self.times))
        elif self.share is not None:
            parts.append(f"{self.share * 100:g}%")
        return ":".join(parts)

    @property
    def text(self) -> str:
        """The whole of it, as `parse_fault` reads it."""
        return f"{self.name}={self.how}" if self.name else self.how


def parse_fault(text: str) -> Fault:
    """The fault that is written as `text`.

    Raises:
        FaultSpecError: it is none.
    """
    name, equals, how = text.strip().rpartition("=")
    name = name.strip()
    if equals and not name:
        raise FaultSpecError(f"{text!r} lacks the name of a tool, a resource or a module before the =")
    kind_text, *words = (word.strip() for word in how.split(":"))
    kind = next((each for each in FAULT_KINDS if each == kind_text), None)
    if kind is None:
        raise FaultSpecError(_wrong_kind(text, kind_text, bool(equals)))
    if not name and kind != "clock":
        raise FaultSpecError(f"{text!r} lacks the name of a tool, a resource or a module: NAME={how}")
    value = 0.0
    if kind in ("delay", "clock"):
        value = _seconds_of(text, kind, words.pop(0) if words else "")
    times, share = _often(text, words)
    if not name and (times is not None or share is not None):
        raise FaultSpecError(
            f"{text!r}: the clock jumps once, now; NAME={how} lets it jump when NAME is asked for"
        )
    return Fault(name, kind, value, times, share)


def unknown_name(name: str, known: Iterable[str]) -> FaultSpecError:
    """The error for a fault on something that is not there; tells the nearest names that are."""
    near = nearest(name, known)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return FaultSpecError(f"No tool, prompt, resource, template or module is called {name!r}{hint}")


def _wrong_kind(text: str, kind: str, named: bool) -> str:
    near = nearest(kind, FAULT_KINDS, 1)
    if not named and not near:
        return f"{text!r} is no fault: write NAME=fail:3, NAME=delay:2, NAME=hang, NAME=garble, NAME=drop or clock:+60"
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FAULT_KINDS)}"
    return f"{text!r}: {kind!r} is no kind of fault; {hint}"


def _seconds_of(text: str, kind: FaultKind, word: str) -> float:
    example = "clock:+60" if kind == "clock" else "delay:2.5"
    try:
        seconds = float(word.removesuffix("s"))
    except ValueError:
        raise FaultSpecError(f"{text!r}: {kind} takes a number of seconds, as in {example}") from None
    if not math.isfinite(seconds) or abs(seconds) > LONGEST_FAULT or not seconds:
        raise FaultSpecError(f"{text!r}: {word} is no time to {'jump' if kind == 'clock' else 'wait'}")
    if kind == "delay" and seconds < 0:
        raise FaultSpecError(f"{text!r}: a delay is greater than 0 seconds")
    return seconds


def _often(text: str, words: list[str]) -> tuple[int | None, float | None]:
    """How often it acts: `3` for three times, `20%` for a share, nothing for always."""
    if not words:
        return None, None
    word = words[0]
    if len(words) > 1:
        raise FaultSpecError(
            f"{text!r}: {':'.join(words[1:])!r} is too much; it ends with how often: 3 or 20%"
        )
    try:
        if word.endswith("%"):
            share = float(word[:-1]) / 100
            if 0 < share <= 1:
                return None, share
            raise FaultSpecError(f"{text!r}: a share is more than 0% and at most 100%")
        times = int(word)
    except ValueError:
        raise FaultSpecError(
            f"{text!r}: {word!r} is not how often: write 3 for three times, or 20%"
        ) from None
    if not 0 < times <= LONGEST_FAULT:
        raise FaultSpecError(f"{text!r}: it must act at least once")
    return times, None
