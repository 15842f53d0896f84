from __future__ import annotations

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server_core.bus import EventBus
from server_core.cache import Cached, ResourceCache
from server_core.events import CacheEvicted, CacheHit, CacheMissed, CacheStored
from server_core.manual_clock import ManualClock
from server_core.settings import CacheSettings
from tests.waiting import loop_turns, within

pytestmark = pytest.mark.anyio

colour: ContextVar[str] = ContextVar("colour", default="none")


class Loads:
    """Loads that answer when they are told to."""

    def __init__(self) -> None:
        self.gates: list[asyncio.Future[tuple[Any, int]]] = []

    async def __call__(self) -> tuple[Any, int]:
        gate: asyncio.Future[tuple[Any, int]] = asyncio.get_running_loop().create_future()
        self.gates.append(gate)
        return await gate


def a_cache(max_size: int = 10, ttl: float = 60.0, max_bytes: int = 10_000) -> ResourceCache:
    clock = ManualClock()
    return ResourceCache(CacheSettings(max_size, ttl, max_bytes), clock=clock, bus=EventBus(clock))


def answer(value: Any, size: int = 1) -> Callable[[], Awaitable[tuple[Any, int]]]:
    async def load() -> tuple[Any, int]:
        return value, size

    return load


def keys(cache: ResourceCache) -> list[str]:
    return [entry.key for entry in cache.entries()]


async def test_a_second_read_is_answered_from_the_cache_with_its_age() -> None:
    clock = ManualClock()
    cache = ResourceCache(CacheSettings(ttl=60), clock=clock, bus=EventBus())
    assert await cache.get_or_load("a", answer("first")) == Cached("first", False, 0.0, 60.0)
    clock.advance(25)
    assert await cache.get_or_load("a", answer("second")) == Cached("first", True, 25.0, 35.0)
    assert cache.get("a") == Cached("first", True, 25.0, 35.0)
    assert cache.get("b") is None
    state = cache.state()
    assert (state.hits, state.misses, state.entries, state.hit_rate) == (2, 2, 1, 0.5)


async def test_an_entry_dies_of_age() -> None:
    clock = ManualClock()
    cache = ResourceCache(CacheSettings(ttl=60), clock=clock, bus=EventBus())
    await cache.get_or_load("a", answer("first"))
    clock.advance(60)
    assert (await cache.get_or_load("a", answer("second"))).value == "second"
    assert cache.state().expired == 1


async def test_the_entry_used_longest_ago_makes_room() -> None:
    cache = a_cache(max_size=2)
    await cache.get_or_load("a", answer(1))
    await cache.get_or_load("b", answer(2))
    cache.get("a")
    await cache.get_or_load("c", answer(3))
    assert keys(cache) == ["c", "a"]
    assert cache.state().evicted == 1


async def test_bytes_are_bounded_and_the_largest_values_are_not_kept() -> None:
    cache = a_cache(max_bytes=100)
    for key in "abcd":
        await cache.get_or_load(key, answer(key, 24))
    assert cache.state().total_bytes == 100
    large = await cache.get_or_load("l", answer("large", 25))
    assert (large.value, large.ttl_left) == ("large", 0.0)
    assert keys(cache) == ["d", "c", "b", "a"]
    await cache.get_or_load("e", answer("e", 9))
    assert keys(cache) == ["e", "d", "c", "b"]
    assert cache.state().total_bytes == 85


async def test_an_entry_is_dropped_by_its_key_and_by_any_of_its_tags() -> None:
    cache = a_cache()
    await cache.get_or_load("file:///a?page=1", answer(1), tags=("file:///a", "docs"))
    await cache.get_or_load("file:///a?page=2", answer(2), tags=("file:///a", "docs"))
    await cache.get_or_load("file:///b", answer(3), tags=("file:///b", "docs"))
    await cache.get_or_load("db://table/x", answer(4), tags=("shop",))
    assert cache.invalidate("file:///a", "nothing") == 2
    assert keys(cache) == ["db://table/x", "file:///b"]
    assert cache.invalidate("db://table/x") == 1
    assert cache.invalidate("docs", "file:///b") == 1
    assert cache.state().invalidated == 4


async def test_evict_drops_one_entry_and_clear_drops_all() -> None:
    cache = a_cache()
    for key in "abc":
        await cache.get_or_load(key, answer(key), tags=("t",))
    assert cache.evict("b")
    assert not cache.evict("b")
    assert not cache.evict("t")
    assert cache.clear() == 2
    assert cache.state().entries == cache.state().total_bytes == 0


