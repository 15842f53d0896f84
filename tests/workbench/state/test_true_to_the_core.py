"""What is folded from the facts of a breaker and of a pool is what they say of themselves, whatever happens to them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from server_core.breaker import CircuitBreaker
from server_core.bus import Event, EventBus
from server_core.errors import BreakerOpenError, InvalidArgumentsError
from server_core.manual_clock import ManualClock
from server_core.pool import ConnectionPool
from server_core.settings import BreakerSettings, PoolSettings
from tests.waiting import loop_turns
from workbench.state import Snapshot
from workbench.state.fold import reduce

STEPS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 7)), max_size=40)


class Listened:
    """A bus whose events are folded, beginning with what the thing itself says."""

    def __init__(self, clock: ManualClock) -> None:
        self.bus = EventBus(clock)
        self.events: list[Event] = []
        self.snapshot = Snapshot()
        self.bus.subscribe(self.events.append)

    def folded(self) -> Snapshot:
        self.snapshot = reduce(self.snapshot, self.events)
        self.events.clear()
        return self.snapshot


@settings(max_examples=150)
@given(STEPS)
def test_a_breaker(steps: list[tuple[int, int]]) -> None:
    clock = ManualClock()
    told = Listened(clock)
    breaker = CircuitBreaker("shop", BreakerSettings(2, 60), clock=clock, bus=told.bus)
    told.snapshot = Snapshot(breakers=(breaker.state(),))
    running: list[asyncio.Task[None]] = []
    ends: list[asyncio.Future[None]] = []

    async def call(end: asyncio.Future[None]) -> None:
        async def operation() -> None:
            await end

        with suppress(BreakerOpenError, OSError, InvalidArgumentsError):
            await breaker.call(operation)

    async def step(what: int, number: int) -> None:
        waiting = [end for end in ends if not end.done()]
        end = waiting[number % len(waiting)] if waiting else None
        if what <= 2:
            ends.append(asyncio.get_running_loop().create_future())
            running.append(asyncio.create_task(call(ends[-1])))
        elif what == 3 and end is not None:
            end.set_result(None)
        elif what == 4 and end is not None:
            end.set_exception(OSError("gone") if number % 2 else InvalidArgumentsError("odd"))
        elif what == 5 and running:
            running[number % len(running)].cancel()
        elif what == 6:
            clock.advance(number * 15)
        elif what == 7:
            (breaker.trip, breaker.reset, breaker.allow_probe)[number % 3]()
        await loop_turns(3)

    async def play() -> None:
        for what, number in steps:
            await step(what, number)
            (shown,) = told.folded().breakers
            state = breaker.state()
            # An epoch second is a sum of floats, made in another order.
            assert abs(shown.retry_at - state.retry_at) < 1e-3
            assert replace(shown, retry_at=0.0) == replace(state, retry_at=0.0)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    asyncio.run(play())


@settings(max_examples=150)
@given(STEPS)
def test_a_pool(steps: list[tuple[int, int]]) -> None:
    clock = ManualClock()
    told = Listened(clock)
    refusing = False

    async def create() -> object:
        await asyncio.sleep(0)
        if refusing:
            raise OSError("no route")
        return object()

    async def close(_connection: object) -> None:
        await asyncio.sleep(0)

    pool = ConnectionPool(
        "shop", create=create, close=close, settings=PoolSettings(1, 2), clock=clock, bus=told.bus
    )
    people: list[tuple[asyncio.Task[None], asyncio.Event]] = []

    async def hold(name: str, let_go: asyncio.Event) -> None:
        with suppress(OSError):
            async with pool.connection(name) as connection:
                await let_go.wait()
                if name.endswith("7"):
                    pool.discard(connection)

    async def play() -> None:
        nonlocal refusing
        await pool.open()
        told.events.clear()
        told.snapshot = Snapshot(pools=(pool.state(),))
        for what, number in steps:
            refusing = what == 8
            if what <= 3 or what == 8:
                let_go = asyncio.Event()
                people.append((asyncio.create_task(hold(f"caller {len(people)}", let_go)), let_go))
            elif what <= 5 and people:
                people[number % len(people)][1].set()
            elif what == 6 and people:
                people[number % len(people)][0].cancel()
            elif what == 7:
                clock.advance(number * 100.0)
            await loop_turns(8)
            (shown,) = told.folded().pools
            assert shown == pool.state()
        for task, _ in people:
            task.cancel()
        await asyncio.gather(*(task for task, _ in people), return_exceptions=True)
        await pool.aclose()

    asyncio.run(play())
