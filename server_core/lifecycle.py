"""How a module comes up, comes up later by itself, and goes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection, Iterable, Mapping

from .core import Core
from .errors import ModuleStartError
from .events import ModuleStarted, ModuleStarting, ModuleStopped
from .host import ModuleHost, clash_text
from .module import Module
from .registry import ListChanges

HEAD_START_SECONDS = 0.5
"""How long the start of heavy modules waits for that of the others."""

LOOK_SECONDS = 0.2
"""How often a module that could not start is asked whether it has been fixed."""

RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""The pauses between tries of a module whose trouble may pass; the last one for ever."""


class ModuleLifecycle:
    """Starts and stops a server's modules. On the server's loop only."""

    def __init__(self, core: Core, modules: Mapping[str, ModuleHost]) -> None:
        """`modules` are the server's, as they are at any time."""
        self._core = core
        self._modules = modules

    async def start(self, host: ModuleHost, before: Collection[asyncio.Task[None]] = ()) -> None:
        """Start a module, when `before` are done or had their time, and tell clients of what it offers."""
        if before:
            await asyncio.wait(before, timeout=HEAD_START_SECONDS)
        self._core.bus.emit(ModuleStarting(host.module, host.instance.kind))
        changes = await self.bring_up(host)
        if changes is not None:
            await self._core.notices.publish_changes((), changes)
        else:
            self._core.background.spawn(self._start_later(host))

    async def bring_up(self, host: ModuleHost) -> ListChanges | None:
        """Start a module and put what it offers into the registry; `None` when it failed."""
        core, module = self._core, host.instance
        started = core.clock.monotonic()
        try:
            await module.start(host)
            self._settle_clashes(host)
        except Exception as error:
            anticipated = isinstance(error, ModuleStartError)
            reason = str(error) if anticipated else self._unexpected(error, module)
            passing = isinstance(error, ModuleStartError) and error.passing
            host.fail(reason.splitlines()[0] if reason else type(error).__name__, passing=passing)
            await host.release()
            return None
        except asyncio.CancelledError:
            host.status = "stopped"
            await host.release()
            raise
        changes = host.commit()
        host.status = "running"
        seconds = core.clock.monotonic() - started
        core.bus.emit(ModuleStarted(module.name, module.kind, seconds, *core.registry.counts(module.name)))
        return changes

    async def stop(self, host: ModuleHost) -> None:
        """Stop a module and take back what it offered; connected clients are told."""
        if host.status == "stopped":
            return
        core = self._core
        was_running = host.status == "running"
        host.status = "stopped"
        changes = core.registry.remove(host.module)
        core.cache.invalidate(host.module)
        await core.notices.publish_changes((), changes)
        if was_running:
            await host.release()
        self.drop_breakers(host.breakers)
        core.bus.emit(ModuleStopped(host.module, host.instance.kind))

    def drop_breakers(self, names: Iterable[str]) -> None:
        """Forget breakers that no running module has any more."""
        core = self._core
        kept = {name for host in self._modules.values() if host.status == "running" for name in host.breakers}
        for name in set(names) - kept:
            core.breakers.remove(name)

    async def _start_later(self, host: ModuleHost) -> None:
        """Try again until the module runs, never will, or was replaced or removed."""
        pauses = itertools.chain(RETRY_SECONDS, itertools.repeat(RETRY_SECONDS[-1]))
        while self._failed(host):
            due: bool | None = True
            if host.passing:
                await self._core.clock.sleep(next(pauses))
            else:
                due = await host.instance.fixed()
                if due is None:
                    return
                if not due:
                    await self._core.clock.sleep(LOOK_SECONDS)
            if due and self._failed(host):
                changes = await self.bring_up(host)
                if changes is not None:
                    await self._core.notices.publish_changes((), changes)

    def _failed(self, host: ModuleHost) -> bool:
        return self._modules.get(host.module) is host and host.status == "failed"

    def _unexpected(self, error: Exception, module: Module) -> str:
        reference = self._core.reporter.report(error, f"starting {module.name}")
        return f"{type(error).__name__}: {error} (reference {reference})"

    def _settle_clashes(self, host: ModuleHost) -> None:
        """The module that stands first keeps a name that two offer, whichever started faster."""
        core = self._core
        mine = core.registry.order(host.module)
        for clash in core.registry.clashes(host.module, host.pending):
            if core.registry.order(clash.owner) < mine:
                raise ModuleStartError(clash_text(host.instance, clash))
            loser = self._modules[clash.owner]
            if loser.status == "running":
                reason = clash_text(loser.instance, clash._replace(owner=host.module))
                core.registry.remove(clash.owner)
                loser.fail(reason)
                core.background.spawn(loser.release())
