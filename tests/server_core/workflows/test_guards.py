"""Retries, time limits, breakers and caches of single steps."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from server_core.errors import (
    BreakerOpenError,
    DeniedError,
    InvalidArgumentsError,
    TimeLimitError,
    UnavailableError,
)
from server_core.events import StepAttemptFailed, StepFilled, StepFinished, WorkflowFinished
from server_core.manual_clock import ManualClock
from server_core.testing import connect, expect
from server_core.workflows.api_calls import ApiStatusError
from server_core.workflows.definition import RetryPolicy
from server_core.workflows.performing import error_kind, with_retries
from tests.server_core.workflows.flows_for_tests import call, calls_of, flows, outcome, told_by
from tests.server_core.workflows.hosts_for_tests import host, reply
from tests.waiting import until

pytestmark = pytest.mark.anyio


def test_delays_grow_up_to_their_bound() -> None:
    policy = RetryPolicy(attempts=6, delay=0.5, factor=2, max_delay=3)
    assert [policy.delay_after(attempt) for attempt in range(1, 6)] == [0.5, 1, 2, 3, 3]
    assert RetryPolicy(factor=10.0).delay_after(10_000) == 60.0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UnavailableError("x"), "unavailable"),
        (TimeLimitError("x"), "timeout"),
        (BreakerOpenError("b", 1), "breaker"),
        (ApiStatusError("x"), "status"),
        (RuntimeError("x"), "error"),
        (InvalidArgumentsError("x"), ""),
        (DeniedError("x"), ""),
    ],
)
def test_errors_have_kinds(error: Exception, kind: str) -> None:
    assert error_kind(error) == kind


async def test_a_cancelled_wait_for_the_next_attempt_ends_it() -> None:
    clock, tried = ManualClock(), []

    async def operation() -> None:
        tried.append(1)
        raise UnavailableError("away")

    work = asyncio.create_task(
        with_retries(RetryPolicy(), operation, clock.sleep, lambda _attempt, _error, _delay: None)
    )
    await until(lambda: clock.sleepers, "it waits")
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert tried == [1]


async def test_a_step_is_tried_again_after_growing_delays(tmp_path: Path) -> None:
    clock = ManualClock()
    retry = {"attempts": 4, "delay": 2, "factor": 3}
    server = flows(
        tmp_path,
        call("flaky", "flaky", arguments={"times": 2}, retry=retry, output_variable="said"),
        clock=clock,
    )
    told = told_by(server, StepAttemptFailed)
    async with server.running(), connect(server) as client:
        run = asyncio.create_task(outcome(client))
        for delay in (2.0, 6.0):
            await until(lambda: told and clock.sleepers, "an attempt failed")
            assert told[-1].delay == delay
            before = len(told)
            clock.advance(delay - 0.01)
            assert len(told) == before
            clock.advance(0.01)
            if delay == 2.0:
                await until(lambda: len(told) == 2, "the next one failed")
        data = await run
    assert data["context"]["said"] == "at last"
    assert [(fact.attempt, fact.attempts, fact.error) for fact in told] == [
        (1, 4, "the line is busy"),
        (2, 4, "the line is busy"),
    ]


async def test_the_last_attempts_error_is_the_steps(tmp_path: Path) -> None:
    server = flows(tmp_path, call("bad", "fail", retry={"attempts": 3, "delay": 0}))
    async with server.running(), connect(server) as client:
        data = await outcome(client)
        assert await calls_of(client) == ["fail"] * 3
    assert data["error"] == "step bad (tool_call) failed: no luck"


@pytest.mark.parametrize(
    ("keys", "calls"),
    [
        ({"tool": "typed", "arguments": {"count": "x"}}, []),  # bad arguments get no better
        ({"tool": "fail", "retry": {"delay": 0, "on": ["timeout"]}}, ["fail"]),
    ],
)
async def test_what_does_not_count_is_not_tried_again(
    tmp_path: Path, keys: dict[str, Any], calls: list[str]
) -> None:
    server = flows(tmp_path, {"id": "s", "type": "tool_call", "retry": {"delay": 0}, **keys})
    told = told_by(server, StepAttemptFailed)
    async with server.running(), connect(server) as client:
        assert (await outcome(client))["status"] == "failed"
        assert await calls_of(client) == calls
    assert told == []


async def test_each_attempt_has_the_whole_time_limit(tmp_path: Path) -> None:
    clock = ManualClock()
    retry = {"attempts": 2, "delay": 0}
    slow = call("slow", "hang", timeout=60, retry=retry, arguments={"name": "x"})
    server = flows(tmp_path, slow, clock=clock)
    told = told_by(server, StepAttemptFailed)
    async with server.running(), connect(server) as client:
        run = asyncio.create_task(outcome(client))
        for ended in (0, 1):
            began = ["x began", "x stopped"] * ended + ["x began"]
            for _attempt in range(1000):
                if await calls_of(client) == began:
                    break
            await until(lambda: clock.sleepers, "the limit counts")
            clock.advance(59.9)
            assert await calls_of(client) == began
            assert len(told) == ended
            clock.advance(0.1)
        assert "it took longer than 60 s" in (await run)["error"]
        assert await calls_of(client) == ["x began", "x stopped"] * 2
    assert [fact.error for fact in told] == ["it took longer than 60 s"]


async def test_a_named_breaker_opens_and_refuses(tmp_path: Path) -> None:
    breaker = {"name": "supplier", "failure_threshold": 2, "reset_timeout": 9}
    server = flows(tmp_path, call("bad", "fail", breaker=breaker), call("never"))
    async with server.running(), connect(server) as client:
        for _ in range(2):
            assert "no luck" in (await outcome(client))["error"]
        assert "Circuit breaker 'supplier' is open" in (await outcome(client))["error"]
        assert await calls_of(client) == ["fail", "fail"]
        (state,) = server.inspect().breakers
    assert (state.name, state.status) == ("supplier", "open")


async def test_a_breaker_without_a_name_is_the_steps_own_and_bad_arguments_never_open_it(
    tmp_path: Path,
) -> None:
    step = call("bad", "typed", arguments={"count": "${count}"}, breaker={"failure_threshold": 1})
    server = flows(tmp_path, step)
    async with server.running(), connect(server) as client:
        assert "Wrong arguments" in (await outcome(client, count="x"))["error"]
        assert (await outcome(client, count=1))["status"] == "completed"
        (state,) = server.inspect().breakers
    assert (state.name, state.status) == ("w.bad", "closed")


async def test_an_api_call_may_have_another_breaker_than_its_hosts(tmp_path: Path) -> None:
    async with host(lambda _asked: reply(b"", status="503 Away")) as there:
        server = flows(
            tmp_path,
            {"id": "a", "type": "api_call", "url": there.url("/"), "breaker": "supplier",
             "retry": {"attempts": 2, "delay": 0}},
            allow_hosts=[f"127.0.0.1:{there.port}"],
        )  # fmt: skip
        async with server.running(), connect(server) as client:
            assert "returned 503" in (await outcome(client))["error"]
            (state,) = server.inspect().breakers
    assert (state.name, state.failures) == ("supplier", 2)
    assert len(there.asked) == 2


async def test_a_kept_result_is_taken_again_for_the_same_input_until_its_time_is_over(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    server = flows(
        tmp_path,
        call("ask", arguments={"value": "${of}"}, cache=60, output_variable="answer"),
        clock=clock,
    )
    async with server.running(), connect(server) as client:
        for of in (1, 1, 2):
            assert (await outcome(client, of=of))["context"]["answer"] == {"value": of}
        assert await calls_of(client) == [1, 2]
        clock.advance(61)
        await outcome(client, of=1)
        assert await calls_of(client) == [1, 2, 1]
        assert server.inspect().cache.entries == 0, "the server's own cache has nothing to do with it"


async def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    server = flows(tmp_path, call("flaky", "flaky", cache=60, output_variable="said"))
    async with server.running(), connect(server) as client:
        assert (await outcome(client))["status"] == "failed"
        assert (await outcome(client))["context"] == {"said": "at last"}


async def test_facts_tell_what_a_step_is_given_but_no_secret_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", 's3cret"token')
    server = flows(
        tmp_path,
        call("a", arguments={"value": "Bearer ${env.SHOP_TOKEN}"}, output_variable="x"),
        call("b", arguments={"value": ["${x.value}", "y" * 2000]}),
    )
    told = told_by(server, StepFilled, object)
    async with (
        server.running(),
        connect(server) as client,
        expect(server.bus, StepFilled, lambda fact: fact.step == "b") as filled,
    ):
        await outcome(client)
    assert filled.result().given.startswith('{"value": ["Bearer ${env.SHOP_TOKEN}", "yyyy')
    assert len(filled.result().given) < 700
    shown = [fact for fact in told if type(fact).__name__.startswith("Step")]
    assert shown
    assert "s3cret" not in repr(shown)


async def test_no_fact_tells_a_secret_that_an_error_repeats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    arguments = {"text": "the token ${env.SHOP_TOKEN} is wrong"}
    server = flows(tmp_path, call("bad", "fail", arguments=arguments, retry={"attempts": 2, "delay": 0}))
    told = told_by(server, StepAttemptFailed, StepFinished, WorkflowFinished)
    async with server.running(), connect(server) as client:
        await outcome(client)
    assert [type(fact) for fact in told] == [StepAttemptFailed, StepFinished, WorkflowFinished]
    assert "s3cret" not in repr(told)
    assert told[0].error == told[1].detail == "the token ${env.SHOP_TOKEN} is wrong"
