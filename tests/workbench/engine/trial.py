"""A small project for the engine's tests: functions and files; and every fact that an engine emits."""

from __future__ import annotations

from typing import TypeVar

from server_core.events import ModuleStarted
from tests.waiting import until
from workbench.engine import Engine

FactT = TypeVar("FactT")

SERVER = """
[server]
name = "trial"

[modules.tools]
kind = "functions"
path = "tools.py"

[modules.docs]
kind = "files"
path = "docs"
"""

TOOLS = '''
import asyncio
import time
from pathlib import Path

from server_core import tool

RELEASE = Path(__file__).parent / "release"


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    print("adding", a, b)
    return a + b


@tool
async def blocks() -> str:
    """Hold the loop until somebody else lets go."""
    while not RELEASE.exists(): time.sleep(0.005)  # BLOCKS HERE
    return "done"


@tool
async def hangs() -> str:
    """Wait for ever."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        print("the hanging tool was cancelled")
        raise
    return "never"
'''


class Seen:
    """Every fact that an engine emits, kept beside its inbox."""

    def __init__(self, engine: Engine) -> None:
        self.facts: list[object] = []
        engine.bus.subscribe(lambda event: self.facts.append(event.fact))

    def of(self, kind: type[FactT]) -> list[FactT]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def started(self, *modules: str) -> None:
        await until(
            lambda: {fact.module for fact in self.of(ModuleStarted)} >= set(modules),
            f"{modules} have started",
        )


def seen(engine: Engine) -> Seen:
    found: Seen = engine.seen  # type: ignore[attr-defined]
    return found
