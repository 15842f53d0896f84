"""Recordings: what is written is read again, whatever interrupts the writer; what is none is told by its line."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_core.bus import EventBus
from server_core.events import FileChange, FilesChanged
from server_core.files.uris import path_problem
from server_core.manual_clock import ManualClock
from workbench.recorder import RecordingWriter, record
from workbench.recording import (
    RecordedBatch,
    RecordingError,
    RecordingExistsError,
    RecordingNotFoundError,
    batch_line,
    read_recording,
    recordings_in,
)

HEADER = '{"recording": 1, "module": "docs", "root": "/r", "started": "2026-07-28T12:00:00+00:00"}\n'
NOW = datetime(2026, 7, 28, 12, tzinfo=UTC).timestamp()

paths = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda path: not path_problem(path))
changes = st.builds(FileChange, st.sampled_from(["added", "modified", "deleted"]), paths)


def writer(path: Path, *, force: bool = False) -> RecordingWriter:
    return RecordingWriter(path, module="docs", root="/r", started=NOW, force=force)


def one(path: str) -> list[FileChange]:
    return [FileChange("added", path)]


def test_the_file_is_the_format_that_the_interface_names(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with writer(path) as recording:
        recording.add(0.25, [FileChange("added", "ü.md"), FileChange("deleted", "b/c.md")])
    header, line = path.read_text("utf-8").splitlines()
    assert json.loads(header) == {
        "recording": 1, "module": "docs", "root": "/r", "started": "2026-07-28T12:00:00.000+00:00"
    }  # fmt: skip
    assert line == '{"t": 0.25, "changes": [["added", "ü.md"], ["deleted", "b/c.md"]]}'


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with writer(path) as recording:
        recording.add(1, one("a"))
        recording.add(3.5, one("b") + one("c"), "docs")
        recording.add(4, one("d"), "other")
        assert recording.batches == 3
    read = read_recording(path)
    assert (read.module, read.root, read.started.timestamp(), read.whole) == ("docs", "/r", NOW, True)
    assert [(batch.t, batch.module) for batch in read.batches] == [(1, "docs"), (3.5, "docs"), (4, "other")]
    assert (read.modules, read.seconds, read.changes) == (("docs", "other"), 3, 4)


@given(st.lists(changes), st.floats(0, 1e9))
def test_any_change_survives_the_way_through_the_file(batch: list[FileChange], t: float) -> None:
    line = json.loads(batch_line(t, batch))
    assert [FileChange(*change) for change in line["changes"]] == batch
    assert line["t"] == pytest.approx(t, abs=1e-4)


def test_a_killed_recorder_leaves_everything_up_to_its_last_batch(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    script = (
        "import os, sys; from workbench.recorder import RecordingWriter; from server_core.events import FileChange\n"
        "w = RecordingWriter(sys.argv[1], module='docs', root='/r', started=0.0)\n"
        "[w.add(n, [FileChange('added', str(n))]) for n in range(50)]\n"
        "os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert ended.returncode != 0
    assert [batch.changes[0].path for batch in read_recording(path).batches] == [str(n) for n in range(50)]


def test_a_torn_last_line_is_left_out_and_told_of(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(HEADER + '{"t": 1, "changes": [["added", "a"]]}\n{"t": 2, "chan')
    read = read_recording(path)
    assert (len(read.batches), read.whole) == (1, False)


def test_a_batch_that_can_not_be_written_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.jsonl"
    real_write = os.write

    def full(descriptor: int, data: bytes) -> int:
        real_write(descriptor, data[:10])
        raise OSError(28, "No space left on device")

    with writer(path) as recording:
        recording.add(1, one("a"))
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(RecordingError, match="the disk is full; free some space"):
            recording.add(2, one("b"))
        monkeypatch.undo()
    read = read_recording(path)
    assert ([batch.t for batch in read.batches], read.whole) == ([1], True)


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("precious")
    with pytest.raises(RecordingExistsError, match="--force"):
        writer(path)
    assert path.read_text() == "precious"
    with writer(path, force=True) as recording:
        recording.add(1, one("a"))
    assert len(read_recording(path).batches) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["r.jsonl"]


def test_a_forced_recording_that_can_not_begin_keeps_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("precious")

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RecordingError, match="the disk is full; free some space"):
        writer(path, force=True)
    monkeypatch.undo()
    assert path.read_text() == "precious"
    assert [each.name for each in tmp_path.iterdir()] == ["r.jsonl"]


def test_where_nothing_can_be_written_the_error_says_why(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file or directory"):
        writer(tmp_path / "missing/r.jsonl")
    with pytest.raises(RecordingError, match="is a folder"):
        writer(tmp_path, force=True)


def test_a_recording_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    writer(tmp_path / "a").close()
    writer(tmp_path / "b", force=True).close()
    plain = tmp_path / "plain"
    plain.touch()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "b", "plain")}
    assert len(modes) == 1


def test_time_never_goes_back_in_a_recording_and_a_closed_one_takes_nothing(tmp_path: Path) -> None:
    recording = writer(tmp_path / "r.jsonl")
    for t in (5.0, 3.0, -1.0, 6.0):
        recording.add(t, one("a"))
    recording.close()
    recording.close()
    with pytest.raises(RecordingError, match="closed"):
        recording.add(7, one("a"))
    assert [batch.t for batch in read_recording(tmp_path / "r.jsonl").batches] == [5, 5, 5, 6]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "not a recording"),
        ("hello\n", 1, "not a recording"),
        ("[]\n", 1, "not a recording"),
        (b"\xff\xfe\0", 1, "not a recording"),
        (HEADER.replace("1,", "2,", 1), 1, "version 2 is not supported"),
        (HEADER.replace('"docs"', '""'), 1, '"module" must be'),
        (HEADER.replace('"/r"', "3"), 1, '"root" must be'),
        (HEADER.replace("2026-07-28", "yesterday"), 1, '"started" must be'),
        (HEADER + "\n{]\n", 3, "not JSON"),
        (HEADER + "7\n", 2, "must be an object"),
        (HEADER + '{"t": -1, "changes": []}\n', 2, '"t" must be seconds'),
        (HEADER + '{"t": NaN, "changes": []}\n', 2, '"t" must be seconds'),
        (HEADER + '{"t": true, "changes": []}\n', 2, '"t" must be seconds'),
        (HEADER + '{"t": 1e300, "changes": []}\n', 2, '"t" must be seconds'),
        (HEADER + '{"t": 1' + "0" * 400 + ', "changes": []}\n', 2, '"t" must be seconds'),
        (HEADER + '{"t": 1, "changes": [["added", "a\\u0000"]]}\n', 2, "has a NUL"),
        (HEADER + '{"t": 1, "changes": [["added", "\\ud800"]]}\n', 2, "is not UTF-8"),
        (
            HEADER.replace("2026-07-28T12", "0001-01-01T12").replace("+00:00", "+14:00"),
            1,
            '"started" must be',
        ),
        (HEADER + " " * 16_000_001 + "\n", 2, "longer than 16 MB"),
        (HEADER + '{"t": 2, "changes": []}\n{"t": 1, "changes": []}\n', 3, "goes back from 2 to 1"),
        (HEADER + '{"t": 1}\n', 2, '"changes" must be a list'),
        (HEADER + '{"t": 1, "changes": [["added"]]}\n', 2, "must be [kind, path]"),
        (HEADER + '{"t": 1, "changes": [["moved", "a"]]}\n', 2, "use added, modified, deleted"),
        (HEADER + '{"t": 1, "changes": [["added", "../a"]]}\n', 2, "'../a' has a part '..'"),
        (HEADER + '{"t": 1, "changes": [["added", "/a"]]}\n', 2, "is not relative"),
        (HEADER + '{"t": 1, "changes": [], "module": 1}\n', 2, '"module" must be'),
        (HEADER.encode() + b'{"t": 1, "changes": [["added", "\xff"]]}\n', 2, "not JSON"),
        (HEADER + "[" * 100_000 + "\n", 2, "not JSON"),
        (HEADER + '{"t": 1' + "0" * 5000 + ', "changes": []}\n', 2, ""),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_what_is_no_recording_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, line: int, problem: str
) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RecordingError) as caught:
        read_recording(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RecordingNotFoundError, match="There is no recording"):
        read_recording(tmp_path / "none.jsonl")
    with pytest.raises(RecordingError, match="can't be read"):
        read_recording(tmp_path)


def test_unknown_keys_are_left_to_later_versions(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(HEADER.replace("{", '{"by": "x", ') + '{"t": 1, "changes": [], "note": 1}')
    assert tuple(read_recording(path).batches) == (RecordedBatch(1.0, (), "docs"),)


def test_the_recordings_of_a_folder_are_listed_newest_first_with_what_is_wrong(tmp_path: Path) -> None:
    for name, started in (("old", NOW), ("new", NOW + 60)):
        with RecordingWriter(
            tmp_path / f"{name}.jsonl", module="docs", root="/r", started=started
        ) as recording:
            recording.add(1, one("a"))
            recording.add(3, one("b"))
    (tmp_path / "bad.jsonl").write_text("{}")
    (tmp_path / "other.txt").write_text("")
    listed = recordings_in(tmp_path)
    assert [summary.path.stem for summary in listed] == ["new", "old", "bad"]
    assert (listed[0].batches, listed[0].changes, listed[0].seconds, listed[0].problem) == (2, 2, 2.0, "")
    assert "not a recording" in listed[2].problem
    assert recordings_in(tmp_path / "missing") == []


def test_recording_takes_live_batches_of_the_chosen_modules_from_the_bus(tmp_path: Path) -> None:
    clock = ManualClock(now=NOW)
    bus = EventBus(clock)
    with writer(tmp_path / "r.jsonl") as recording:
        end = record(bus, recording, NOW, modules={"docs", "more"})
        for module, replayed in (("docs", False), ("docs", True), ("other", False), ("more", False)):
            clock.advance(1)
            bus.emit(FilesChanged(module, tuple(one("a")), replayed, 0.0))
        end()
        bus.emit(FilesChanged("docs", tuple(one("late")), False, 0.0))
    batches = read_recording(tmp_path / "r.jsonl").batches
    assert [(batch.t, batch.module) for batch in batches] == [(1, "docs"), (4, "more")]


def test_a_recording_that_breaks_is_told_of_once(tmp_path: Path) -> None:
    bus = EventBus(ManualClock(now=NOW))
    recording = writer(tmp_path / "r.jsonl")
    recording.close()
    failures: list[RecordingError] = []
    record(bus, recording, NOW, failed=failures.append)
    for _ in range(3):
        bus.emit(FilesChanged("docs", tuple(one("a")), False, 0.0))
    assert len(failures) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r.jsonl")
    with pytest.raises(RecordingError, match="not a regular file"):
        read_recording(tmp_path / "r.jsonl")
    (listed,) = recordings_in(tmp_path)
    assert "not a regular file" in listed.problem


def test_a_recording_that_becomes_another_one_is_noticed_when_its_batches_are_read(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(HEADER + '{"t": 1, "changes": [["added", "a"]]}\n')
    read = read_recording(path)
    path.write_text(HEADER + '{"t": 1, "changes": [["added", "/a"]]}\n')
    with pytest.raises(RecordingError, match=r"r\.jsonl:2: .*is not relative"):
        list(read.batches)
