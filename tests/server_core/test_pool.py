from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import server_core.pool_connector
from server_core.bus import Event, EventBus
from server_core.errors import UnavailableError
from server_core.events import PoolChanged
from server_core.manual_clock import ManualClock
from server_core.pool import ConnectionPool
from server_core.pool_queue import AcquireTimeoutError
from server_core.settings import PoolSettings
from tests.waiting import loop_turns, skip_time, until, within

pytestmark = pytest.mark.anyio


class Connection:
    def __init__(self, number: int) -> None:
        self.number = number
        self.good = True
        self.closed = False


class Database:
    """Makes connections, and misbehaves when it is told to."""

    def __init__(self) -> None:
        self.made: list[Connection] = []
        self.refuse: BaseException | None = None
        self.slow_open: asyncio.Event | None = None
        self.slow_close: asyncio.Event | None = None
        self.slow_check: asyncio.Event | None = None

    async def create(self) -> Connection:
        if self.slow_open is not None:
            await self.slow_open.wait()
        if self.refuse is not None:
            raise self.refuse
        self.made.append(Connection(len(self.made)))
        return self.made[-1]

    async def close(self, connection: Connection) -> None:
        if self.slow_close is not None:
            await self.slow_close.wait()
        assert not connection.closed
        connection.closed = True

    async def check(self, connection: Connection) -> bool:
        if self.slow_check is not None:
            await self.slow_check.wait()
        return connection.good

    def pool(
        self,
        min_size: int = 0,
        max_size: int = 2,
        *,
        acquire_timeout: float = 5.0,
        check: bool = False,
        clock: ManualClock | None = None,
        bus: EventBus | None = None,
    ) -> ConnectionPool[Connection]:
        return ConnectionPool(
            "shop",
            create=self.create,
            close=self.close,
            check=self.check if check else None,
            settings=PoolSettings(min_size, max_size, acquire_timeout, max_idle=600, max_age=3600),
            clock=clock or ManualClock(),
            bus=bus or EventBus(),
        )

    @property
    def alive(self) -> list[int]:
        return [connection.number for connection in self.made if not connection.closed]


class Borrower:
    """A task that takes a connection and holds it until it is told to let go."""

    def __init__(self, pool: ConnectionPool[Connection], name: str, served: list[str] | None = None) -> None:
        self.name = name
        self.connection: Connection | None = None
        self._pool = pool
        self._served = served
        self._let_go = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async with self._pool.connection(self.name) as connection:
            self.connection = connection
            if self._served is not None:
                self._served.append(self.name)
            await self._let_go.wait()

    def let_go(self) -> None:
        self._let_go.set()

    async def ended(self) -> None:
        self._let_go.set()
        await asyncio.wait((self.task,))

    async def cancelled(self) -> None:
        self.task.cancel()
        await asyncio.wait((self.task,))


def figures(pool: ConnectionPool[Connection]) -> tuple[int, int, int]:
    state = pool.state()
    return state.idle, state.in_use, state.waiting


@pytest.fixture
def database() -> Database:
    return Database()


async def test_it_opens_its_least_number_at_once_and_lends_the_same_connection_again(
    database: Database,
) -> None:
    pool = database.pool(2, 5)
    await pool.open()
    assert figures(pool) == (2, 0, 0)
    async with pool.connection("first") as first:
        assert figures(pool) == (1, 1, 0)
    async with pool.connection("second") as second:
        assert second is first
    await pool.aclose()
    assert database.alive == []
    assert (pool.state().opened, pool.state().closed) == (2, 2)


async def test_it_opens_no_more_than_its_greatest_number_and_the_others_wait_in_line(
    database: Database,
) -> None:
    pool, served = database.pool(0, 2), list[str]()
    await pool.open()
    borrowers = [Borrower(pool, f"b{index}", served) for index in range(5)]
    await loop_turns()
    assert figures(pool) == (0, 2, 3)
    for borrower in borrowers:
        await borrower.ended()
        await loop_turns()
    assert served == ["b0", "b1", "b2", "b3", "b4"]
    assert len(database.made) == 2
    await pool.aclose()


