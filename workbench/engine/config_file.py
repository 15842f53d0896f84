"""Applies the project's config whenever its file is saved."""

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
    """Applies each saved version of the file, or reports why it can't be applied."""

    def __init__(
        self,
        project: Project,
        in_force: Callable[[], ServerConfig],
        apply: Callable[[ServerConfig], Awaitable[None]],
        emit: Callable[[object], None],
        clock: Clock,
    ) -> None:
        """Args:
        in_force: Returns the config that the server is using.
        apply: Applies a config; raises `EngineError` if it can't be applied completely.
        """
        self._project = project
        self._in_force = in_force
        self._apply = apply
        self._emit = emit
        self._clock = clock

    async def follow(self) -> None:
        """Follow the file until cancelled. Runs on the server's loop."""
        watch = FileWatch([self._project.config_path])
        # Apply what was saved while the server started.
        await self._take_over(unchanged=self._in_force())
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            if await asyncio.to_thread(watch.look):
                await self._take_over()

    async def _take_over(self, unchanged: ServerConfig | None = None) -> None:
        """Apply the current file, or report why it can't be applied and keep the previous config."""
        try:
            config = await asyncio.to_thread(self._project.load)
        except Exception as error:  # whatever happens, the server must keep running
            gone = not self._project.config_path.exists()
            self._emit(ConfigRejected(self._gone() if gone else str(error) or type(error).__name__))
            return
        if config == unchanged:
            return
        # Each module that can't start has reported it already.
        with contextlib.suppress(EngineError):
            await self._apply(config)

    def _gone(self) -> str:
        folder = self._project.folder
        what = self._project.config_path.name if folder.is_dir() else f"the project's folder {folder}"
        return f"{what} is gone; the server keeps running with its last config"
