"""How a command reaches the core from any event loop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .core import EngineCore

CommandT = TypeVar("CommandT")

NEWEST = "2026-07-28"
PROTOCOLS = ("2025-11-25", NEWEST)
"""The protocol revisions that the engine has a client for, oldest first."""


class Commanding:
    """The base of classes that give commands to the core."""

    async def _do(self, command: Callable[[EngineCore], Coroutine[Any, Any, CommandT]]) -> CommandT:
        """Run `command` on the engine's loop once the server is ready, and return its result.

        Raises:
            EngineError: There is no server.
        """
        raise NotImplementedError
