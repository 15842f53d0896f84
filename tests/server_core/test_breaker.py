from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS

from server_core.breaker import BREAKER_HISTORY, CircuitBreaker, counts_as_failure
from server_core.breakers import BreakerRegistry
from server_core.bus import EventBus
from server_core.errors import (
    BreakerOpenError,
    DeniedError,
    InvalidArgumentsError,
    NotFoundError,
    TimeLimitError,
    TooLargeError,
    UnavailableError,
)
from server_core.events import BreakerChanged, BreakerFailed, BreakerProbed, BreakerRecovered, BreakerRefused
from server_core.manual_clock import ManualClock
from server_core.settings import BreakerSettings
from tests.waiting import loop_turns, within

pytestmark = pytest.mark.anyio


class Bench:
    """A breaker that opens at 3 failures for 60 seconds, its clock, and the facts that it told."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.bus = EventBus(self.clock)
        self.facts: list[object] = []
        self.bus.subscribe(lambda event: self.facts.append(event.fact))
        self.breaker = CircuitBreaker("shop", BreakerSettings(3, 60), clock=self.clock, bus=self.bus)

    async def succeed(self) -> str:
        async def operation() -> str:
            return "fine"

        return await self.breaker.call(operation)

    async def fail(self, error: BaseException | None = None) -> None:
        raised = OSError("gone") if error is None else error

        async def operation() -> None:
            raise raised

        with pytest.raises(type(raised)):
            await self.breaker.call(operation)

    async def open(self) -> None:
        for _ in range(3):
            await self.fail()
        assert self.breaker.state().status == "open"

    def hanging(self) -> tuple[asyncio.Task[str], asyncio.Future[str]]:
        gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def operation() -> str:
            return await gate

        return asyncio.create_task(self.breaker.call(operation)), gate


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_failures_in_a_row_open_it_and_it_refuses_every_call(bench: Bench) -> None:
    await bench.open()
    bench.clock.advance(20)
    with pytest.raises(
        BreakerOpenError, match=r"'shop' is open: it allows a trial call in 40\.0 s"
    ) as refused:
        await bench.succeed()
    assert refused.value.retry_in == 40
    state = bench.breaker.state()
    assert (state.failures, state.refused, state.last_error) == (3, 1, "OSError: gone")
    assert state.retry_at == bench.clock.now() + 40


async def test_a_success_sets_the_count_of_failures_to_nothing(bench: Bench) -> None:
    for _ in range(4):
        await bench.fail()
        await bench.fail()
        assert await bench.succeed() == "fine"
    assert bench.breaker.state().status == "closed"
    assert bench.breaker.state().failures == 0
    assert bench.facts.count(BreakerRecovered("shop")) == 4


async def test_at_half_open_one_call_of_a_hundred_goes_through_and_its_success_closes_it(
    bench: Bench,
) -> None:
    await bench.open()
    bench.clock.advance(60)
    calls = [bench.hanging() for _ in range(100)]
    await loop_turns()
    refused = [task.exception() for task, _gate in calls[1:]]
    assert all(isinstance(error, BreakerOpenError) and error.retry_in == 0 for error in refused)
    assert bench.breaker.state().status == "half_open"
    assert bench.breaker.state().probing
    probe, gate = calls[0]
    gate.set_result("fine")
    assert await probe == "fine"
    state = bench.breaker.state()
    assert (state.status, state.failures, state.probing) == ("closed", 0, False)


async def test_a_probe_that_fails_opens_it_for_the_whole_time_again(bench: Bench) -> None:
    await bench.open()
    bench.clock.advance(75)
    await bench.fail()
    with pytest.raises(BreakerOpenError) as refused:
        await bench.succeed()
    assert refused.value.retry_in == 60


async def test_a_cancelled_probe_leaves_its_place_to_the_next_call(bench: Bench) -> None:
    await bench.open()
    bench.clock.advance(60)
    probe, _gate = bench.hanging()
    await loop_turns()
    probe.cancel()
    await asyncio.wait((probe,))
    assert not bench.breaker.state().probing
    assert await bench.succeed() == "fine"
    assert bench.breaker.state().status == "closed"


async def test_a_probe_that_ends_by_its_callers_mistake_says_nothing(bench: Bench) -> None:
    await bench.open()
    bench.clock.advance(60)
    await bench.fail(InvalidArgumentsError("no such column"))
    assert bench.breaker.state().status == "half_open"
    assert await bench.succeed() == "fine"
    assert bench.breaker.state().status == "closed"


async def test_late_results_of_an_earlier_period_count_for_nothing(bench: Bench) -> None:
    slow = [bench.hanging() for _ in range(4)]
    await loop_turns()
    await bench.open()
    slow[0][1].set_result("late")
    slow[1][1].set_exception(OSError("late"))
    await asyncio.wait([task for task, _gate in slow[:2]])
    assert bench.breaker.state().status == "open"
    bench.clock.advance(60)
    probe, gate = bench.hanging()
    await loop_turns()
    slow[2][1].set_result("late")
    slow[3][1].set_exception(OSError("late"))
    await asyncio.wait([task for task, _gate in slow[2:]])
    assert bench.breaker.state().probing
    assert [str(slow[index][0].exception()) for index in (1, 3)] == ["late", "late"]
    gate.set_result("fine")
    await probe
    assert bench.breaker.state().status == "closed"


async def test_it_can_be_tripped_probed_and_reset_by_hand(bench: Bench) -> None:
    bench.breaker.trip()
    with pytest.raises(BreakerOpenError):
        await bench.succeed()
    bench.clock.advance(30)
    bench.breaker.trip("again")
    assert bench.breaker.state().retry_at == bench.clock.now() + 60
    bench.breaker.allow_probe()
    assert bench.breaker.state().status == "half_open"
    assert await bench.succeed() == "fine"
    bench.breaker.trip()
    bench.breaker.reset("the network is back")
    assert await bench.succeed() == "fine"
    assert [(change.before, change.after, change.reason) for change in bench.breaker.state().history] == [
        ("closed", "open", "by hand"),
        ("open", "open", "again"),
        ("open", "half_open", "by hand"),
        ("half_open", "closed", "trial call succeeded"),
        ("closed", "open", "by hand"),
        ("open", "closed", "the network is back"),
    ]


async def test_a_reset_while_a_probe_runs_makes_its_result_count_for_nothing(bench: Bench) -> None:
    await bench.open()
    bench.clock.advance(60)
    probe, gate = bench.hanging()
    await loop_turns()
    bench.breaker.reset()
    gate.set_exception(OSError("late"))
    await asyncio.wait((probe,))
    assert isinstance(probe.exception(), OSError)
    assert bench.breaker.state().failures == 0
    bench.breaker.allow_probe()
    assert bench.breaker.state().status == "closed"


async def test_a_reset_of_a_closed_breaker_forgets_its_failures(bench: Bench) -> None:
    await bench.fail()
    bench.breaker.reset()
    bench.breaker.reset()
    assert bench.breaker.state().failures == 0
    assert bench.facts[1:] == [BreakerRecovered("shop")]


async def test_calls_under_way_at_a_reset_count_for_nothing(bench: Bench) -> None:
    await bench.fail()
    slow, gate = bench.hanging()
    await loop_turns()
    bench.breaker.reset()
    gate.set_exception(OSError("late"))
    await asyncio.wait((slow,))
    assert isinstance(slow.exception(), OSError)
    assert bench.breaker.state().failures == 0


async def test_every_step_is_told_as_a_fact(bench: Bench) -> None:
    await bench.open()
    with pytest.raises(BreakerOpenError):
        await bench.succeed()
    bench.clock.advance(60)
    await bench.succeed()
    reason = "3 failures in a row: OSError: gone"
    assert bench.facts == [
        BreakerFailed("shop", 1, 3, "OSError: gone"),
        BreakerFailed("shop", 2, 3, "OSError: gone"),
        BreakerFailed("shop", 3, 3, "OSError: gone"),
        BreakerChanged("shop", "closed", "open", 3, 60, reason),
        BreakerRefused("shop", 60),
        BreakerChanged("shop", "open", "half_open", 3, 0, "reset timeout passed"),
        BreakerProbed("shop", True),
        BreakerChanged("shop", "half_open", "closed", 0, 0, "trial call succeeded"),
    ]


async def test_a_probe_that_says_nothing_is_told_to_have_left_its_place(bench: Bench) -> None:
    await bench.open()
    bench.breaker.allow_probe()
    await bench.fail(InvalidArgumentsError("odd"))
    assert bench.facts[-2:] == [BreakerProbed("shop", True), BreakerProbed("shop", False)]


async def test_its_history_is_bounded_and_a_long_error_is_told_in_one_short_line(bench: Bench) -> None:
    for _ in range(BREAKER_HISTORY):
        bench.breaker.trip()
    bench.breaker.reset("last")
    history = bench.breaker.state().history
    assert len(history) == BREAKER_HISTORY
    assert history[-1].reason == "last"
    await bench.fail(OSError("first line\n" + "x" * 500))
    assert bench.breaker.state().last_error == "OSError: first line"
    await bench.fail(OSError("x" * 500))
    assert len(bench.breaker.state().last_error) == 200


async def test_a_cancelled_call_never_counts_whatever_the_owner_of_the_breaker_says() -> None:
    breaker = CircuitBreaker(
        "strict", BreakerSettings(1, 60), clock=ManualClock(), bus=EventBus(), counts=lambda _error: True
    )
    task = asyncio.create_task(breaker.call(asyncio.get_running_loop().create_future))
    await loop_turns()
    task.cancel()
    await asyncio.wait((task,))
    assert breaker.state().status == "closed"
    assert breaker.state().failures == 0


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (OSError(), True),
        (TimeoutError(), True),
        (TimeLimitError("slow"), True),
        (UnavailableError("no connection"), True),
        (SystemExit(1), True),
        (MCPError(INTERNAL_ERROR, "broken"), True),
        (MCPError(INVALID_PARAMS, "wrong"), False),
        (InvalidArgumentsError("wrong"), False),
        (NotFoundError("table", "x"), False),
        (DeniedError("no"), False),
        (TooLargeError("big"), False),
        (BreakerOpenError("other", 1), False),
        (asyncio.CancelledError(), False),
        (ExceptionGroup("both", [DeniedError("no"), NotFoundError("table", "x")]), False),
        (ExceptionGroup("both", [DeniedError("no"), OSError()]), True),
    ],
    ids=repr,
)
def test_what_speaks_against_the_guarded_thing_counts_and_a_callers_mistake_does_not(
    error: BaseException, counts: bool
) -> None:
    assert counts_as_failure(error) is counts


@pytest.mark.parametrize("named", ["TimeoutError", "builtins.TimeoutError", "OSError"])
async def test_what_the_settings_name_counts_for_nothing_with_all_that_is_derived_from_it(
    bench: Bench, named: str
) -> None:
    bench.breaker.settings = BreakerSettings(1, 60, (named,))
    await bench.fail(TimeoutError("slow"))
    await bench.fail(ExceptionGroup("both", [TimeoutError("slow"), TimeoutError("slow")]))
    assert bench.breaker.state().status == "closed"
    await bench.fail(ExceptionGroup("both", [TimeoutError("slow"), ValueError("really")]))
    assert bench.breaker.state().status == "open"


async def test_an_ignored_error_of_the_probe_leaves_its_place_to_the_next_call(bench: Bench) -> None:
    await bench.open()
    bench.breaker.settings = BreakerSettings(3, 60, ("ValueError",))
    bench.clock.advance(61)
    await bench.fail(ValueError("says nothing"))
    assert bench.breaker.state().status == "half_open"
    assert await bench.succeed() == "fine"
    assert bench.breaker.state().status == "closed"


async def test_of_a_thousand_callers_at_a_half_open_breaker_exactly_one_goes_through(bench: Bench) -> None:
    await bench.open()
    bench.clock.advance(60)
    through = 0
    release = asyncio.Event()

    async def operation() -> None:
        nonlocal through
        through += 1
        await release.wait()

    callers = [asyncio.create_task(bench.breaker.call(operation)) for _ in range(1000)]
    await loop_turns(3)
    assert through == 1
    release.set()
    ends = await within(asyncio.gather(*callers, return_exceptions=True), "everybody has ended")
    assert sum(isinstance(end, BreakerOpenError) for end in ends) == 999
    assert through == 1
    assert bench.breaker.state().status == "closed"


async def test_a_probe_by_hand_asks_at_once_and_tells_what_came_of_it(bench: Bench) -> None:
    breaker, asked = bench.breaker, 0
    trouble: BaseException | None = OSError("no route")

    async def ask() -> None:
        nonlocal asked
        asked += 1
        if trouble is not None:
            raise trouble

    breaker.prober = ask
    assert await breaker.probe() == "the breaker is closed: nothing to try"
    await bench.open()
    assert await breaker.probe() == "trial call failed: OSError: no route"
    assert breaker.state().status == "open"
    assert breaker.state().retry_at == bench.clock.now() + 60, "it waits anew"
    trouble = None
    assert await breaker.probe() == "it works again, now closed"
    assert breaker.state().status == "closed"
    assert asked == 2


async def test_where_nobody_can_ask_the_next_call_is_the_probe(bench: Bench) -> None:
    await bench.open()
    assert await bench.breaker.probe() == "the next call is the trial call"
    assert bench.breaker.state().status == "half_open"
    assert await bench.breaker.probe() == "the next call is the trial call"
    assert await bench.succeed() == "fine"
    assert bench.breaker.state().status == "closed"


def test_the_registry_makes_each_breaker_once_and_takes_new_settings() -> None:
    registry = BreakerRegistry(BreakerSettings(5, 60), clock=ManualClock(), bus=EventBus())
    shop = registry.get("shop")
    assert registry.get("shop") is shop
    assert shop.settings == BreakerSettings(5, 60)
    assert registry.get("shop", BreakerSettings(2, 10)) is shop
    assert registry.get("shop").settings == BreakerSettings(2, 10)
    host = registry.get("host", BreakerSettings(1, 1))
    assert registry.all() == (shop, host)
    registry.remove("shop")
    registry.remove("never there")
    assert registry.all() == (host,)


# -- against a model


class Model:
    """The rules, said once more: what a call may do, and what its end does."""

    def __init__(self) -> None:
        self.status = "closed"
        self.failures = 0
        self.retry_at = 0.0
        self.period = 0
        self.probing = False

    def go(self, status: str, now: float) -> None:
        self.status, self.period, self.probing = status, self.period + 1, False
        if status == "open":
            self.retry_at = now + 60

    def admits(self, now: float) -> bool:
        if self.status == "open" and now >= self.retry_at:
            self.go("half_open", now)
        if self.status == "half_open" and not self.probing:
            self.probing = True
            return True
        return self.status == "closed"

    def ended(self, how: str, period: int, now: float) -> None:
        if period != self.period:
            return
        probe, self.probing = self.probing, False
        if how == "ok":
            self.failures = 0
            if probe:
                self.go("closed", now)
        elif how == "fail":
            self.failures += 1
            if probe or self.failures >= 3:
                self.go("open", now)

    def by_hand(self, what: str, now: float) -> None:
        if what == "trip":
            self.go("open", now)
        elif what == "reset":
            if self.status != "closed" or self.failures:
                self.go("closed", now)
            self.failures = 0
        elif self.status == "open":
            self.go("half_open", now)


model_steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["call", "call", "call", "fail", "fail", "fail", "ok", "mistake", "cancel", "wait", "hand"]
        ),
        st.integers(0, 20),
    ),
    max_size=60,
)


@settings(max_examples=150)
@given(model_steps)
def test_the_breaker_agrees_with_its_model_whatever_the_interleaving(steps: list[tuple[str, int]]) -> None:
    @dataclass
    class Call:
        task: asyncio.Task[Any]
        gate: asyncio.Future[str]
        period: int

    def guarded(gate: asyncio.Future[str]) -> Callable[[], Awaitable[str]]:
        async def operation() -> str:
            return await gate

        return operation

    async def run() -> None:
        bench, model = Bench(), Model()
        running: list[Call] = []
        refused = 0
        for step, number in steps:
            now = bench.clock.monotonic()
            if step == "call":
                gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()
                admitted = model.admits(now)
                task = asyncio.create_task(bench.breaker.call(guarded(gate)))
                await loop_turns(2)
                assert task.done() is not admitted
                if admitted:
                    running.append(Call(task, gate, model.period))
                else:
                    refused += 1
                    assert isinstance(task.exception(), BreakerOpenError)
            elif step == "wait":
                bench.clock.advance(number * 5)
            elif step == "hand":
                what = ["trip", "reset", "allow_probe"][number % 3]
                model.by_hand(what, now)
                getattr(bench.breaker, what)()
            elif running:
                call = running.pop(number % len(running))
                if step == "ok":
                    call.gate.set_result("fine")
                elif step == "fail":
                    call.gate.set_exception(OSError("gone"))
                elif step == "mistake":
                    call.gate.set_exception(DeniedError("no"))
                else:
                    call.task.cancel()
                await asyncio.wait((call.task,))
                assert call.task.cancelled() or step == "ok" or call.task.exception() is not None
                model.ended(step, call.period, now)
            state = bench.breaker.state()
            assert (state.status, state.failures, state.probing) == (
                model.status,
                model.failures,
                model.probing,
            )
            assert state.refused == refused
        for call in running:
            call.task.cancel()
        await asyncio.gather(*(call.task for call in running), return_exceptions=True)

    asyncio.run(within(run(), "the steps"))