async def test_a_newcomer_never_overtakes_a_waiter(database: Database) -> None:
    pool, served = database.pool(1, 1), list[str]()
    await pool.open()
    holder = Borrower(pool, "holder", served)
    await loop_turns()
    waiter = Borrower(pool, "waiter", served)
    await loop_turns()
    holder.let_go()
    newcomer = Borrower(pool, "newcomer", served)
    await loop_turns()
    assert served == ["holder", "waiter"]
    await waiter.ended()
    await newcomer.ended()
    await pool.aclose()
    assert served == ["holder", "waiter", "newcomer"]


async def test_who_gets_none_in_time_is_told_who_holds_them_and_how_long(database: Database) -> None:
    clock = ManualClock()
    pool = database.pool(0, 2, acquire_timeout=60, clock=clock)
    await pool.open()
    async with pool.connection("query: select 1"):
        clock.advance(8)
        async with pool.connection("export"):
            clock.advance(4.25)
            asyncio.get_running_loop().call_soon(skip_time, 60)  # once the caller waits
            with pytest.raises(AcquireTimeoutError) as caught:
                async with pool.connection("late"):
                    pytest.fail("There is no third connection")
            assert [holder.holder for holder in pool.state().holders] == ["query: select 1", "export"]
            assert pool.state().holders[0].since == clock.now() - 12.25
    assert str(caught.value) == (
        "No connection in pool 'shop' became available within 60 s: 2 of 2 in use by query: select 1 (12.2 s), "
        "export (4.2 s). Try again later; if it happens often, release connections sooner, or raise max_size "
        "or acquire_timeout."
    )
    assert pool.state().timed_out == 1
    assert figures(pool) == (2, 0, 0)
    await pool.aclose()


async def test_a_server_that_does_not_answer_is_named_as_being_opened(database: Database) -> None:
    database.slow_open = asyncio.Event()
    pool = database.pool(0, 1, acquire_timeout=60)
    await pool.open()
    asyncio.get_running_loop().call_soon(skip_time, 60)  # once the caller waits
    with pytest.raises(AcquireTimeoutError, match=r"0 of 1 in use; 1 being opened\. Try"):
        async with pool.connection("query"):
            pytest.fail("Nothing was opened")
    database.slow_open.set()
    await until(lambda: figures(pool) == (1, 0, 0), "what was opened for it is kept")
    await pool.aclose()


async def test_a_caller_who_is_cancelled_while_one_is_opened_for_him_leaves_it_to_the_next(
    database: Database,
) -> None:
    database.slow_open = asyncio.Event()
    pool = database.pool(0, 1)
    await pool.open()
    first, second = Borrower(pool, "first"), Borrower(pool, "second")
    await loop_turns()
    await first.cancelled()
    database.slow_open.set()
    await until(lambda: second.connection is not None, "the second has it")
    assert len(database.made) == 1
    await second.ended()
    await pool.aclose()
    assert database.alive == []


async def test_a_waiter_who_is_cancelled_in_the_turn_in_which_he_is_served_gives_it_back(
    database: Database,
) -> None:
    pool = database.pool(1, 1)
    await pool.open()
    holder, first, second = Borrower(pool, "holder"), Borrower(pool, "first"), Borrower(pool, "second")
    await loop_turns()
    holder.let_go()
    await until(lambda: pool.state().holders[0].holder == "first", "the first has been handed it")
    first.task.cancel()
    await until(lambda: second.connection is not None, "the second has it")
    assert first.connection is None
    await second.ended()
    assert figures(pool) == (1, 0, 0)
    await pool.aclose()


async def test_a_waiter_who_is_cancelled_in_the_turn_of_a_release_is_passed_over(database: Database) -> None:
    pool = database.pool(1, 1)
    await pool.open()
    holder, first, second = Borrower(pool, "holder"), Borrower(pool, "first"), Borrower(pool, "second")
    await loop_turns()
    holder.let_go()
    first.task.cancel()
    await until(lambda: second.connection is not None, "the second has it")
    assert holder.task.exception() is None
    await second.ended()
    await pool.aclose()


