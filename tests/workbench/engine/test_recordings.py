"""File batches are recorded and replayed through the engine, and both clients hear of a replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_core.bus import Event
from server_core.events import FileChange, FilesChanged, ReplayFinished, ReplayStarted
from tests.waiting import until
from tests.workbench.engine.trial import seen
from workbench.engine import PROTOCOLS, Engine, EngineError
from workbench.facts import NoticeReceived, RecordingStarted, RecordingStopped, ReplayProgressed
from workbench.recording import batch_line, header_line, read_recording

pytestmark = pytest.mark.anyio


async def recorded(engine: Engine, folder: Path, names: list[str]) -> Path:
    """A recording of files that came and are gone again."""
    await seen(engine).started("docs")
    path = folder / "recordings" / "one.jsonl"
    await engine.start_recording(path)
    assert seen(engine).of(RecordingStarted) == [RecordingStarted(str(path))]
    for name in names:
        before = len(seen(engine).of(FilesChanged))
        (folder / "docs" / name).write_text("x", encoding="utf-8")
        await until(lambda: len(seen(engine).of(FilesChanged)) > before, f"{name} is noticed")  # noqa: B023
    await engine.stop_recording()
    for name in names:
        (folder / "docs" / name).unlink()
    return path


async def test_what_was_recorded_is_in_the_file_and_told_of(engine: Engine, folder: Path):
    path = await recorded(engine, folder, ["b.md"])
    recording = read_recording(path)
    assert recording.module == "docs"
    assert [[change.path for change in batch.changes] for batch in recording.batches] == [["b.md"]]
    assert seen(engine).of(RecordingStopped) == [RecordingStopped(str(path), 1)]


async def test_only_one_recording_at_a_time_and_none_over_an_existing_file(engine: Engine, folder: Path):
    path = await recorded(engine, folder, [])
    with pytest.raises(EngineError, match="exists"):
        await engine.start_recording(path)
    await engine.start_recording(folder / "two.jsonl")
    with pytest.raises(EngineError, match="already in progress"):
        await engine.start_recording(folder / "three.jsonl")
    await engine.stop_recording()
    with pytest.raises(EngineError, match="did you mean docs"):
        await engine.start_recording(folder / "three.jsonl", "dogs")


async def test_a_replay_tells_the_clients_of_both_revisions_and_ends_true_to_the_disk(
    engine: Engine, folder: Path
):
    path = await recorded(engine, folder, ["b.md", "c.md"])
    await until(lambda: _deleted(engine) == {"b.md", "c.md"}, "the files are gone again")
    before = {str(item.uri) for item in await engine.list_resources()}
    uris = [f"{folder.as_uri()}/docs/{name}" for name in ("b.md", "c.md")]
    await engine.subscribe(*uris)
    await engine.start_replay(path, speed="max")
    await until(lambda: seen(engine).of(ReplayFinished), "the replay ends")
    await engine.flush_notices()
    for protocol in PROTOCOLS:
        told = [
            fact.uri
            for fact in seen(engine).of(NoticeReceived)
            if fact.protocol == protocol and fact.kind == "updated"
        ]
        assert told[:2] == uris
    assert ReplayProgressed("docs", 2, 2, False) in seen(engine).of(ReplayProgressed)
    assert {str(item.uri) for item in await engine.list_resources()} == before


def _deleted(engine: Engine) -> set[str]:
    batches = seen(engine).of(FilesChanged)
    return {change.path for batch in batches for change in batch.changes if change.kind == "deleted"}


async def test_a_replay_by_steps_waits_for_each_step_and_can_be_stopped(engine: Engine, folder: Path):
    path = await recorded(engine, folder, ["b.md", "c.md", "d.md"])
    await engine.start_replay(path, speed="step")
    assert seen(engine).of(ReplayStarted)
    assert seen(engine).of(ReplayProgressed) == [ReplayProgressed("docs", 0, 3, True)]
    with pytest.raises(EngineError, match="already in progress"):
        await engine.start_replay(path)
    await engine.replay_step()
    await until(lambda: len(seen(engine).of(ReplayProgressed)) == 2, "one batch is fed")
    assert seen(engine).of(ReplayProgressed)[-1] == ReplayProgressed("docs", 1, 3, True)
    await engine.stop_replay()
    assert seen(engine).of(ReplayFinished) == [ReplayFinished("docs", 1)]
    with pytest.raises(EngineError, match="No replay"):
        await engine.replay_step()


async def test_a_file_that_is_no_recording_is_refused(engine: Engine, folder: Path):
    await seen(engine).started("docs")
    with pytest.raises(EngineError, match=r"tools\.py:1: not a recording"):
        await engine.start_replay(folder / "tools.py")
    with pytest.raises(EngineError, match="There is no recording"):
        await engine.start_replay(folder / "none.jsonl")


async def test_thousands_of_changes_at_full_speed_reach_both_clients_alike_and_in_order(
    engine: Engine, folder: Path
):
    await seen(engine).started("docs")
    root = (folder / "docs").resolve().as_uri()
    names = [f"{number:03}.txt" for number in range(200)]
    path = folder / "long.jsonl"
    changes = [
        FileChange("modified" if number >= 200 else "added", names[number % 200]) for number in range(3000)
    ]
    with path.open("wb") as file:
        file.write(header_line("docs", "/r", 0))
        file.writelines(batch_line(number / 100, [change]) for number, change in enumerate(changes))
    await engine.subscribe(*(f"{root}/{name}" for name in names))
    heard: dict[str, list[str]] = {protocol: [] for protocol in PROTOCOLS}

    def listen(event: Event) -> None:
        if isinstance(event.fact, NoticeReceived) and event.fact.kind == "updated":
            heard[event.fact.protocol].append(event.fact.uri.rpartition("/")[2])

    engine.bus.subscribe(listen)
    await engine.start_replay(path, speed="max")
    await until(lambda: seen(engine).of(ReplayFinished), "the replay ends")
    await engine.flush_notices()
    # At its end every file that is not on disk is deleted again.
    told = [change.path for change in changes] + names
    assert heard == dict.fromkeys(PROTOCOLS, told)
