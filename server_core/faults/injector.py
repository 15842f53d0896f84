"""Injects faults into requests, between the breaker and the handler, so that each behaves like a real failure."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import Any

from mcp.types import InputRequiredResult

from ..clock import Clock
from ..core import Core
from ..errors import UnavailableError
from ..events import ClockJumped, FaultActed, FaultCleared, FaultKind, FaultSet, FaultUsedUp
from ..inspection import FaultState
from ..items import TemplateItem
from ..protocol.connections import hang_up
from ..request import Request
from ..stages.stage import Handler, Item
from .active import ActiveFault
from .garbling import garbled
from .jumping import JumpingClock
from .spec import Fault, FaultSpecError, unknown_name

HANGING_UP_SECONDS = 1.0
"""How long a request waits for its dropped connection to end it."""


class FaultError(UnavailableError):
    """A request that failed because of an injected fault; the text names the fault."""


class FaultInjector:
    """The faults of a server, as a stage of its pipeline. Use on the server's loop only, except `fault_states`.

    Faults last until they are used up or cleared. They outlive the server that the injector is attached to, so that the
    next server can take them over. Without faults, requests pay nothing.
    """

    name = "faults"

    def __init__(self, core: Core, *, chance: Callable[[], float] = random.random) -> None:
        """Args:
        chance: returns random numbers from 0 to 1, which decide which requests a fault with a share hits.
        """
        self._chance = chance
        self._active: dict[tuple[str, FaultKind], ActiveFault] = {}
        self._ending: list[ActiveFault] = []
        self._attach(core)

    @property
    def _clock(self) -> Clock:
        return self._core.clock

    def move_to(self, core: Core) -> None:
        """Inject faults into `core` from now on, and no longer into the previous one."""
        self._core.pipeline.remove(self)
        self._attach(core)

    def set(self, fault: Fault) -> None:
        """Set `fault`, replacing any of the same name and kind. A clock jump without a name happens at once.

        Raises:
            FaultSpecError: the server's clock can't jump.
        """
        if fault.kind == "clock":
            self._jumping()
        if not fault.name:
            self._jump(fault.value)
            return
        key = fault.name, fault.kind
        self._active.pop(key, None)
        self._active[key] = ActiveFault(fault, self._clock.now())
        self._attach(self._core)
        self._core.bus.emit(FaultSet(fault.name, fault.kind, fault.how, fault.times))

    def check_name(self, name: str) -> None:
        """Check that the running server has something called `name`.

        Raises:
            FaultSpecError: it has not; the text suggests the nearest names.
        """
        registry = self._core.registry
        known = [
            *registry.tools,
            *registry.prompts,
            *registry.modules(),
            *(template.uri_template for template in registry.template_list()),
            *registry.resources,
        ]
        if name in known:
            return
        # An unlisted resource may match a template, which is written in braces.
        if "://" not in name or "{" in name or registry.match(name) is None:
            raise unknown_name(name, known)

    def clear(self, name: str = "", kind: FaultKind | None = None) -> int:
        """Remove the faults of that name and kind, or all of them; returns how many there were.

        A request that already hangs keeps hanging until its time limit, and a clock that jumped stays where it is.
        """
        gone = [key for key in self._active if (not name or key[0] == name) and kind in (None, key[1])]
        for key in gone:
            active = self._active.pop(key)
            self._core.bus.emit(FaultCleared(*key, active.acted))
        self._attach(self._core)
        return len(gone)

    def fault_states(self) -> tuple[FaultState, ...]:
        """The faults acting for the last time, then those that are set, in the order in which they were set."""
        return tuple(active.state() for active in (*self._ending, *self._active.values()))

    # -- the stage

    def applies(self, item: Item) -> bool:
        return True

    async def run(self, request: Request, item: Item, handler: Handler) -> Any:
        names = _names_of(request, item)
        if not any(name in names for name, _kind in self._active):
            return await handler()
        for kinds in (
            ("clock", "delay"),
            ("fail", "hang", "drop"),
        ):  # delays first, then what ends the request
            for active in self._hits(names, kinds):
                started = request.clock.monotonic()
                last = active.left == 0
                self._emit_acted(active, request)
                try:
                    await self._act(active.fault, request)
                finally:
                    request.trace.since("fault", started)
                    self._finish_use(active, last)
        answer = await handler()
        if answer is None or isinstance(answer, InputRequiredResult):
            return answer  # a followed stream: its pieces have been delivered
        for active in self._hits(names, ("garble",)):
            started = request.clock.monotonic()
            self._emit_acted(active, request)
            # A damaged result must not reach later readers, so the load named here is not cached.
            self._core.cache.invalidate(request.target, request.target.partition("?")[0])
            last = active.left == 0
            answer = garbled(answer, active.acted - 1)
            request.trace.since("fault", started)
            self._finish_use(active, last)
        return answer

    def _hits(self, names: tuple[str, ...], kinds: tuple[FaultKind, ...]) -> Iterator[ActiveFault]:
        """Yield and count the faults of these kinds that hit this request, in the order in which they were set."""
        for key, active in list(self._active.items()):
            fault = active.fault
            if fault.kind not in kinds or fault.name not in names or self._active.get(key) is not active:
                continue
            if fault.share is not None and self._chance() >= fault.share:
                continue
            active.acted += 1
            if active.left == 0:
                del self._active[key]
                self._ending.append(active)
                self._attach(self._core)
            yield active

    async def _act(self, fault: Fault, request: Request) -> None:
        if fault.kind == "fail":
            raise FaultError(f"{request.target} failed: injected fault {fault.text}.")
        if fault.kind == "delay":
            await request.clock.sleep(fault.value)
        elif fault.kind == "hang":
            await asyncio.Event().wait()
        elif fault.kind == "drop":
            if hang_up(request):
                await request.clock.sleep(HANGING_UP_SECONDS)
            raise FaultError(f"{request.target} lost its connection: injected fault {fault.text}.")
        elif fault.kind == "clock":
            self._jump(fault.value)

    def _emit_acted(self, active: ActiveFault, request: Request) -> None:
        fault, bus = active.fault, self._core.bus
        if bus.active:
            bus.emit(
                FaultActed(
                    fault.name,
                    fault.kind,
                    request.number,
                    request.target,
                    active.effect,
                    active.acted,
                    active.left,
                )
            )

    def _finish_use(self, active: ActiveFault, last: bool) -> None:
        """Finish one use of a fault; only after its `last` use is it used up, as one that hangs is still acting."""
        if last:
            self._ending.remove(active)
            self._core.bus.emit(FaultUsedUp(active.fault.name, active.fault.kind, active.acted))

    def _attach(self, core: Core) -> None:
        self._core = core
        core.pipeline.remove(self)
        if self._active:
            core.pipeline.add(self)

    def _jumping(self) -> JumpingClock:
        if not isinstance(self._clock, JumpingClock):
            raise FaultSpecError(
                "The server's clock can't jump: the server was created without a JumpingClock"
            )
        return self._clock

    def _jump(self, seconds: float) -> None:
        clock = self._jumping()
        clock.jump(seconds)
        self._core.bus.emit(ClockJumped(seconds, clock.ahead))


def _names_of(request: Request, item: Item) -> tuple[str, ...]:
    """The names a fault can have to hit this request."""
    names = (request.target, request.target.partition("?")[0], request.module)
    if isinstance(item, TemplateItem):
        return *names, item.definition.uri_template
    return names