async def test_a_waiter_who_is_cancelled_waits_no_longer(database: Database) -> None:
    pool = database.pool(1, 1)
    await pool.open()
    holder, first, second = Borrower(pool, "holder"), Borrower(pool, "first"), Borrower(pool, "second")
    await loop_turns()
    await second.cancelled()
    assert figures(pool) == (0, 1, 1)
    await holder.ended()
    await first.ended()
    await pool.aclose()


async def test_a_holder_who_is_cancelled_gives_it_back(database: Database) -> None:
    pool = database.pool(1, 1)
    await pool.open()
    holder = Borrower(pool, "holder")
    await loop_turns()
    await holder.cancelled()
    assert figures(pool) == (1, 0, 0)
    await pool.aclose()


async def test_a_discarded_connection_is_closed_and_replaced(database: Database) -> None:
    pool = database.pool(1, 1)
    await pool.open()
    async with pool.connection("first") as first:
        pool.discard(first)
        pool.discard(Connection(99))
    async with pool.connection("second") as second:
        assert second is not first
        assert first.closed
    await pool.aclose()


async def test_when_a_lost_one_can_be_had_again_the_least_number_is(database: Database) -> None:
    pool = database.pool(3, 4)
    await pool.open()
    async with pool.connection("a") as a, pool.connection("b") as b, pool.connection("c") as c:
        for connection in (a, b, c):
            pool.discard(connection)
    await until(lambda: not database.alive, "all are lost")
    assert figures(pool) == (0, 0, 0)
    async with pool.connection("next"):
        await until(lambda: len(database.alive) == 3, "the least number is there again")
    assert figures(pool) == (3, 0, 0)
    await pool.aclose()


async def test_a_connection_that_fails_its_check_is_replaced_before_use(database: Database) -> None:
    pool = database.pool(2, 2, check=True)
    await pool.open()
    for connection in database.made:
        connection.good = False
    async with pool.connection("query") as connection:
        assert connection.good
    assert [old.closed for old in database.made[:2]] == [True, True]
    await pool.aclose()


async def test_nobody_waits_until_a_bad_connection_has_closed_if_there_is_room(database: Database) -> None:
    pool = database.pool(1, 2, check=True)
    await pool.open()
    database.made[0].good = False
    database.slow_close = asyncio.Event()
    borrower = Borrower(pool, "query")
    await until(lambda: borrower.connection is not None, "it has a new one")
    assert database.alive == [0, 1]
    database.slow_close.set()
    await borrower.ended()
    await pool.aclose()


async def test_one_caller_costs_one_check_and_opens_nothing(database: Database) -> None:
    pool = database.pool(2, 5, check=True)
    await pool.open()
    database.slow_check = asyncio.Event()
    borrower = Borrower(pool, "query")
    await loop_turns()
    assert pool.state().idle == 2
    database.slow_check.set()
    await until(lambda: borrower.connection is not None, "it has one")
    assert len(database.made) == 2
    await borrower.ended()
    await pool.aclose()


async def test_a_check_that_raises_or_says_nothing_is_a_no(database: Database) -> None:
    pool = database.pool(1, 1, acquire_timeout=0.5, check=True)
    await pool.open()
    database.slow_check = asyncio.Event()
    with pytest.raises(AcquireTimeoutError):
        async with pool.connection("query"):
            pytest.fail("It was never found good")
    await until(lambda: database.made[0].closed, "the silent connection is closed")
    async with pool.connection("query") as connection:
        assert connection is database.made[1]
    await pool.aclose()


async def test_an_error_of_opening_reaches_one_caller_and_the_next_tries_again(database: Database) -> None:
    pool = database.pool(0, 1)
    await pool.open()
    database.refuse = OSError("no route")
    first, second = Borrower(pool, "first"), Borrower(pool, "second")
    await asyncio.wait((first.task, second.task))
    assert [str(borrower.task.exception()) for borrower in (first, second)] == ["no route", "no route"]
    database.refuse = None
    async with pool.connection("third"):
        assert figures(pool) == (0, 1, 0)
    await pool.aclose()