async def test_callers_who_ask_at_the_same_time_share_one_load() -> None:
    cache, loads = a_cache(), Loads()
    callers = [asyncio.create_task(cache.get_or_load("a", loads)) for _ in range(100)]
    await loop_turns()
    loads.gates[0].set_result(("one", 1))
    answers = await asyncio.gather(*callers)
    assert len(loads.gates) == 1
    assert [cached.hit for cached in answers] == [False] + [True] * 99
    assert {cached.value for cached in answers} == {"one"}


async def test_a_cancelled_caller_hurts_nobody_not_even_the_first() -> None:
    cache, loads = a_cache(), Loads()
    callers = [asyncio.create_task(cache.get_or_load("a", loads)) for _ in range(3)]
    await loop_turns()
    callers[0].cancel()
    await loop_turns()
    loads.gates[0].set_result(("one", 1))
    assert [(await caller).value for caller in callers[1:]] == ["one", "one"]
    assert callers[0].cancelled()
    assert keys(cache) == ["a"]


async def test_the_last_caller_who_is_cancelled_ends_the_load() -> None:
    cache, loads = a_cache(), Loads()
    callers = [asyncio.create_task(cache.get_or_load("a", loads)) for _ in range(2)]
    await loop_turns()
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    await loop_turns()
    assert loads.gates[0].cancelled()
    assert (await cache.get_or_load("a", answer("later"))).value == "later"


async def test_who_asks_while_an_abandoned_load_cleans_up_gets_a_load_of_their_own() -> None:
    cache = a_cache()
    cleaned = asyncio.Event()

    async def slow_to_end() -> tuple[Any, int]:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await cleaned.wait()
        return "never", 1

    caller = asyncio.create_task(cache.get_or_load("a", slow_to_end))
    await loop_turns()
    caller.cancel()
    await asyncio.wait((caller,))
    asked = within(cache.get_or_load("a", answer("new")), "a load of its own")
    assert (await asked).value == "new"
    cleaned.set()
    await loop_turns()
    assert cache.get("a") == Cached("new", True, 0.0, 60.0)


async def test_an_error_reaches_every_waiter_and_is_not_kept() -> None:
    cache, loads = a_cache(), Loads()
    callers = [asyncio.create_task(cache.get_or_load("a", loads)) for _ in range(3)]
    await loop_turns()
    loads.gates[0].set_exception(OSError("gone"))
    errors = await asyncio.gather(*callers, return_exceptions=True)
    assert [str(error) for error in errors] == ["gone"] * 3
    assert isinstance(errors[0], OSError)
    assert len(traceback.extract_tb(errors[0].__traceback__)) < 6, "the traceback grows with every waiter"
    assert (await cache.get_or_load("a", answer("back"))).value == "back"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError("made up")])
async def test_an_exit_or_a_made_up_cancellation_reaches_the_caller_and_spares_the_loop(
    error: BaseException,
) -> None:
    async def load() -> tuple[Any, int]:
        raise error

    with pytest.raises(type(error)):
        await a_cache().get_or_load("a", load)


async def test_what_is_invalidated_while_it_loads_is_not_kept_and_not_joined() -> None:
    cache, loads = a_cache(), Loads()
    before = asyncio.create_task(cache.get_or_load("a", loads, tags=("docs",)))
    await loop_turns()
    assert cache.invalidate("docs") == 0
    after = asyncio.create_task(cache.get_or_load("a", loads, tags=("docs",)))
    await loop_turns()
    new, old = loads.gates[1], loads.gates[0]
    new.set_result(("new", 1))
    await loop_turns()
    old.set_result(("old", 1))
    assert (await before).value == "old"
    assert (await before).ttl_left == 0
    assert (await after).value == "new"
    kept = cache.get("a")
    assert kept is not None
    assert kept.value == "new"


async def test_the_end_of_an_outdated_load_leaves_the_newer_one_to_be_joined() -> None:
    cache, loads = a_cache(), Loads()
    callers = [asyncio.create_task(cache.get_or_load("a", loads))]
    await loop_turns()
    cache.invalidate("a")
    callers.append(asyncio.create_task(cache.get_or_load("a", loads)))
    await loop_turns()
    loads.gates[0].set_result(("old", 1))
    await loop_turns()
    callers.append(asyncio.create_task(cache.get_or_load("a", loads)))
    await loop_turns()
    loads.gates[1].set_result(("new", 1))
    answers = await within(asyncio.gather(*callers), "all are answered")
    assert [cached.value for cached in answers] == ["old", "new", "new"]


async def test_an_invalidation_in_the_turn_in_which_a_load_ends_still_counts() -> None:
    cache, loads = a_cache(), Loads()
    caller = asyncio.create_task(cache.get_or_load("a", loads))
    await loop_turns()
    loads.gates[0].set_result(("old", 1))
    await loop_turns(1)
    cache.invalidate("a")
    await caller
    assert cache.get("a") is None


