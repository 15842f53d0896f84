"""The kinds of faults, their forms, and the fault's text as on the command line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from server_core.events import FaultKind
    from server_core.inspection import FaultState

THE_CLOCK = "the clock, now"
"""The target of a clock jump that does not wait for a call."""


class Kind(NamedTuple):
    """A kind of fault: its name, its effect and its default values."""

    name: FaultKind
    does: str
    often: str
    seconds: int | None = None


KINDS = (
    Kind("fail", "Fails as if its service were down; breakers count it.", "3"),
    Kind("delay", "Takes longer, within its time limit.", "", 2),
    Kind("hang", "Hangs until it is cancelled or its time limit expires.", "1"),
    Kind("garble", "Returns a damaged result: in turn truncated, noise, wrong types, empty.", "4"),
    Kind("drop", "Drops the client's connection; the workbench's own clients reconnect.", "1"),
    Kind("clock", "Jumps the server's clock ahead, so that TTLs and breaker timeouts expire sooner.", "", 60),
)


def schema_of(kind: Kind, names: Sequence[str]) -> dict[str, Any]:
    """The form's schema for a fault on one of `names`; without names, on anything."""
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
        "description": "3 times, or 20% of calls",
    }
    return {
        "type": "object",
        "properties": properties,
        "required": [each for each in properties if each != "often"],
    }


def proposed(kind: Kind, names: Sequence[str]) -> dict[str, Any]:
    """The form's initial values."""
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
    """The fault as written on the command line.

    Raises:
        KeyError, TypeError, ValueError: a value is missing or invalid.
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
    """The names marked in the lists."""
    return frozenset(fault.name for fault in faults)
