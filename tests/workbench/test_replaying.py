"""Replays: their pace, their steps, their end; and who takes which recorded module's batches."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from server_core.databases.settings import DatabaseSettings
from server_core.errors import UnavailableError
from server_core.events import FileChange
from server_core.files.settings import FilesSettings
from server_core.manual_clock import ManualClock
from server_core.testing import NEWEST, OLDEST
from tests.server_core.modules.files_for_tests import LIST, listening, serving
from tests.waiting import loop_turns, until, within
from workbench.recorder import RecordingWriter, record
from workbench.recording import RecordedBatch, Recording, read_recording
from workbench.replaying import (
    Replay,
    ReplayError,
    ReplayProgress,
    ReplayTarget,
    Speed,
    recorded_uris,
    replay_remark,
    replay_targets,
)

pytestmark = pytest.mark.anyio


def recording(*times: float, modules: Sequence[str] = ("docs",)) -> Recording:
    """A batch at each time, of the modules in turn; each adds a file that is named by its place."""
    batches = tuple(
        RecordedBatch(t, (FileChange("added", str(number)),), modules[number % len(modules)])
        for number, t in enumerate(times)
    )
    counts = Counter(batch.module for batch in batches)
    seconds = times[-1] - times[0] if times else 0.0
    return Recording(
        Path("r.jsonl"), modules[0], "/r", datetime.now(UTC), batches, counts, len(batches), seconds
    )


class Target:
    """Takes batches, and remembers which and when; `gate` holds it up while it is cleared."""

    def __init__(self, clock: ManualClock, name: str = "docs") -> None:
        self.name = name
        self.clock = clock
        self.taken: list[tuple[str, float]] = []
        self.totals: list[int] = []
        self.ended = 0
        self.gate = asyncio.Event()
        self.gate.set()

    @asynccontextmanager
    async def replaying(self, total: int) -> AsyncIterator[None]:
        self.totals.append(total)
        try:
            yield
        finally:
            self.ended += 1

    async def prepare(self, batches: Sequence[Sequence[FileChange]]) -> Sequence[Sequence[FileChange]]:
        return batches

    async def intake_prepared(self, changes: Sequence[FileChange]) -> None:
        await self.gate.wait()
        self.taken.append((changes[0].path, self.clock.monotonic()))

    @property
    def paths(self) -> list[str]:
        return [path for path, _at in self.taken]


class Run:
    """A replay under way into one target, on a clock moved by hand that begins at 0."""

    def __init__(self, source: Recording, speed: Speed) -> None:
        self.clock = ManualClock(monotonic=0)
        self.target = Target(self.clock)
        self.told: list[ReplayProgress] = []
        self.replay = Replay(
            source, {"docs": self.target}, speed=speed, clock=self.clock, on_progress=self.told.append
        )
        self.task = asyncio.ensure_future(self.replay.run())

    async def advance(self, seconds: float) -> None:
        await loop_turns()
        self.clock.advance(seconds)
        await loop_turns()


async def test_batches_come_at_the_pace_of_the_recording_from_the_first_on() -> None:
    run = Run(recording(30, 31, 31, 33.5), 1.0)
    for _ in range(8):
        await run.advance(0.5)
    await within(run.task, "the replay ends")
    assert run.target.taken == [("0", 0), ("1", 1), ("2", 1), ("3", 3.5)]
    assert (run.target.totals, run.target.ended) == ([4], 1)


async def test_a_faster_replay_takes_a_part_of_the_time() -> None:
    run = Run(recording(0, 1, 5), 10)
    for _ in range(6):
        await run.advance(0.1)
    await within(run.task, "the replay ends")
    assert [round(at, 3) for _path, at in run.target.taken] == [0, 0.1, 0.5]


async def test_at_most_speed_nothing_waits() -> None:
    run = Run(recording(0, 100, 10_000), "max")
    await within(run.task, "the replay ends")
    assert run.target.paths == ["0", "1", "2"]
    assert run.clock.monotonic() == 0


async def test_a_slow_batch_delays_the_next_one_and_no_others() -> None:
    run = Run(recording(0, 1, 5), 1.0)
    run.target.gate.clear()
    await run.advance(3)
    run.target.gate.set()
    await run.advance(2)
    await within(run.task, "the replay ends")
    assert run.target.taken == [("0", 3), ("1", 3), ("2", 5)]


async def test_step_by_step_each_step_is_one_batch() -> None:
    run = Run(recording(0, 1, 2, 3), "step")
    await loop_turns()
    assert run.target.paths == []
    run.replay.step()
    await loop_turns()
    assert run.target.paths == ["0"]
    run.replay.step(2)
    await loop_turns()
    assert run.target.paths == ["0", "1", "2"]
    run.replay.resume()
    await within(run.task, "the replay ends")
    assert run.target.paths == ["0", "1", "2", "3"]


async def test_a_pause_holds_it_and_costs_nothing_of_the_pace() -> None:
    run = Run(recording(0, 1, 2), 1.0)
    await run.advance(0.5)
    run.replay.pause()
    await run.advance(100)
    assert run.target.paths == ["0"]
    run.replay.resume()
    await run.advance(0.25)
    assert run.target.paths == ["0"]
    await run.advance(0.25)
    assert run.target.taken == [("0", 0), ("1", 101)]
    await run.advance(1)
    await within(run.task, "the replay ends")


async def test_a_step_in_a_pause_moves_the_pace_along() -> None:
    run = Run(recording(0, 10, 20), 1.0)
    await loop_turns()
    run.replay.pause()
    run.replay.step()
    await loop_turns()
    assert run.target.paths == ["0", "1"]
    run.replay.resume()
    await run.advance(9)
    assert run.target.paths == ["0", "1"]
    await run.advance(1)
    await within(run.task, "the replay ends")


async def test_a_stopped_replay_ends_after_the_batch_that_is_taken_in() -> None:
    run = Run(recording(0, 1, 2), 1.0)
    await loop_turns()
    run.replay.stop()
    await within(run.task, "the replay ends")
    assert run.target.paths == ["0"]
    assert run.target.ended == 1


async def test_a_stop_ends_a_pause_too() -> None:
    run = Run(recording(0), "step")
    await loop_turns()
    run.replay.stop()
    await within(run.task, "the replay ends")
    assert run.target.paths == []


async def test_progress_is_told_after_each_batch_and_at_each_turn() -> None:
    run = Run(recording(0, 1), "step")
    await loop_turns()
    run.replay.step()
    await loop_turns()
    run.replay.resume()
    await within(run.task, "the replay ends")
    assert run.told == [
        ReplayProgress("docs", 0, 2, True),
        ReplayProgress("docs", 1, 2, True),
        ReplayProgress("docs", 1, 2, False),
        ReplayProgress("docs", 2, 2, False),
    ]


async def test_batches_of_several_modules_keep_their_order_over_all() -> None:
    clock = ManualClock()
    order: list[str] = []
    targets: dict[str, ReplayTarget] = {}
    for name in ("a", "b"):
        targets[name] = target = Target(clock, name)
        target.taken = SimpleNamespace(append=lambda item: order.append(item[0]))  # type: ignore[assignment]
    await Replay(recording(*range(6), modules=("a", "b", "c")), targets, speed="max", clock=clock).run()
    assert order == ["0", "1", "3", "4"]
    assert [target.totals for target in targets.values()] == [[2], [2]]  # type: ignore[attr-defined]


async def test_a_target_that_fails_ends_the_replay_with_its_error() -> None:
    run = Run(recording(0, 1), "max")

    async def refuse(batches: Any) -> Any:
        raise UnavailableError("The files module 'docs' is not running")

    run.target.prepare = refuse  # type: ignore[method-assign]
    with pytest.raises(UnavailableError, match="is not running"):
        await run.task
    assert run.target.ended == 1


@pytest.mark.parametrize("speed", [0, -1.0, float("inf"), float("nan")])
async def test_a_speed_that_leads_nowhere_is_refused(speed: float) -> None:
    with pytest.raises(ReplayError, match="greater than 0"):
        Replay(recording(0), {}, speed=speed, clock=ManualClock())


async def test_a_recording_without_batches_ends_at_once() -> None:
    run = Run(recording(), 1.0)
    await within(run.task, "the replay ends")
    assert run.told == [ReplayProgress("docs", 0, 0, False)]


@pytest.mark.parametrize(
    ("modules", "known", "module", "targets"),
    [
        (["docs"], ["docs", "more"], None, {"docs": "docs"}),
        (["docs"], ["texts"], None, {"docs": "texts"}),
        (["docs"], ["texts", "more"], "more", {"docs": "more"}),
        (["a", "b"], ["b", "a", "c"], None, {"a": "a", "b": "b"}),
        (["a", "b"], ["b", "c"], None, {"b": "b"}),
        (["a", "b"], ["a", "b"], "b", {"b": "b"}),
    ],
)
def test_the_module_that_takes_a_replay_is_found(
    modules: list[str], known: list[str], module: str | None, targets: dict[str, str]
) -> None:
    assert replay_targets(recording(*range(4), modules=modules), known, module) == targets


@pytest.mark.parametrize(
    ("modules", "known", "module", "problem"),
    [
        (["docs"], [], None, "no files module"),
        (["docs"], ["docs"], "dosc", "did you mean docs"),
        (["docs"], ["docs"], "zzz", "there are docs"),
        (["docs"], ["x", "y"], None, "choose one of x, y with --module"),
        (["a", "b"], ["c"], "c", "record one module only"),
    ],
)
def test_where_none_or_many_could_the_error_says_what_to_do(
    modules: list[str], known: list[str], module: str | None, problem: str
) -> None:
    with pytest.raises(ReplayError, match=problem):
        replay_targets(recording(*range(4), modules=modules), known, module)


@pytest.mark.parametrize(
    ("modules", "targets", "says"),
    [
        (["docs"], {"docs": "docs"}, ""),
        (["docs"], {"docs": "texts"}, "r.jsonl: recorded from docs (/r), replayed into texts"),
        (["a", "b", "c"], {"b": "b"}, "r.jsonl: skipping the batches of a, c"),
    ],
)
def test_a_replay_into_another_module_is_remarked_on(
    modules: list[str], targets: dict[str, str], says: str
) -> None:
    assert replay_remark(recording(*range(3), modules=modules), targets) == says


def test_the_uris_of_a_replay_are_those_of_the_projects_folder(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    tables = {
        "docs": FilesSettings(path="docs"),
        "off": FilesSettings(path="off", enabled=False),
        "shop": DatabaseSettings(url="sqlite://"),
    }
    project: Any = SimpleNamespace(folder=tmp_path, config=SimpleNamespace(modules=tables))
    folder = (tmp_path / "docs").resolve().as_uri()
    assert recorded_uris(project, recording(0, 1, 1)) == [f"{folder}/0", f"{folder}/1", f"{folder}/2"]


async def test_what_was_recorded_live_is_heard_again_when_replayed(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    path = tmp_path / "r.jsonl"
    async with serving(folder) as docs:
        clock = docs.server.clock
        started = clock.now()
        with RecordingWriter(path, module="docs", root=str(docs.root), started=started) as writer:
            end = record(docs.server.bus, writer, started)
            (folder / "a.txt").write_text("one")
            await docs.until_changed(("added", "a.txt"))
            (folder / "a.txt").write_text("three")
            await docs.until_changed(("modified", "a.txt"))
            (folder / "a.txt").unlink()
            await docs.until_changed(("deleted", "a.txt"))
            end()
        taken = len(docs.batches)
        a = docs.uri("a.txt")
        async with listening(docs, ["a.txt"]) as heard:
            replay = Replay(read_recording(path), {"docs": docs.module}, speed="max", clock=clock)
            await within(replay.run(), "the replay ends")
            told = [a, LIST, a, a, LIST]
            await until(
                lambda: heard.old == told and len(heard.new) >= 3, f"{OLDEST} and {NEWEST} heard of it"
            )
        assert [batch.changes for batch in docs.batches[taken:]] == [
            batch.changes for batch in docs.batches[:taken]
        ]
        assert all(batch.replayed for batch in docs.batches[taken:])
        assert await docs.listed() == {}
