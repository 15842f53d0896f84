"""The running server, as seen by one of its modules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from mcp.types import CallToolResult, InputRequiredResult

from .breaker import CircuitBreaker
from .core import Core
from .errors import ModuleStartError
from .events import ModuleFailed, ModuleNoted, OfferChanged
from .inspection import ModuleState, ModuleStatus
from .items import Contents, Offer, ResourceItem, TakePiece, ToolItem
from .module import Module
from .registry import Clash, ListChanges
from .request import Request
from .settings import BreakerSettings
from .stages.stage import Stage

if TYPE_CHECKING:
    from .pool import ConnectionPool

HostedT = TypeVar("HostedT")


class ModuleHost:
    """One module's access to its server: implements `ModuleContext` and remembers what to undo at the stop."""

    def __init__(self, core: Core, module: Module) -> None:
        self._core = core
        self.instance = module
        self.module = module.name
        self.base = core.base
        self.bus = core.bus
        self.clock = core.clock
        self.cache = core.cache
        self.limits = core.limits
        self.development = core.development
        self.status: ModuleStatus = "starting"
        self.reason = ""
        self.passing = False
        self.text = ""
        self.trouble = False
        self.pending = Offer()
        self.pools: list[ConnectionPool[Any]] = []
        self.breakers: set[str] = set()
        self._stages: list[Stage] = []
        self._tasks: set[asyncio.Task[None]] = set()

    # -- for the module

    @property
    def lifespan(self) -> Any:
        return self._core.lifespan.value

    def offer(self, offer: Offer) -> None:
        self.pending = offer
        if self.status == "running":
            clashes = self._core.registry.clashes(self.module, offer)
            if clashes:
                raise ModuleStartError(clash_text(self.instance, clashes[0]))
            self.commit()

    def change_resources(self, added: Sequence[ResourceItem], removed: Sequence[str]) -> None:
        if self.status != "running":
            return
        clashes = self._core.registry.change_resources(self.module, added, removed)
        if clashes:
            self.note(f"{clashes[0].name} is already offered by module {clashes[0].owner}")
        self._emit_offer()

    async def publish(
        self,
        *,
        updated: Iterable[str] = (),
        resources: bool = False,
        tools: bool = False,
        prompts: bool = False,
    ) -> None:
        uris = list(dict.fromkeys(updated))
        if uris:
            self.cache.invalidate(*uris)
        await self._core.notices.publish_changes(uris, ListChanges(tools, resources, prompts))

    def invalidate(self, *tags: str) -> None:
        self.cache.invalidate(*(tags or (self.module,)))

    def breaker(self, name: str, settings: BreakerSettings | None = None) -> CircuitBreaker:
        self.breakers.add(name)
        return self._core.breakers.get(name, settings)

    def add_pool(self, pool: ConnectionPool[Any]) -> None:
        self.pools.append(pool)

    def add_stage(self, stage: Stage, *, before: str = "handler") -> None:
        self._core.pipeline.add(stage, before=before)
        self._stages.append(stage)

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(self._watched(coroutine, name), name=f"{self.module}: {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A module that stops at once may cancel this before its first step, so that it never awaits the coroutine.
        task.add_done_callback(lambda _task: coroutine.close())

    async def run_sync(self, function: Callable[[], HostedT]) -> HostedT:
        return await self._core.workers.run(function)

    async def call_tool(
        self, request: Request, name: str, arguments: dict[str, Any]
    ) -> CallToolResult | InputRequiredResult:
        return await self._core.pipeline.call_tool(request, name, arguments)

    async def read(self, request: Request, uri: str) -> Contents:
        return (await self._core.pipeline.read(request, uri)).contents

    async def follow(self, request: Request, uri: str, take: TakePiece) -> None:
        await self._core.pipeline.follow(request, uri, take)

    def tools(self) -> Mapping[str, ToolItem]:
        return {name: owned.item for name, owned in self._core.registry.tools.items()}

    def resources(self) -> Mapping[str, ResourceItem]:
        return {uri: owned.item for uri, owned in self._core.registry.resources.items()}

    def note(self, text: str, *, trouble: bool = False) -> None:
        if (text, trouble) != (self.text, self.trouble):
            self.text, self.trouble = text, trouble
            self.bus.emit(ModuleNoted(self.module, text, trouble))

    def report(self, error: BaseException, where: str) -> str:
        return self._core.reporter.report(error, where)

    # -- for the server

    def commit(self) -> ListChanges:
        """Put the module's items into the registry."""
        changes = self._core.registry.put(self.module, self.pending)
        self.pending = Offer()
        if self.status == "running":
            self._emit_offer()
        return changes

    def state(self) -> ModuleState:
        """The module's state, as shown by `inspect`."""
        tools, resources, templates, prompts = self._core.registry.counts(self.module)
        return ModuleState(
            self.module,
            self.instance.kind,
            self.status,
            tools,
            resources,
            templates,
            prompts,
            self.text,
            self.reason,
            self.trouble,
        )

    def fail(self, reason: str, *, passing: bool = False) -> None:
        """Mark the module as failed: it could not start or broke down. Emits a fact only if the reason is new."""
        known = self.status == "failed" and self.reason == reason
        self.status = "failed"
        self.reason = reason
        self.passing = passing
        if not known:
            self.bus.emit(ModuleFailed(self.module, self.instance.kind, reason))

    async def release(self) -> None:
        """Cancel the module's background work and stop it; a failure of `stop` is reported, not raised."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self.instance.stop()
        except Exception as error:
            self.report(error, f"stopping {self.module}")
        self.pools.clear()
        for stage in self._stages:
            self._core.pipeline.remove(stage)
        self._stages.clear()

    def _emit_offer(self) -> None:
        if self.bus.active:
            self.bus.emit(OfferChanged(self.module, *self._core.registry.counts(self.module)))

    async def _watched(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await coroutine
        except asyncio.CancelledError:
            raise
        except Exception as error:
            reference = self.report(error, f"{self.module}: {name}")
            self.fail(f"{name} failed: {error} (reference {reference})")


def clash_text(module: Module, clash: Clash) -> str:
    """Why a module can't offer something that another one already offers, and what to do."""
    return (
        f"{clash.kind} {clash.name!r} is already offered by module {clash.owner!r}; "
        f"{module.clash_hint(clash.name)}"
    )
