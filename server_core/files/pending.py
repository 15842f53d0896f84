"""Changes waiting to be applied; changes to the same path are merged meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

MOST_PATHS = 20_000
"""With more waiting paths than this, scanning the whole folder is cheaper."""


class Waiting(NamedTuple):
    """What to check: these paths, or everything. `again` are folders that were already scanned."""

    paths: set[str]
    again: set[str]
    everything: bool


class PendingPaths:
    """Paths that may have changed since they were last checked. Use on one loop only."""

    def __init__(self) -> None:
        self._arrived = asyncio.Event()
        self._paths: set[str] = set()
        self._again: set[str] = set()
        self._everything = False

    def add(self, paths: Iterable[str], *, again: bool = False) -> None:
        """Add paths that may have changed."""
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
        """Forget what is waiting: everything will be checked anyway."""
        self._paths = set()
        self._again = set()
        self._everything = False
        self._arrived.clear()

    async def wait(self) -> None:
        """Return once something is waiting."""
        await self._arrived.wait()

    def take(self) -> Waiting:
        """Return what is waiting, and forget it."""
        waiting = Waiting(self._paths, self._again - self._paths, self._everything)
        self.clear()
        return waiting
