"""A fault while it is set."""

from __future__ import annotations

from ..inspection import FaultState
from .garbling import GARBLINGS
from .spec import Fault


class ActiveFault:
    """A fault that is set, and how often it has acted."""

    __slots__ = ("acted", "fault", "since")

    def __init__(self, fault: Fault, since: float) -> None:
        self.fault = fault
        self.since = since
        self.acted = 0

    @property
    def left(self) -> int | None:
        """How often it will act yet; `None` for no end."""
        return None if self.fault.times is None else self.fault.times - self.acted

    def state(self) -> FaultState:
        """As `inspect` shows it."""
        fault = self.fault
        return FaultState(fault.name, fault.kind, fault.how, self.acted, self.left, self.since)

    @property
    def effect(self) -> str:
        """What it did the last time, in words."""
        fault = self.fault
        if fault.kind == "garble":
            return f"garbles the answer: {GARBLINGS[(self.acted - 1) % len(GARBLINGS)]}"
        return {
            "fail": "fails",
            "delay": f"waits {fault.value:g} s",
            "hang": "hangs",
            "drop": "breaks the connection",
            "clock": f"lets the clock jump by {fault.value:+g} s",
        }[fault.kind]
