"""The config of a running server, and how a new one is applied: module by module."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from server_core.bus import EventBus
from server_core.config import ConfigError, ServerConfig
from server_core.errors import CoreError, NotFoundError
from server_core.server import Server
from workbench.facts import ConfigApplied, ConfigRejected

from .changes import changes_between
from .errors import EngineError


class LiveConfig:
    """Applies configs, one at a time. Use it on the server's loop only.

    Attributes:
        config: The config in use.
    """

    def __init__(
        self,
        config: ServerConfig,
        *,
        server: Callable[[], Server],
        build: Callable[[ServerConfig], Server],
        bus: EventBus,
        restart: Callable[[Server], Awaitable[None]] | None = None,
    ) -> None:
        """Args:
        server: Returns the current server.
        build: Builds a server from a config, without starting it.
        restart: Replaces the running server with another one; without it, changes outside the modules' tables are
            applied at the next start.
        """
        self.config = config
        self._server = server
        self._build = build
        self._bus = bus
        self._restart = restart
        self._applying = asyncio.Lock()
        self._failed: set[str] = set()

    async def apply(self, config: ServerConfig) -> None:
        """See `Engine.apply`."""
        async with self._applying:
            changes = changes_between(self.config, config)
            try:
                # Build it before stopping anything: an invalid config then changes nothing.
                fresh = self._build(config)
            except ConfigError as error:
                raise EngineError(str(error)) from error
            self.config = config
            failures: dict[str, str] = {}
            if changes.restart and self._restart is not None:
                await self._restart(fresh)
            else:
                if changes.restart:
                    changes = replace(changes, restart=False)
                    self._bus.emit(
                        ConfigRejected(
                            "server.toml: changes of [server], [cache], [limits] and [breaker] need a restart"
                        )
                    )
                for name in changes.removed:
                    await self._server().remove_module(name)
                again = self._failed.intersection(fresh.modules).difference(changes.modules)
                failures = await self._put_modules(fresh, [*again, *changes.changed, *changes.added])
            self._failed = set(failures)
            taken = tuple(name for name in changes.modules if name not in failures)
            self._bus.emit(ConfigApplied(changes.restart, taken))
            for name, reason in failures.items():
                host = self._server().modules.get(name)
                if host is not None and host.status == "running":
                    host.note(f"{name}: {reason}; its previous version keeps running", trouble=True)
            if failures:
                raise EngineError("; ".join(f"{name}: {reason}" for name, reason in failures.items()))

    async def restart_module(self, name: str) -> None:
        """See `Engine.restart_module`."""
        async with self._applying:
            fresh = self._build(self.config)
            if name not in fresh.modules:
                raise EngineError(str(NotFoundError("module", name, fresh.modules)))
            failures = await self._put_modules(fresh, [name])
            if failures:
                self._failed.add(name)
                raise EngineError(failures[name])
            self._failed.discard(name)

    async def _put_modules(self, fresh: Server, names: Iterable[str]) -> dict[str, str]:
        """Start these modules' new instances; return the reasons of those that can't start."""
        failures: dict[str, str] = {}
        for name in names:
            try:
                await self._put_module(fresh, name)
            except CoreError as error:
                failures[name] = str(error)
        return failures

    async def _put_module(self, fresh: Server, name: str) -> None:
        """Move a module's new instance over from a server that was built but not started."""
        module = fresh.modules[name].instance
        server = self._server()
        host = server.modules.get(name)
        if host is not None and host.status == "running":
            await server.replace_module(module)
            return
        if host is not None:
            await server.remove_module(name)
        await server.add_module(module)
