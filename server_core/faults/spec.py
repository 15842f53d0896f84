"""What a fault is and how it is written: `NAME=KIND[:VALUE][:HOW OFTEN]`.

ask_supplier=fail:3        the next three calls fail
shop=delay:2.5:20%         every fifth request to the module takes 2.5 s longer
db://table/{name}=hang     each read of the template hangs until it is cancelled or times out
add=garble                 the result arrives damaged
add=drop:1                 the next call drops its client's connection
clock:+60                  the server's clock jumps ahead by a minute, now
add=clock:+60:1            the clock jumps the next time `add` is called
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import CoreError, nearest
from ..events import FaultKind

FAULT_KINDS: tuple[FaultKind, ...] = ("fail", "delay", "hang", "garble", "drop", "clock")

LONGEST_FAULT = 1e9
"""The longest delay or clock jump, in seconds."""


class FaultSpecError(CoreError):
    """A malformed fault, or one for an unknown name; the text says what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        name: a tool, prompt, URI, template or module; empty for an immediate clock jump.
        value: seconds that `delay` waits or `clock` jumps.
        times: how many requests it hits before it is removed; `None` for no limit.
        share: the probability, 0 to 1, with which it hits a request; `None` for every request.
    """

    name: str
    kind: FaultKind
    value: float = 0.0
    times: int | None = None
    share: float | None = None

    @property
    def how(self) -> str:
        """The effect and frequency, as written after the name."""
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
        """The whole fault, as `parse_fault` reads it."""
        return f"{self.name}={self.how}" if self.name else self.how


def parse_fault(text: str) -> Fault:
    """Parse the fault written as `text`.

    Raises:
        FaultSpecError: `text` is not a valid fault.
    """
    name, equals, how = text.strip().rpartition("=")
    name = name.strip()
    if equals and not name:
        raise FaultSpecError(f"{text!r} needs the name of a tool, a resource or a module before the =")
    kind_text, *words = (word.strip() for word in how.split(":"))
    kind = next((each for each in FAULT_KINDS if each == kind_text), None)
    if kind is None:
        raise FaultSpecError(_wrong_kind(text, kind_text, bool(equals)))
    if not name and kind != "clock":
        raise FaultSpecError(f"{text!r} needs the name of a tool, a resource or a module: NAME={how}")
    value = 0.0
    if kind in ("delay", "clock"):
        value = _seconds_of(text, kind, words.pop(0) if words else "")
    times, share = _often(text, words)
    if not name and (times is not None or share is not None):
        raise FaultSpecError(
            f"{text!r}: the clock jumps once, now; write NAME={how} to make it jump when NAME is requested"
        )
    return Fault(name, kind, value, times, share)


def unknown_name(name: str, known: Iterable[str]) -> FaultSpecError:
    """The error for a fault on an unknown name; it suggests the nearest known names."""
    near = nearest(name, known)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return FaultSpecError(f"No tool, prompt, resource, template or module is called {name!r}{hint}")


def _wrong_kind(text: str, kind: str, named: bool) -> str:
    near = nearest(kind, FAULT_KINDS, 1)
    if not named and not near:
        return f"{text!r} is not a fault; use NAME=fail:3, NAME=delay:2, NAME=hang, NAME=garble, NAME=drop or clock:+60"
    hint = f"did you mean {near[0]}?" if near else f"the kinds are {', '.join(FAULT_KINDS)}"
    return f"{text!r}: {kind!r} is not a kind of fault; {hint}"


def _seconds_of(text: str, kind: FaultKind, word: str) -> float:
    example = "clock:+60" if kind == "clock" else "delay:2.5"
    try:
        seconds = float(word.removesuffix("s"))
    except ValueError:
        raise FaultSpecError(f"{text!r}: {kind} takes a number of seconds, as in {example}") from None
    if not math.isfinite(seconds) or abs(seconds) > LONGEST_FAULT or not seconds:
        raise FaultSpecError(
            f"{text!r}: {word} is not a valid {'clock jump' if kind == 'clock' else 'delay'}"
        )
    if kind == "delay" and seconds < 0:
        raise FaultSpecError(f"{text!r}: a delay must be greater than 0 seconds")
    return seconds


def _often(text: str, words: list[str]) -> tuple[int | None, float | None]:
    """Parse the frequency: `3` for three times, `20%` for a share, nothing for always."""
    if not words:
        return None, None
    word = words[0]
    if len(words) > 1:
        raise FaultSpecError(
            f"{text!r}: {':'.join(words[1:])!r} is too long; a fault ends with how often it acts: 3 or 20%"
        )
    try:
        if word.endswith("%"):
            share = float(word[:-1]) / 100
            if 0 < share <= 1:
                return None, share
            raise FaultSpecError(f"{text!r}: a share must be more than 0% and at most 100%")
        times = int(word)
    except ValueError:
        raise FaultSpecError(
            f"{text!r}: {word!r} is not a frequency: write 3 for three times, or 20%"
        ) from None
    if not 0 < times <= LONGEST_FAULT:
        raise FaultSpecError(f"{text!r}: it must act at least once")
    return times, None