async def test_the_load_sees_the_context_of_the_first_caller() -> None:
    async def load() -> tuple[Any, int]:
        colour_of_load = colour.get()
        colour.set("changed inside")
        return colour_of_load, 1

    colour.set("red")
    assert (await a_cache().get_or_load("a", load)).value == "red"
    assert colour.get() == "red"


async def test_a_load_that_asks_for_itself_gets_what_it_would_get_without_a_cache() -> None:
    cache = a_cache()
    depth = 0

    async def load() -> tuple[Any, int]:
        nonlocal depth
        depth += 1
        if depth == 3:
            return "bottom", 1
        return (await cache.get_or_load("a", load)).value, 1

    assert (await within(cache.get_or_load("a", load), "the load ends")).value == "bottom"
    assert depth == 3


async def test_two_loads_that_wait_for_each_other_do_not_wait_for_ever() -> None:
    cache = a_cache()
    begun = {"a": asyncio.Event(), "b": asyncio.Event()}

    def load_of(key: str, other: str) -> Callable[[], Awaitable[tuple[Any, int]]]:
        async def load() -> tuple[Any, int]:
            if begun[key].is_set():
                return key, 1
            begun[key].set()
            await begun[other].wait()
            return key + (await cache.get_or_load(other, load_of(other, key))).value, 1

        return load

    both = asyncio.gather(
        cache.get_or_load("a", load_of("a", "b")), cache.get_or_load("b", load_of("b", "a"))
    )
    one, two = await within(both, "both loads end")
    assert {one.value, two.value} in ({"aba", "ba"}, {"bab", "ab"})


async def test_every_step_is_told_as_a_fact_with_the_new_fill() -> None:
    clock = ManualClock()
    bus = EventBus(clock)
    facts: list[object] = []
    bus.subscribe(lambda event: facts.append(event.fact))
    cache = ResourceCache(CacheSettings(max_size=2, ttl=10), clock=clock, bus=bus)
    await cache.get_or_load("a", answer(1, 4))
    clock.advance(1)
    cache.get("a")
    await cache.get_or_load("b", answer(2, 4))
    await cache.get_or_load("c", answer(3, 4))
    cache.invalidate("b")
    clock.advance(10)
    cache.get("c")
    await cache.get_or_load("d", answer(4, 4))
    cache.clear()
    assert facts == [
        CacheMissed("a"),
        CacheStored("a", 5, 1, 5),
        CacheHit("a", 1.0),
        CacheMissed("b"),
        CacheStored("b", 5, 2, 10),
        CacheMissed("c"),
        CacheEvicted("a", "size", 2, 10),
        CacheStored("c", 5, 2, 10),
        CacheEvicted("b", "invalidated", 1, 5),
        CacheEvicted("c", "expired", 0, 0),
        CacheMissed("c"),
        CacheMissed("d"),
        CacheStored("d", 5, 1, 5),
        CacheEvicted("d", "cleared", 0, 0),
    ]


# -- against a model


@dataclass
class Model:
    """The cache's bookkeeping, as plainly as it can be said. Newest use last."""

    entries: dict[str, tuple[float, int]] = field(default_factory=dict)
    hits: int = 0
    misses: int = 0
    evicted: int = 0
    expired: int = 0
    invalidated: int = 0

    def expire(self, now: float) -> None:
        for key, (stored, _size) in list(self.entries.items()):
            if now >= stored + 10:
                del self.entries[key]
                self.expired += 1

    def read(self, key: str, size: int, now: float) -> None:
        self.expire(now)
        if key in self.entries:
            self.hits += 1
            self.entries[key] = self.entries.pop(key)
            return
        self.misses += 1
        if size + 1 > 25:
            return
        while len(self.entries) >= 4 or sum(s for _, s in self.entries.values()) + size + 1 > 100:
            del self.entries[next(iter(self.entries))]
            self.evicted += 1
        self.entries[key] = (now, size + 1)

    def drop(self, dropped: list[str]) -> None:
        for key in dropped:
            if self.entries.pop(key, None) is not None:
                self.invalidated += 1


model_keys = st.sampled_from("abcdefgh")
model_steps = st.lists(
    st.one_of(
        st.tuples(st.just("read"), model_keys, st.integers(0, 40)),
        st.tuples(st.just("read"), model_keys, st.integers(0, 5)),
        st.tuples(st.just("evict"), model_keys, st.just(0)),
        st.tuples(st.just("tag"), st.sampled_from(["even", "odd"]), st.just(0)),
        st.tuples(st.just("clear"), st.just(""), st.just(0)),
        st.tuples(st.just("advance"), st.just(""), st.integers(0, 12)),
    ),
    max_size=40,
)


