"""Changes that wait to be taken in: they run together while they wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

MOST_PATHS = 20_000
"""With more paths than this waiting, looking at the whole folder is cheaper."""


class Waiting(NamedTuple):
    """What to look at: these paths, or everything. `again` are folders that were looked through before."""

    paths: set[str]
    again: set[str]
    everything: bool


class PendingPaths:
    """Which paths may have changed since they were last looked at. On one loop only."""

    def __init__(self) -> None:
        self._arrived = asyncio.Event()
        self._paths: set[str] = set()
        self._again: set[str] = set()
        self._everything = False

    def add(self, paths: Iterable[str], *, again: bool = False) -> None:
        """These paths may have changed."""
        if not self._everything:
            (self._again if again else self._paths).update(paths)
            if len(self._paths) > MOST_PATHS:
                self._everything = True
        self._arrived.set()

    def add_everything(self) -> None:
        """Any path may have changed."""
        self._everything = True
        self._arrived.set()

    def clear(self) -> None:
        """Forget what waits: all of it is looked at anyway."""
        self._paths = set()
        self._again = set()
        self._everything = False
        self._arrived.clear()

    async def wait(self) -> None:
        """Return once something waits."""
        await self._arrived.wait()

    def take(self) -> Waiting:
        """What waits, and forget it."""
        waiting = Waiting(self._paths, self._again - self._paths, self._everything)
        self.clear()
        return waiting
