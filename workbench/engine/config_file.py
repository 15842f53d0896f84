"""Takes the project's config over again whenever its file is saved."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from workbench.facts import ConfigRejected

from .errors import EngineError

if TYPE_CHECKING:
    from server_core.clock import Clock
    from server_core.config import ServerConfig
    from workbench.project import Project

LOOK_SECONDS = 0.5

Signature = tuple[int, int, int]


class ConfigFollower:
    """Looks at the file now and then: it is one file, and may be replaced, linked or on a network's disk."""

    def __init__(
        self,
        project: Project,
        in_force: Callable[[], ServerConfig],
        apply: Callable[[ServerConfig], Awaitable[None]],
        emit: Callable[[object], None],
        clock: Clock,
    ) -> None:
        """Args:
        in_force: the config that the server runs by.
        apply: brings a config into force; raises `EngineError` where parts of it can't be.
        """
        self._project = project
        self._in_force = in_force
        self._apply = apply
        self._emit = emit
        self._clock = clock
        self._seen: Signature | None = None

    async def follow(self) -> None:
        """Look for ever, until it is cancelled. On the engine's loop."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            now = self._signature()
            if now is not None and now != self._seen:
                # The first look is for what was saved while the server started.
                first, self._seen = self._seen is None, now
                await self._take_over(first)

    async def _take_over(self, first: bool) -> None:
        """Bring the file as it is now into force, or tell why it can't be; then what was before stays."""
        try:
            config = await asyncio.to_thread(self._project.load)
        except Exception as error:  # whatever it is, what runs must go on
            self._emit(ConfigRejected(str(error) or type(error).__name__))
            return
        if first and config == self._in_force():
            return
        # Modules that can't start have each told so themselves.
        with contextlib.suppress(EngineError):
            await self._apply(config)

    def _signature(self) -> Signature | None:
        try:
            state = self._project.config_path.stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino
