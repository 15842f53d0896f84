"""Facts become a snapshot."""

from __future__ import annotations

import dataclasses
import inspect
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

import server_core.events
import workbench.facts
from server_core.bus import Event
from server_core.events import (
    FOLLOW_METHOD,
    BreakerChanged,
    BreakerFailed,
    BreakerProbed,
    BreakerRecovered,
    BreakerRefused,
    CacheEvicted,
    CacheHit,
    CacheMissed,
    CacheStored,
    ClientConnected,
    ClientDisconnected,
    ClientsNotified,
    ErrorFrame,
    ErrorReported,
    FileChange,
    FilesChanged,
    FunctionsReloaded,
    LogWritten,
    LoopBlocked,
    LoopFreed,
    ModuleFailed,
    ModuleNoted,
    ModuleStarted,
    ModuleStarting,
    ModuleStopped,
    OfferChanged,
    PoolChanged,
    ReplayFinished,
    ReplayStarted,
    RequestFinished,
    RequestProgressed,
    RequestStarted,
    ServerStarted,
    ServerStopped,
    StepFinished,
    StepStarted,
    StreamChunked,
    TaskChanged,
    TaskProgressed,
    TaskStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from server_core.inspection import FailureState
from tests.workbench.fakes import NOON, STATE, STORY, request, traffic
from workbench.facts import (
    Dropped,
    EngineFailed,
    NoticeReceived,
    RecordingStarted,
    RecordingStopped,
    ReplayProgressed,
    ServerInspected,
)
from workbench.state import Snapshot
from workbench.state.fold import FOLDS, reduce
from workbench.state.snapshot import BATCHES, ENDED_TASKS, FAILURES, HAPPENINGS, LATENCIES, LOGS
from workbench.state.timeline import DESCRIBERS

_seq = itertools.count(1)


def events(*facts: object, at: float = NOON) -> list[Event]:
    return [Event(next(_seq), at, fact) for fact in facts]


def after(*facts: object, at: float = NOON, start: Snapshot | None = None) -> Snapshot:
    return reduce(start or Snapshot(), events(*facts, at=at))


# -- the server, its modules and clients


def test_a_started_server_runs_from_then_on_under_its_name():
    s = after(ServerStarted("bookshop", "0.1.0"), at=NOON + 5)
    assert (s.phase, s.name, s.version, s.started) == ("running", "bookshop", "0.1.0", NOON + 5)


def test_a_stopped_server_has_no_clients_and_no_requests():
    s = after(
        ClientConnected("c", "x", "p"), RequestStarted(1, "tools/call", "add", "c", ""), ServerStopped("b")
    )
    assert (s.phase, s.clients, s.active) == ("stopped", (), ())


def test_an_engine_that_can_t_start_says_why():
    s = after(EngineFailed("server.toml:3: no such kind"))
    assert (s.phase, s.reason) == ("failed", "server.toml:3: no such kind")


def test_a_module_goes_from_starting_to_running_with_what_it_offers():
    s = after(ModuleStarting("shop", "database"))
    assert s.modules[0].status == "starting"
    s = after(ModuleNoted("shop", "3 tables"), ModuleStarted("shop", "database", 0.1, 1, 2, 3, 4), start=s)
    module = s.modules[0]
    assert (module.status, module.tools, module.resources, module.templates, module.prompts, module.note) == (
        "running", 1, 2, 3, 4, "3 tables",
    )  # fmt: skip


def test_a_failed_module_keeps_its_place_and_its_reason():
    s = after(
        ModuleStarting("a", "files"), ModuleStarting("b", "files"), ModuleFailed("a", "files", "no folder")
    )
    assert [(module.name, module.status, module.reason) for module in s.modules] == [
        ("a", "failed", "no folder"),
        ("b", "starting", ""),
    ]


def test_a_removed_module_is_gone_with_the_next_inspection():
    s = after(ServerInspected(STATE), ModuleStopped("shop", "database"))
    assert s.stale
    assert s.modules[0].status == "stopped"
    left = dataclasses.replace(STATE, modules=STATE.modules[1:])
    assert next(module.name for module in after(ServerInspected(left), start=s).modules) == "docs"


def test_clients_come_and_go():
    s = after(ClientConnected("c1", "inspector", "2026-07-28"), ClientConnected("c2", "other", "2025-11-25"))
    assert [client.name for client in s.clients] == ["inspector", "other"]
    assert [client.client for client in after(ClientDisconnected("c1"), start=s).clients] == ["c2"]


def test_lists_are_taken_anew_once_a_batch_of_facts_however_many_there_are():
    s = after(ServerInspected(STATE))
    for fact, which in (
        (ModuleStarted("x", "files", 0.1, 0, 0, 0, 0), (1, 1, 1)),
        (OfferChanged("docs", 0, 49, 1, 0), (0, 1, 0)),
        (OfferChanged("tools", 6, 1, 0, 2), (1, 1, 1)),
        (ClientsNotified("prompts", "", 2), (0, 0, 1)),
        (ClientsNotified("updated", "file:///a", 2), (0, 0, 0)),
        (FunctionsReloaded("tools", "tools.py", (), (), ("add",)), (1, 1, 1)),
        (Dropped(3), (1, 1, 1)),
    ):
        changed = after(fact, fact, start=s)
        assert (
            changed.tools_revision - s.tools_revision,
            changed.resources_revision - s.resources_revision,
            changed.prompts_revision - s.prompts_revision,
        ) == which, fact


def test_lost_events_are_counted_and_call_for_an_inspection():
    s = after(Dropped(120))
    assert (s.dropped, s.stale) == (120, True)
    s = after(ServerInspected(STATE), start=s)
    assert (s.dropped, s.stale, s.requests) == (120, False, 1204)


def test_facts_after_an_inspection_count_on_top_of_it_and_those_before_do_not():
    s = after(ServerInspected(STATE))
    s = after(CacheHit("k", 1.0), CacheMissed("k"), ServerInspected(STATE), CacheHit("k", 1.0), start=s)
    assert s.cache is not None
    assert (s.cache.hits, s.cache.misses) == (STATE.cache.hits + 1, STATE.cache.misses)


def test_events_count_in_their_order_even_if_threads_delivered_them_in_another():
    started, finished = events(RequestStarted(7, "tools/call", "add", "c", ""), request(7, "add", "tools"))
    assert reduce(Snapshot(), [finished, started]).active == ()


# -- requests


def test_a_request_is_under_way_until_it_is_answered():
    s = after(RequestStarted(7, "tools/call", "add", "c", "k"), RequestProgressed(7, "add", 2, 5, "half"))
    assert [(r.request, r.target, r.started) for r in s.active] == [(7, "add", NOON)]
    assert s.progress[7] == (2, 5, "half")
    s = after(request(7, "add", "tools", seconds=0.25), at=NOON + 1, start=s)
    assert (s.active, s.progress) == ((), {})
    assert s.durations == (0.25,)


def test_calls_and_errors_are_counted_in_their_second_and_cancelled_ones_are_not():
    s = after(request(1, "a", "m"), request(2, "a", "m", outcome="tool_error"), at=NOON)
    s = after(
        request(3, "a", "m", outcome="timeout"),
        request(4, "a", "m", outcome="cancelled"),
        at=NOON + 2,
        start=s,
    )
    assert [second[1:3] for second in s.seconds] == [(2, 1), (0, 0), (1, 1)]
    assert s.errors == 2


def test_progress_of_an_answered_request_is_nobody_s():
    assert after(RequestProgressed(99, "add", 1, None, "")).progress == {}


def test_latency_is_told_of_the_last_requests():
    s = after(*(request(n, "a", "m", seconds=n / 1000) for n in range(1, LATENCIES + 101)))
    assert len(s.durations) == LATENCIES
    assert s.latency is not None
    assert 0.59 < s.latency.p50 < 0.61
    assert s.latency.p50 < s.latency.p95 < s.latency.p99 <= 1.1


# -- cache, breakers, pools


def test_the_cache_s_counters_follow_the_facts():
    s = after(ServerInspected(STATE))
    before = s.cache
    facts = [CacheHit("k", 1), CacheMissed("k"), CacheMissed("k"), CacheStored("k", 10, 413, 2000)]
    facts += [
        CacheEvicted("k", reason, 412, 1990) for reason in ("size", "expired", "invalidated", "cleared")
    ]
    cache = after(*facts, start=s).cache
    assert before is not None
    assert cache is not None
    assert (cache.hits, cache.misses) == (before.hits + 1, before.misses + 2)
    assert (cache.evicted, cache.expired, cache.invalidated) == (
        before.evicted + 1, before.expired + 1, before.invalidated + 1,
    )  # fmt: skip
    assert (cache.entries, cache.total_bytes) == (412, 1990)


def test_a_breaker_fails_opens_half_opens_and_closes():
    s = after(ServerInspected(STATE), BreakerFailed("shop", 4, 5, "timed out"))
    shop = s.breakers[0]
    assert (shop.status, shop.failures, shop.last_error) == ("closed", 4, "timed out")
    s = after(
        BreakerChanged("shop", "closed", "open", 5, 60.0, "5 failures"), BreakerRefused("shop", 60.0), start=s
    )
    shop = s.breakers[0]
    assert (shop.status, shop.retry_at, shop.refused) == ("open", NOON + 60, 1)
    s = after(BreakerChanged("shop", "open", "half_open", 5, 0.0, "a probe"), start=s)
    assert not s.breakers[0].probing
    s = after(BreakerProbed("shop", True), start=s)
    assert (s.breakers[0].status, s.breakers[0].retry_at, s.breakers[0].probing) == ("half_open", 0.0, True)
    s = after(BreakerChanged("shop", "half_open", "closed", 0, 0.0, "the probe"), start=s)
    shop = s.breakers[0]
    assert (shop.status, shop.failures, shop.probing) == ("closed", 0, False)
    assert [change.after for change in shop.history] == ["open", "half_open", "closed"]


def test_a_breaker_that_recovers_has_no_failures():
    s = after(ServerInspected(STATE), BreakerFailed("shop", 4, 5, "timed out"), BreakerRecovered("shop"))
    assert s.breakers[0].failures == 0


def test_what_is_not_known_yet_is_shown_and_asked_after():
    s = after(BreakerFailed("new", 1, 3, "no"), PoolChanged("p", "acquired", 1, 2, 0, 10))
    assert s.stale
    assert (s.breakers[0].name, s.breakers[0].threshold) == ("new", 3)
    assert (s.pools[0].name, s.pools[0].in_use) == ("p", 2)


def test_who_holds_and_who_waits_follows_from_step_to_step():
    s = after(
        ServerInspected(STATE),
        PoolChanged("shop", "released", 9, 1, 0, 10, "query", 41),
        PoolChanged("shop", "acquired", 0, 10, 0, 10, "export", 42),
        PoolChanged("shop", "waiting", 0, 10, 1, 10, "query", 43),
        PoolChanged("shop", "waiting", 0, 10, 2, 10, "report", 44),
    )
    pool = s.pools[0]
    assert [one.holder for one in pool.holders] == ["db://table/books", "export"]
    assert [(one.holder, one.since) for one in pool.waiters] == [("query", NOON), ("report", NOON)]
    s = after(
        PoolChanged("shop", "released", 1, 9, 2, 10, "export", 42),
        PoolChanged("shop", "acquired", 0, 10, 1, 10, "query", 43),
        PoolChanged("shop", "cancelled", 0, 10, 0, 10, "report", 44),
        PoolChanged("shop", "closed", 0, 10, 0, 10),
        at=NOON + 2,
        start=s,
    )
    pool = s.pools[0]
    assert [(one.holder, one.since) for one in pool.holders] == [
        ("db://table/books", NOON - 12),
        ("query", NOON + 2),
    ]
    assert pool.waiters == ()


def test_a_pool_s_figures_follow():
    s = after(ServerInspected(STATE), PoolChanged("shop", "timed_out", 0, 10, 3, 10))
    pool = s.pools[0]
    assert (pool.idle, pool.in_use, pool.waiting, pool.timed_out) == (0, 10, 3, 1)
    assert pool.min_size == 2


# -- tasks and workflows


def test_a_task_is_followed_to_its_end():
    s = after(TaskStarted("t", "reindex", "jobs"))
    assert s.stale, "whether it waits or runs is not in the fact"
    assert s.tasks[0].status == "queued"
    s = after(TaskProgressed("t", 3, 9, "page 3"), at=NOON + 1, start=s)
    task = s.tasks[0]
    assert (task.status, task.progress, task.total, task.message) == ("working", 3, 9, "page 3")
    assert s.running_tasks == s.tasks
    s = after(TaskChanged("t", "completed", "9 pages"), at=NOON + 2, start=s)
    task = s.tasks[0]
    assert (task.status, task.detail, task.created, task.updated) == ("completed", "9 pages", NOON, NOON + 2)
    assert s.running_tasks == ()


def test_the_oldest_ended_tasks_are_forgotten_and_no_running_one_is():
    facts: list[object] = [TaskStarted("first", "long", "jobs")]
    for number in range(ENDED_TASKS + 50):
        facts += [TaskStarted(f"t{number}", "short", "jobs"), TaskChanged(f"t{number}", "completed", "")]
    tasks = after(*facts).tasks
    assert len(tasks) == ENDED_TASKS + 1
    assert tasks[0].task == "first"
    assert tasks[-1].task == f"t{ENDED_TASKS + 49}"


def test_a_workflow_run_has_its_steps_in_order_with_how_they_went():
    s = after(
        WorkflowStarted("r", "restock", 3),
        StepStarted("r", "restock", "a", "tool_call", 1),
        StepFinished("r", "restock", "a", "ok", 0.1, "7 rows"),
        StepFinished("r", "restock", "b", "skipped", 0.0, "nothing to order"),
        StepStarted("r", "restock", "c", "api_call", 3),
    )
    assert [(step.name, step.kind, step.status) for step in s.runs[0].steps] == [
        ("a", "tool_call", "ok"),
        ("b", "", "skipped"),
        ("c", "api_call", "running"),
    ]
    s = after(
        StepFinished("r", "restock", "c", "failed", 2.0, "refused"),
        WorkflowFinished("r", "restock", "failed", 2.1, "c: refused"),
        start=s,
    )
    run = s.runs[0]
    assert (run.status, run.seconds, run.error, run.steps[2].status) == (
        "failed",
        2.1,
        "c: refused",
        "failed",
    )


def test_a_step_that_runs_again_is_another_step():
    once = [StepStarted("r", "w", "a", "tool_call", 1), StepFinished("r", "w", "a", "ok", 0.1, "")]
    s = after(WorkflowStarted("r", "w", 2), *once, *once)
    assert [step.status for step in s.runs[0].steps] == ["ok", "ok"]


# -- files


def test_batches_are_numbered_and_the_oldest_go():
    batch = FilesChanged("docs", (FileChange("added", "a.md"),), False, 0.01)
    s = after(*[batch] * (BATCHES + 5))
    assert len(s.batches) == BATCHES
    assert (s.batches[0].number, s.batches[-1].number) == (6, BATCHES + 5)
    assert after(batch, start=s).batches[-1].number == BATCHES + 6


def test_a_recording_counts_what_the_file_system_tells_and_not_what_is_replayed():
    live = FilesChanged("docs", (), False, 0.0)
    s = after(RecordingStarted("r.jsonl"), live, live, FilesChanged("docs", (), True, 0.0))
    assert s.recording is not None
    assert (s.recording.path, s.recording.batches) == ("r.jsonl", 2)
    assert after(RecordingStopped("r.jsonl", 2), start=s).recording is None


def test_a_replay_is_followed_to_its_end():
    s = after(ReplayStarted("docs", 40))
    s = after(ReplayProgressed("docs", 12, 40, True), at=NOON + 3, start=s)
    assert s.replay == ("docs", 40, NOON, 12, True)
    assert after(ReplayFinished("docs", 40), start=s).replay is None


def test_notices_that_reached_our_clients_are_kept():
    s = after(NoticeReceived("2026-07-28", "updated", "file:///a.md"))
    assert s.notices[0][2:] == ("2026-07-28", "updated", "file:///a.md")


# -- trouble and talk


def test_a_stop_of_the_loop_began_before_it_was_told_and_is_told_again_without_beginning_anew():
    s = after(LoopBlocked("slow", "work", "tools.py", 12, 0.06))
    assert s.blocked == ("slow", "work", "tools.py", 12, NOON - 0.06)
    s = after(LoopBlocked("slow", "work", "tools.py", 13, 1.06), at=NOON + 1, start=s)
    assert s.blocked == ("slow", "work", "tools.py", 13, NOON - 0.06)
    assert after(LoopFreed(1.2), start=s).blocked is None


def test_log_lines_and_happenings_are_bounded_and_the_newest_stay():
    s = after(*(LogWritten("tool", "info", f"line {n}") for n in range(LOGS + HAPPENINGS)))
    assert (len(s.logs), s.logs[-1].text) == (LOGS, f"line {LOGS + HAPPENINGS - 1}")
    assert (len(s.happened), s.happened[-1].text) == (HAPPENINGS, f"line {LOGS + HAPPENINGS - 1}")


def test_what_would_be_lost_by_leaving_is_told_in_words():
    s = after(
        TaskStarted("t", "a", "jobs"),
        WorkflowStarted("r", "w", 2),
        RecordingStarted("x"),
        ReplayStarted("docs", 2),
    )
    assert s.busy == ("1 long task", "1 workflow run", "a recording", "a replay")
    assert Snapshot().busy == ()


def test_who_follows_a_stream_just_looks() -> None:
    following = RequestStarted(1, FOLLOW_METHOD, "stream://ticker", "workbench", "k")
    reading = RequestStarted(2, "resources/read", "stream://ticker", "c1", "k")
    assert after(following).busy == ()
    assert after(following, reading).busy == ("1 request",)
    finished = RequestFinished(
        1, FOLLOW_METHOD, "stream://ticker", "feed", "workbench", "k", "ok", 3600.0, (), 9, "", ""
    )
    s = after(following, finished)
    assert s.active == ()
    assert s.durations == Snapshot().durations


def test_unexpected_errors_are_kept_newest_last_and_only_so_many():
    s = after(*(ErrorReported(f"r{n}", "tool", "ValueError: no", "", "", n) for n in range(FAILURES + 3)))
    assert len(s.failures) == FAILURES
    assert s.failures[-1].fact.reference == f"r{FAILURES + 2}"
    assert s.failures[-1].at == NOON
    assert after(LogWritten("a", "info", "b"), start=s).failures is s.failures


def test_an_error_that_comes_again_is_one_with_its_count_and_the_newest():
    first = ErrorReported("r1", "tool", "ValueError: no", "", "tools.py", 3)
    other = ErrorReported("r2", "tool", "ValueError: no", "", "tools.py", 4)
    again = ErrorReported("r3", "tool", "ValueError: not this either", "", "tools.py", 3)
    s = after(first, other, again)
    assert [(failure.fact.reference, failure.times) for failure in s.failures] == [("r2", 1), ("r3", 2)]


def test_errors_that_were_dropped_on_the_way_are_taken_from_an_inspection():
    known = ErrorReported("known", "tool", "ValueError: no", "", "", 0)
    missed = ErrorReported("missed", "tool", "ValueError: no", "", "", 1)
    again = ErrorReported("again", "tool", "ValueError: no", "", "", 0)
    told = (FailureState(NOON - 5, missed), FailureState(NOON, known), FailureState(NOON + 5, again))
    state = dataclasses.replace(STATE, failures=told)
    s = after(known)
    s = after(ServerInspected(state), start=s)
    assert [(failure.fact.reference, failure.times) for failure in s.failures] == [
        ("missed", 1),
        ("again", 2),
    ]
    assert after(ServerInspected(state), start=s).failures is s.failures


# -- the fold itself


def test_parts_that_did_not_change_are_the_same_objects():
    s = after(*(fact for _, fact in STORY), ServerInspected(STATE))
    changed = after(CacheHit("k", 1.0), start=s)
    for field in dataclasses.fields(Snapshot):
        same = getattr(changed, field.name) is getattr(s, field.name)
        assert same == (field.name not in ("cache", "seconds")), field.name


def test_nothing_happens_without_events():
    s = Snapshot()
    assert reduce(s, []) is s


def test_a_fact_that_nobody_knows_changes_nothing():
    s = after(ServerInspected(STATE))
    changed = after(object(), start=s)
    assert all(getattr(changed, f.name) is getattr(s, f.name) for f in dataclasses.fields(Snapshot))


def test_every_fact_of_the_vocabulary_is_folded_or_told():
    vocabulary = {
        kind
        for module in (server_core.events, workbench.facts)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if dataclasses.is_dataclass(kind) and kind.__module__.startswith(module.__name__)
    }
    # A chunk of a stream is part of a request, which is told; a change is part of a batch, a frame of an error.
    assert vocabulary - set(FOLDS) - set(DESCRIBERS) == {StreamChunked, FileChange, ErrorFrame}


TALE = [Event(number, NOON + at, fact) for number, (at, fact) in enumerate([*traffic()[-400:], *STORY], 1)]
REVISIONS = {"tools_revision", "resources_revision", "prompts_revision"}


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(0, len(TALE)), max_size=8), inspected=st.integers(0, len(TALE) - 1))
def test_it_does_not_matter_how_events_are_cut_into_batches(cuts: list[int], inspected: int):
    tale = list(TALE)
    tale[inspected] = tale[inspected]._replace(fact=ServerInspected(STATE))
    whole = reduce(Snapshot(), tale)
    parts = Snapshot()
    edges = [0, *sorted(cuts), len(tale)]
    for start, end in itertools.pairwise(edges):
        parts = reduce(parts, tale[start:end])
    for field in dataclasses.fields(Snapshot):
        if field.name not in REVISIONS:  # these change once a batch
            assert getattr(parts, field.name) == getattr(whole, field.name), field.name
