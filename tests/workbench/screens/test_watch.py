"""The Watch screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_core.events import FileChange, FilesChanged, ReplayFinished, ReplayStarted
from tests.waiting import until
from tests.workbench.fakes import NOON, FakeEngine
from tests.workbench.screens.shown import LARGE, SMALL, screen_text, sees, settled, shown
from tests.workbench.state.test_fold import after
from workbench.facts import NoticeReceived, RecordingStarted, RecordingStopped, ReplayProgressed
from workbench.screens.watch.rows import batch_row, change_rows, tape_lines

CHANGES = (FileChange("added", "new.md"), FileChange("modified", "a.md"), FileChange("modified", "b.md"))
RECORDING = """{"recording": 1, "module": "docs", "root": "/docs", "started": "2026-11-23T00:00:00+00:00"}
{"t": 0.5, "changes": [["added", "a.md"], ["deleted", "b.md"]]}
{"t": 2.5, "changes": [["modified", "a.md"]]}
"""


def text_of(spans: object) -> str:
    return "".join(text for text, _ in spans).rstrip()  # type: ignore[attr-defined]


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    folder = tmp_path / ".workbench" / "recordings"
    folder.mkdir(parents=True)
    (folder / "storm.jsonl").write_text(RECORDING)
    (folder / "torn.jsonl").write_text("nothing")
    return FakeEngine(folder=tmp_path)


def test_a_batch_tells_how_many_changes_of_each_kind_and_its_paths():
    batch = after(FilesChanged("docs", CHANGES, False, 0.004)).batches[0]
    assert batch_row(batch).cells[3:7] == (("+1", "ok"), ("~2", "warn"), ("", "bad"), "new.md  a.md  b.md")
    assert [row.cells[1] for row in change_rows(batch)] == ["new.md", "a.md", "b.md"]
    assert change_rows(None) == []


def test_the_tape_tells_what_is_recorded_and_replayed_and_else_which_key_begins():
    idle, replay = map(text_of, tape_lines(after(), NOON, 2, 100))
    assert "press r to record" in idle
    assert replay.endswith("at once")
    s = after(RecordingStarted("x/storm.jsonl"), ReplayProgressed("docs", 3, 4, True))
    recorded, replayed = map(text_of, tape_lines(s, NOON + 31, 0, 100))
    assert recorded == "● recording  storm.jsonl  0:31  0 batches"
    assert "Ⅱ paused" in replayed
    assert "3 of 4" in replayed


@pytest.mark.anyio
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_batches_come_in_on_top_with_their_changes_beside(engine: FakeEngine, size: tuple[int, int]):
    async with shown(engine, size, "6") as (app, pilot):
        engine.emit(FilesChanged("docs", CHANGES, False, 0.004))
        await sees(app, "Changes  3")
        engine.emit(FilesChanged("docs", (FileChange("deleted", "old.md"),), False, 0.004))
        await sees(app, "Changes  1")
        await pilot.press("j")
        await sees(app, "Changes  3")
        engine.emit(FilesChanged("docs", (), True, 0.004))
        await settled(app, pilot)
        assert "Changes  3" in screen_text(app), "the highlighted batch stays"


@pytest.mark.anyio
async def test_notices_of_both_clients_are_seen(engine: FakeEngine):
    async with shown(engine, LARGE, "6") as (app, _pilot):
        engine.emit(
            NoticeReceived("2026-07-28", "updated", "file:///a.md"), NoticeReceived("2025-11-25", "tools", "")
        )
        await sees(app, "2026    file:///a.md")
        await sees(app, "2025    tools list")


@pytest.mark.anyio
async def test_r_records_and_r_again_completes(engine: FakeEngine):
    async with shown(engine, LARGE, "6") as (app, pilot):
        assert "r Record" in screen_text(app)
        await pilot.press("r")
        await settled(app, pilot)
        command, path = engine.commands[-1]
        assert (command, path) == ("start_recording", engine.project.recordings / "20250615-150640.jsonl")
        engine.emit(RecordingStarted(str(path)))
        await sees(app, "r Stop recording")
        await pilot.press("r")
        await settled(app, pilot)
        assert engine.commands[-1] == ("stop_recording",)
        (engine.project.recordings / "another.jsonl").write_text(RECORDING)
        engine.emit(RecordingStopped(str(path), 2))
        await sees(app, "another")


@pytest.mark.anyio
async def test_a_recording_is_replayed_at_the_chosen_pace(engine: FakeEngine):
    async with shown(engine, LARGE, "6") as (app, pilot):
        await sees(app, "storm")
        app.screen.query_one("#recordings").focus()
        path = str(engine.project.recordings / "storm.jsonl")
        for pace in (1.0, 10.0, "max", "step"):
            await pilot.press("enter", "p")
            await settled(app, pilot)
            assert engine.commands[-1] == ("start_replay", path, pace)


@pytest.mark.anyio
async def test_a_replay_is_held_stepped_resumed_and_stopped(engine: FakeEngine):
    async with shown(engine, LARGE, "6") as (app, pilot):
        assert "Pause" not in screen_text(app)
        engine.emit(ReplayStarted("docs", 4), ReplayProgressed("docs", 1, 4, False))
        await sees(app, "space Pause")
        await pilot.press("space")
        engine.emit(ReplayProgressed("docs", 1, 4, True))
        await sees(app, "space Resume")
        await pilot.press("full_stop", "space", "x")
        await settled(app, pilot)
        assert engine.commands == [("replay_pause",), ("replay_step",), ("replay_resume",), ("stop_replay",)]
        engine.emit(ReplayFinished("docs", 4))
        await sees(app, "no replay")


@pytest.mark.anyio
async def test_stepping_a_running_replay_holds_it_first(engine: FakeEngine):
    async with shown(engine, LARGE, "6") as (app, pilot):
        engine.emit(ReplayStarted("docs", 4), ReplayProgressed("docs", 1, 4, False))
        await sees(app, "▶ replaying")
        await pilot.press("full_stop")
        await settled(app, pilot)
        assert engine.commands == [("replay_pause",), ("replay_step",)]


@pytest.mark.anyio
async def test_a_file_that_is_no_recording_says_why(engine: FakeEngine):
    async with shown(engine, LARGE, "6") as (app, _pilot):
        await sees(app, "torn.jsonl:1")


@pytest.mark.anyio
async def test_a_recording_is_deleted_after_a_question(engine: FakeEngine):
    path = engine.project.recordings / "storm.jsonl"
    async with shown(engine, LARGE, "6") as (app, pilot):
        await sees(app, "storm")
        app.screen.query_one("#recordings").focus()
        await pilot.press("d", "escape")
        assert path.exists()
        await pilot.press("d", "y")
        await until(lambda: not path.exists(), "it is gone")
        await until(lambda: "storm" not in screen_text(app), "its line is gone")
