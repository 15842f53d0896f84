"""Takes the project's config over again whenever its file is saved."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from server_core.watching import LOOK_SECONDS, FileWatch
from workbench.facts import ConfigRejected

from .errors import EngineError

if TYPE_CHECKING:
    from server_core.clock import Clock
    from server_core.config import ServerConfig
    from workbench.project import Project


class ConfigFollower:
    """Brings each saved version of the file into force, or says why it can't be."""

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
        apply: brings a config into force; raises `EngineError` where it can't be, or in parts only.
        """
        self._project = project
        self._in_force = in_force
        self._apply = apply
        self._emit = emit
        self._clock = clock

    async def follow(self) -> None:
        """Follow the file until cancelled. On the server's loop."""
        watch = FileWatch([self._project.config_path])
        # What was saved while the server started.
        await self._take_over(unchanged=self._in_force())
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            if await asyncio.to_thread(watch.look):
                await self._take_over()

    async def _take_over(self, unchanged: ServerConfig | None = None) -> None:
        """Bring the file as it is now into force, or say why it can't be; then what was before stays."""
        try:
            config = await asyncio.to_thread(self._project.load)
        except Exception as error:  # whatever it is, what runs must go on
            gone = not self._project.config_path.exists()
            self._emit(ConfigRejected(self._gone() if gone else str(error) or type(error).__name__))
            return
        if config == unchanged:
            return
        # Modules that can't start have each told so themselves.
        with contextlib.suppress(EngineError):
            await self._apply(config)

    def _gone(self) -> str:
        folder = self._project.folder
        what = self._project.config_path.name if folder.is_dir() else f"the project's folder {folder}"
        return f"{what} is gone; the server runs on with what it has read"