@pytest.mark.parametrize(
    ("error", "raised"),
    [(SystemExit(2), SystemExit), (asyncio.CancelledError(), UnavailableError), (OSError(), OSError)],
)
async def test_whatever_opening_raises_becomes_the_callers_own_and_spares_the_loop(
    database: Database, error: BaseException, raised: type[BaseException]
) -> None:
    pool = database.pool(0, 1)
    await pool.open()
    database.refuse = error
    with pytest.raises(raised):
        async with pool.connection("query"):
            pytest.fail("Nothing was opened")
    await pool.aclose()


async def test_a_pool_that_cannot_open_closes_what_it_had_opened(database: Database) -> None:
    made = 0

    async def create() -> Connection:
        nonlocal made
        made += 1
        if made == 3:
            raise OSError("too many connections")
        return await database.create()

    pool = ConnectionPool(
        "shop",
        create=create,
        close=database.close,
        settings=PoolSettings(4, 4),
        clock=ManualClock(),
        bus=EventBus(),
    )
    with pytest.raises(OSError, match="too many connections"):
        await pool.open()
    assert len(database.made) == 3
    assert database.alive == []
    with pytest.raises(UnavailableError, match="'shop' is closed"):
        async with pool.connection("query"):
            pytest.fail("The pool is closed")


async def test_who_is_cancelled_while_he_opens_the_pool_leaves_nothing_open(database: Database) -> None:
    database.slow_open = asyncio.Event()
    pool = database.pool(2, 2)
    opening = asyncio.create_task(pool.open())
    await loop_turns()
    opening.cancel()
    await asyncio.wait((opening,))
    database.slow_open.set()
    await until(lambda: pool.state().closed == 2, "both are closed again")
    assert database.alive == []


async def test_closing_refuses_who_waits_and_closes_what_is_in_use_at_its_release(database: Database) -> None:
    pool = database.pool(1, 1)
    await pool.open()
    holder, waiter = Borrower(pool, "holder"), Borrower(pool, "waiter")
    await loop_turns()
    await pool.aclose()
    await asyncio.wait((waiter.task,))
    assert isinstance(waiter.task.exception(), UnavailableError)
    assert database.alive == [0]
    await holder.ended()
    await until(lambda: not database.alive, "it is closed at its release")
    await pool.aclose()
    assert holder.task.exception() is None


async def test_a_connection_that_does_not_close_keeps_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_core.pool_connector, "POOL_CLOSE_SECONDS", 0.01)
    pool = database.pool(1, 1)
    await pool.open()
    database.slow_close = asyncio.Event()
    async with pool.connection("first") as first:
        pool.discard(first)
    async with pool.connection("second") as second:
        assert second is not first
    with caplog.at_level(logging.WARNING):
        await pool.aclose()
    assert "did not close" in caplog.text
    assert pool.state().closed == 2


async def test_what_is_too_old_or_was_idle_too_long_is_not_lent_again(database: Database) -> None:
    clock = ManualClock()
    pool = database.pool(1, 2, clock=clock)
    await pool.open()
    clock.advance(601)
    async with pool.connection("query") as connection:
        assert connection.number == 1
        clock.advance(3601)
    assert figures(pool) == (0, 0, 0), "it is closed at its release"
    async with pool.connection("query") as connection:
        assert connection.number == 2
    await pool.aclose()
    assert database.alive == []


async def test_pruning_replaces_what_is_stale_and_keeps_the_least_number(database: Database) -> None:
    clock = ManualClock()
    pool = database.pool(1, 3, clock=clock)
    await pool.open()
    async with pool.connection("one"), pool.connection("two"), pool.connection("three"):
        clock.advance(500)
    clock.advance(200)
    await pool.prune()
    assert database.alive == [0, 1, 2]
    clock.advance(500)
    database.refuse = OSError("no route")
    await pool.prune()
    assert figures(pool) == (0, 0, 0)
    database.refuse = None
    await pool.prune()
    assert database.alive == [3]
    await pool.aclose()
    await pool.prune()
    assert database.alive == []