@settings(max_examples=200)
@given(model_steps)
def test_the_cache_agrees_with_its_model(steps: list[tuple[str, str, int]]) -> None:
    async def run() -> None:
        clock = ManualClock(monotonic=0.0)
        cache = ResourceCache(CacheSettings(4, 10, 100), clock=clock, bus=EventBus())
        model = Model()

        def tag_of(key: str) -> str:
            return "even" if ord(key) % 2 == 0 else "odd"

        for step, name, number in steps:
            now = clock.monotonic()
            if step == "read":
                await cache.get_or_load(name, answer(name, number), tags=(tag_of(name),))
                model.read(name, number, now)
            elif step == "evict":
                model.expire(now)
                assert cache.evict(name) == (name in model.entries)
                model.drop([name])
            elif step == "tag":
                model.expire(now)
                dropped = [key for key in model.entries if tag_of(key) == name]
                assert cache.invalidate(name) == len(dropped)
                model.drop(dropped)
            elif step == "clear":
                model.expire(now)
                assert cache.clear() == len(model.entries)
                model.drop(list(model.entries))
            else:
                clock.advance(number)
            model.expire(clock.monotonic())
            state = cache.state()
            assert keys(cache) == list(reversed(model.entries))
            assert state.total_bytes == sum(size for _, size in model.entries.values())
            # The index of tags is seen by nobody, but would grow for ever if it forgot to shrink.
            assert cache._keys_of_tag == {
                tag: tagged
                for tag in ("even", "odd")
                if (tagged := {key for key in model.entries if tag_of(key) == tag})
            }
            assert (state.hits, state.misses) == (model.hits, model.misses)
            assert (state.evicted, state.expired, state.invalidated) == (
                model.evicted,
                model.expired,
                model.invalidated,
            )

    asyncio.run(within(run(), "the steps"))


interleaving_steps = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "finish", "fail", "cancel", "change", "change by tag", "turn"]),
        st.integers(0, 30),
    ),
    max_size=40,
)


@settings(max_examples=200)
@given(interleaving_steps)
def test_no_caller_gets_what_was_out_of_date_when_he_asked_whatever_the_interleaving(
    steps: list[tuple[str, int]],
) -> None:
    """The source of each key has a version, which a load reads at its start and answers at its end."""

    @dataclass
    class Caller:
        task: asyncio.Task[Cached[Any]]
        oldest: int
        cancelled: bool = False

    async def run() -> None:
        trouble: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: trouble.append(context))
        cache = a_cache()
        versions = {"a": 0, "b": 0}
        gates: list[asyncio.Future[None]] = []
        callers: list[Caller] = []

        def load_of(key: str) -> Callable[[], Awaitable[tuple[Any, int]]]:
            async def load() -> tuple[Any, int]:
                version = versions[key]
                gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                gates.append(gate)
                await gate
                return version, 1

            return load

        for step, number in steps:
            key = "ab"[number % 2]
            waiting = [gate for gate in gates if not gate.done()]
            if step == "ask":
                task = asyncio.create_task(cache.get_or_load(key, load_of(key), tags=(f"tag {key}",)))
                callers.append(Caller(task, versions[key]))
                await loop_turns(number % 3)
            elif step == "finish" and waiting:
                waiting[number % len(waiting)].set_result(None)
            elif step == "fail" and waiting:
                waiting[number % len(waiting)].set_exception(OSError("gone"))
            elif step == "cancel" and callers:
                caller = callers[number % len(callers)]
                caller.cancelled = caller.task.cancel() or caller.cancelled
            elif step.startswith("change"):
                versions[key] += 1
                cache.invalidate(key if step == "change" else f"tag {key}")
            else:
                await loop_turns(number % 4)
        for caller in random.Random(len(steps)).sample(callers, len(callers) // 4):
            caller.cancelled = caller.task.cancel() or caller.cancelled
        while pending := [caller.task for caller in callers if not caller.task.done()]:
            await loop_turns(5)
            for gate in gates:
                if not gate.done():
                    gate.set_result(None)
            await asyncio.wait(pending, timeout=0)
        for caller in callers:
            if caller.task.cancelled():
                assert caller.cancelled
            elif caller.task.exception() is not None:
                assert str(caller.task.exception()) == "gone"
            else:
                assert caller.task.result().value >= caller.oldest
        for key, version in versions.items():
            kept = cache.get(key)
            assert kept is None or kept.value == version
        await loop_turns(5)
        assert len(asyncio.all_tasks()) == 1
        assert trouble == []

    asyncio.run(within(run(), "the steps"))
