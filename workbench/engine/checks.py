"""Checks the running server, as `workbench check` does, whenever its modules change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from server_core.bus import Event, EventBus
from server_core.events import FunctionsReloaded, ModuleFailed, ModuleStarted, ModuleStopped, OfferChanged
from workbench.checking import live_findings
from workbench.facts import ConfigApplied, ProjectChecked

if TYPE_CHECKING:
    from server_core.clock import Clock
    from server_core.server import Server
    from workbench.finding import Finding
    from workbench.project import Project

LOOK_SECONDS = 0.5
CHANGES = (ConfigApplied, FunctionsReloaded, ModuleFailed, ModuleStarted, ModuleStopped, OfferChanged)


class ProjectChecks:
    """Emits `ProjectChecked` with each new set of findings. A burst of changes causes one check."""

    def __init__(self, project: Project, server: Callable[[], Server], bus: EventBus, clock: Clock) -> None:
        self._project = project
        self._server = server
        self._bus = bus
        self._clock = clock
        self._due = True

    async def follow(self) -> None:
        """Check after each change until cancelled. Runs on the engine's loop."""
        close = self._bus.subscribe(self._hear)
        known: tuple[tuple[str, Finding], ...] = ()
        try:
            while True:
                await self._clock.sleep(LOOK_SECONDS)
                if not self._due:
                    continue
                self._due = False
                try:
                    found = tuple(await asyncio.to_thread(live_findings, self._project, self._server()))
                except Exception:  # a module changed during the check; the server must keep running
                    logging.getLogger(__name__).debug("checking the project failed", exc_info=True)
                    continue
                if found != known:
                    known = found
                    self._bus.emit(ProjectChecked(found))
        finally:
            close()

    def _hear(self, event: Event) -> None:
        # On any thread.
        if isinstance(event.fact, CHANGES):
            self._due = True