async def test_what_was_idle_too_long_or_is_too_old_goes_by_itself_when_its_time_has_come(
    database: Database,
) -> None:
    clock = ManualClock()
    pool = database.pool(1, 3, clock=clock)
    await pool.open()
    async with pool.connection("one"), pool.connection("two"):
        pass
    await until(lambda: clock.sleepers, "the pool sleeps")
    clock.advance(590)
    async with pool.connection("late"):
        pass
    clock.advance(15)
    await until(lambda: len(database.alive) == 1, "the one that nobody used is closed")
    kept = database.alive[0]
    for _ in range(7):
        await until(lambda: clock.sleepers, "the pool sleeps")
        clock.advance(500)
        async with pool.connection("busy"):
            pass
    await until(lambda: kept not in database.alive, "the one that is too old is closed, though it was used")
    assert len(database.alive) == 1, "the least number is kept"
    await pool.aclose()
    assert clock.sleepers == 0
    assert database.alive == []


async def test_a_database_that_is_away_when_a_connection_grows_old_does_not_end_the_care(
    database: Database,
) -> None:
    clock = ManualClock()
    pool = database.pool(1, 1, clock=clock)
    await pool.open()
    database.refuse = OSError("no route")
    await until(lambda: clock.sleepers, "the pool sleeps")
    clock.advance(601)
    await until(lambda: not database.alive, "it is closed")
    await until(lambda: clock.sleepers, "the pool sleeps again")
    database.refuse = None
    clock.advance(601)
    await until(lambda: database.alive, "the least number is there again")
    await pool.aclose()


async def test_who_holds_and_who_waits_is_told_with_the_time_since_when(database: Database) -> None:
    clock = ManualClock()
    pool = database.pool(0, 1, clock=clock)
    await pool.open()
    started = clock.now()
    holder = Borrower(pool, "report")
    await until(lambda: holder.connection, "it has a connection")
    clock.advance(2)
    waiter, other = Borrower(pool, "query"), Borrower(pool, "export")
    await until(lambda: pool.state().waiting == 2, "both wait")
    state = pool.state()
    assert state.acquire_timeout == 5.0
    assert [(one.holder, one.since) for one in state.holders] == [("report", started)]
    assert [(one.holder, one.since) for one in state.waiters] == [
        ("query", started + 2),
        ("export", started + 2),
    ]
    ticket = state.waiters[0].ticket
    await holder.ended()
    await until(lambda: waiter.connection, "the first one is served")
    state = pool.state()
    assert [(one.holder, one.ticket) for one in state.holders] == [("query", ticket)]
    await other.cancelled()
    await waiter.ended()
    assert pool.state().waiters == pool.state().holders == ()
    await pool.aclose()


async def test_every_change_is_told_as_a_fact(database: Database) -> None:
    bus = EventBus()
    facts: list[PoolChanged] = []
    bus.subscribe(lambda event: facts.append(event.fact))  # type: ignore[arg-type]
    pool = database.pool(1, 1, acquire_timeout=60, bus=bus)
    await pool.open()
    async with pool.connection("first"):
        asyncio.get_running_loop().call_soon(skip_time, 60)  # once the caller waits
        with pytest.raises(AcquireTimeoutError):
            async with pool.connection("second"):
                pytest.fail("There is no second connection")
    await pool.aclose()
    assert [
        (fact.what, fact.idle, fact.in_use, fact.waiting, fact.holder, fact.ticket) for fact in facts
    ] == [
        ("opened", 1, 0, 0, "", 0),
        ("acquired", 0, 1, 0, "first", 1),
        ("waiting", 0, 1, 1, "second", 2),
        ("timed_out", 0, 1, 0, "second", 2),
        ("released", 1, 0, 0, "first", 1),
        ("closed", 0, 0, 0, "", 0),
    ]


async def test_of_a_thousand_callers_half_cancelled_the_others_are_served_in_order_and_none_is_lost(
    database: Database,
) -> None:
    pool = database.pool(0, 10)
    await pool.open()
    served: list[str] = []
    callers = [Borrower(pool, f"{number:04}", served) for number in range(1000)]
    await until(lambda: pool.state().waiting == 990, "all but ten wait")
    for caller in callers[::2]:
        caller.task.cancel()
    for caller in callers[1::2]:
        caller.let_go()
    await within(asyncio.wait([caller.task for caller in callers]), "everybody has ended")
    ended = [caller.name for caller in callers if not caller.task.cancelled()]
    assert ended == [caller.name for caller in callers[1::2]]
    assert served == sorted(served)
    assert set(ended) <= set(served)
    await until(lambda: pool.state().in_use == 0, "every connection is back")
    assert pool.state().waiting == 0
    assert len(database.made) == 10, "no connection was lost on the way"
    await pool.aclose()
    assert database.alive == []


