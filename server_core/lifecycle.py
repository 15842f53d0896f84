"""Starts modules, retries those that failed temporarily, and stops them."""

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
"""How long heavy modules wait for the others to start first."""

LOOK_SECONDS = 0.2
"""How often a module that could not start is checked for a fix."""

RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Pauses between retries of a module that may recover by itself; the last one repeats forever."""


class ModuleLifecycle:
    """Starts and stops a server's modules. Use on the server's loop only."""

    def __init__(self, core: Core, modules: Mapping[str, ModuleHost]) -> None:
        """`modules` is the server's own mapping, which may change at any time."""
        self._core = core
        self._modules = modules

    async def start(self, host: ModuleHost, before: Collection[asyncio.Task[None]] = ()) -> None:
        """Start a module once `before` have finished or had their head start, and notify clients of what it offers."""
        if before:
            await asyncio.wait(before, timeout=HEAD_START_SECONDS)
        self._core.bus.emit(ModuleStarting(host.module, host.instance.kind))
        changes = await self.bring_up(host)
        if changes is not None:
            await self._core.notices.publish_changes((), changes)
        else:
            self._core.background.spawn(self._start_later(host))

    async def bring_up(self, host: ModuleHost) -> ListChanges | None:
        """Start a module and put its items into the registry; returns `None` if it failed."""
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
        """Stop a module and remove its items; connected clients are notified."""
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
        """Forget breakers that no running module uses any more."""
        core = self._core
        kept = {name for host in self._modules.values() if host.status == "running" for name in host.breakers}
        for name in set(names) - kept:
            core.breakers.remove(name)

    async def _start_later(self, host: ModuleHost) -> None:
        """Retry until the module is running, fails for good, or was replaced or removed."""
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
        """Let the earlier module keep a name that two offer, whichever started faster."""
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
