"""How a command gets to the core, from whichever loop it is given on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .core import EngineCore

CommandT = TypeVar("CommandT")

NEWEST = "2026-07-28"
PROTOCOLS = ("2025-11-25", NEWEST)
"""The protocol revisions for which the engine keeps a client of its own, oldest first."""


class Commanding:
    """What gives commands to the core."""

    async def _do(self, command: Callable[[EngineCore], Coroutine[Any, Any, CommandT]]) -> CommandT:
        """Run `command` on the engine's loop, once the server is ready, and return what it does.

        Raises:
            EngineError: there is no server.
        """
        raise NotImplementedError