# -- under random interleavings

pool_steps = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "take",
                "take",
                "take",
                "give",
                "give",
                "cancel",
                "discard",
                "spoil",
                "prune",
                "age",
                "turn",
                "turn",
            ]
        ),
        st.integers(0, 30),
    ),
    max_size=50,
)


@settings(max_examples=200)
@given(pool_steps, st.integers(0, 2), st.integers(1, 3), st.booleans(), st.integers(0, 2**16))
def test_nobody_shares_starves_overtakes_or_leaks_a_connection_whatever_the_interleaving(
    steps: list[tuple[str, int]], min_size: int, max_size: int, check: bool, seed: int
) -> None:
    chance = random.Random(seed)

    class Moody(Database):
        living = 0

        async def create(self) -> Connection:
            self.living += 1
            assert self.living <= max_size
            await loop_turns(chance.randrange(3))
            if chance.random() < 0.2:
                self.living -= 1
                raise OSError("no route")
            return await super().create()

        async def close(self, connection: Connection) -> None:
            await loop_turns(chance.randrange(3))
            await super().close(connection)
            self.living -= 1

        async def check(self, connection: Connection) -> bool:
            await loop_turns(chance.randrange(3))
            return await super().check(connection)

    async def run() -> None:
        trouble: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: trouble.append(context))
        database, clock, bus, served = Moody(), ManualClock(), EventBus(), list[int]()
        pool = database.pool(min(min_size, max_size), max_size, check=check, clock=clock, bus=bus)

        def hear(event: Event) -> None:
            # By the pool's own account: who runs on first, once several have theirs, is the loop's affair.
            if isinstance(event.fact, PoolChanged) and event.fact.what == "acquired":
                served.append(event.fact.ticket)

        bus.subscribe(hear)
        try:
            await pool.open()
        except OSError:
            assert database.alive == []
            return
        borrowers: list[Borrower] = []
        prunings: list[asyncio.Task[None]] = []

        def holding() -> list[Borrower]:
            return [b for b in borrowers if b.connection is not None and not b.task.done()]

        for step, number in steps:
            candidates = [b for b in borrowers if not b.task.done()] if step == "cancel" else holding()
            someone = candidates[number % len(candidates)] if candidates else None
            if step == "take":
                borrowers.append(Borrower(pool, f"{len(borrowers):03}"))
            elif step == "give" and someone is not None:
                someone.let_go()
            elif step == "cancel" and someone is not None:
                someone.task.cancel()
            elif step == "discard" and someone is not None and someone.connection is not None:
                pool.discard(someone.connection)
            elif step == "spoil" and database.made:
                database.made[number % len(database.made)].good = False
            elif step == "prune":
                prunings.append(asyncio.create_task(pool.prune()))
            elif step == "age":
                clock.advance(number * 100)
            else:
                await loop_turns(number % 6)
            held = [borrower.connection.number for borrower in holding() if borrower.connection is not None]
            assert len(held) == len(set(held))
            assert not any(database.made[connection].closed for connection in held)
            assert served == sorted(served)

        await loop_turns(60)
        state = pool.state()
        assert state.in_use == len(holding())
        assert state.waiting == 0 or state.in_use == max_size, "somebody waits for nothing"
        while unended := [borrower for borrower in borrowers if not borrower.task.done()]:
            for borrower in unended:
                borrower.let_go()
            await loop_turns(5)
        assert served == sorted(served)
        await asyncio.gather(*prunings)
        await loop_turns(30)
        state = pool.state()
        assert (state.in_use, state.waiting) == (0, 0)
        assert state.idle == state.opened - state.closed == len(database.alive) == database.living
        await pool.aclose()
        assert database.alive == []
        assert len(asyncio.all_tasks()) == 1
        failed = [b.task.exception() for b in borrowers if not b.task.cancelled()]
        assert {str(error) for error in failed if error is not None} <= {"no route"}
        assert trouble == []

    asyncio.run(within(run(), "the steps"))
