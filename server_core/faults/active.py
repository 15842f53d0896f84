"""A fault that is currently set."""

from __future__ import annotations

from ..inspection import FaultState
from .garbling import GARBLINGS
from .spec import Fault


class ActiveFault:
    """A fault that is set, with a count of how often it has acted."""

    __slots__ = ("acted", "fault", "since")

    def __init__(self, fault: Fault, since: float) -> None:
        self.fault = fault
        self.since = since
        self.acted = 0

    @property
    def left(self) -> int | None:
        """How many more times it will act; `None` for no limit."""
        return None if self.fault.times is None else self.fault.times - self.acted

    def state(self) -> FaultState:
        """The state shown by `inspect`."""
        fault = self.fault
        return FaultState(fault.name, fault.kind, fault.how, self.acted, self.left, self.since)

    @property
    def effect(self) -> str:
        """A description of its latest effect."""
        fault = self.fault
        if fault.kind == "garble":
            return f"garbles the result: {GARBLINGS[(self.acted - 1) % len(GARBLINGS)]}"
        return {
            "fail": "fails",
            "delay": f"delays by {fault.value:g} s",
            "hang": "hangs",
            "drop": "drops the connection",
            "clock": f"moves the clock by {fault.value:+g} s",
        }[fault.kind]
