"""The kinds of faults as a form offers them, and the fault that is written with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from server_core.events import FaultKind
    from server_core.inspection import FaultState

THE_CLOCK = "the clock, now"
"""What a jump is on that does not wait for a call."""


class Kind(NamedTuple):
    """A kind of fault: its name, what it does, and what is proposed for it."""

    name: FaultKind
    does: str
    often: str
    seconds: int | None = None


KINDS = (
    Kind("fail", "Fails as if what it needs were gone; breakers count it.", "3"),
    Kind("delay", "Takes longer, within its time limit.", "", 2),
    Kind("hang", "Never answers: until it is cancelled, or its time limit ends it.", "1"),
    Kind("garble", "Answers with damage, one way after the other: cut off, noise, other types, empty.", "4"),
    Kind("drop", "Breaks its client's connection; the workbench's own clients connect again.", "1"),
    Kind("clock", "The server's clock jumps: times to live and breakers' waits are over sooner.", "", 60),
)


def schema_of(kind: Kind, names: Sequence[str]) -> dict[str, Any]:
    """The form of a fault on one of `names`; on anything, where there are none."""
    on: dict[str, Any] = {"type": "string"}
    choices = [THE_CLOCK, *names] if kind.name == "clock" else list(names)
    if names:
        on["enum"] = choices
    else:
        on["description"] = "tool, prompt, URI or module"
    properties: dict[str, Any] = {"on": on}
    if kind.seconds is not None:
        properties["seconds"] = {"type": "number"}
    properties["often"] = {
        "type": "string",
        "description": "3 times, or 20% of all",
    }
    return {
        "type": "object",
        "properties": properties,
        "required": [each for each in properties if each != "often"],
    }


def proposed(kind: Kind, names: Sequence[str]) -> dict[str, Any]:
    """What the form begins with."""
    values: dict[str, Any] = {}
    if kind.name == "clock":
        values["on"] = THE_CLOCK
    elif names:
        values["on"] = names[0]
    if kind.seconds is not None:
        values["seconds"] = kind.seconds
    if kind.often:
        values["often"] = kind.often
    return values


def written(kind: Kind, values: Mapping[str, Any]) -> str:
    """The fault as it is written on the command line.

    Raises:
        KeyError, TypeError, ValueError: something that it needs is missing, or is not what it should be.
    """
    often = str(values.get("often") or "").strip()
    parts: list[str] = [kind.name]
    if kind.seconds is not None:
        seconds = float(values["seconds"])
        parts.append(f"{seconds:+g}" if kind.name == "clock" else f"{seconds:g}")
    if values["on"] == THE_CLOCK:
        return ":".join(parts)
    return f"{values['on']}={':'.join([*parts, often] if often else parts)}"


def names_with_faults(faults: Collection[FaultState]) -> frozenset[str]:
    """What bears a mark in the lists."""
    return frozenset(fault.name for fault in faults)
