"""Recordings of file-watch notifications: JSON lines, a header and then a line a batch (the format of `record`)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, get_args

from server_core.events import ChangeKind, FileChange
from server_core.files.uris import path_problem

VERSION = 1
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)


class RecordingError(Exception):
    """A file that is no recording, or can't be written as one; the text is one line, with `file:line`."""


class RecordingNotFoundError(RecordingError):
    """There is no such file."""


class RecordingExistsError(RecordingError):
    """The file to write is there already, and was not to be replaced."""


class RecordedBatch(NamedTuple):
    """A batch as it came: `t` seconds after the recording began, to the files module named `module`."""

    t: float
    changes: tuple[FileChange, ...]
    module: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole recording.

    Attributes:
        module: the files module that was recorded; of several, the first.
        root: its folder at that time: for people, never used as a path.
        whole: false if the last line was torn off, since whoever wrote it was interrupted.
    """

    path: Path
    module: str
    root: str
    started: datetime
    batches: tuple[RecordedBatch, ...]
    whole: bool = True

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules whose batches are in it, in the order in which they first come."""
        return tuple(dict.fromkeys(batch.module for batch in self.batches)) or (self.module,)

    @property
    def seconds(self) -> float:
        """From its first batch to its last."""
        return self.batches[-1].t - self.batches[0].t if self.batches else 0.0

    @property
    def changes(self) -> int:
        """How many changes there are in all batches."""
        return sum(len(batch.changes) for batch in self.batches)


@dataclass(frozen=True, slots=True)
class RecordingSummary:
    """What a list of recordings shows; `problem` says why a file can't be replayed, else it is empty."""

    path: Path
    module: str = ""
    started: datetime | None = None
    batches: int = 0
    changes: int = 0
    seconds: float = 0.0
    problem: str = ""


def read_recording(path: str | Path) -> Recording:
    """The recording in a file. Blocks; 100,000 changes take about half a second.

    Raises:
        RecordingNotFoundError: there is no such file.
        RecordingError: it is no recording; the text has the line and what is wrong with it.
    """
    path = Path(path)
    lines = _lines(path)
    reader = _LineReader(path)
    header = reader.header(next(lines, b""))
    batches: list[RecordedBatch] = []
    whole = True
    for number, line in enumerate(lines, 2):
        if not line.strip():
            continue
        reader.line = number
        try:
            batches.append(reader.batch(line, header[0], batches[-1].t if batches else 0.0))
        except RecordingError:
            if line.endswith(b"\n"):
                raise
            whole = False  # only the last line can lack its end
    return Recording(path, *header, tuple(batches), whole)


def recordings_in(folder: str | Path) -> list[RecordingSummary]:
    """The recordings (`*.jsonl`) in a folder, the newest first; what can't be read is there with its problem."""
    return sorted(
        (_summary(path) for path in Path(folder).glob("*.jsonl")),
        key=lambda summary: (summary.started or datetime.min.replace(tzinfo=UTC), summary.path),
        reverse=True,
    )


def header_line(module: str, root: str, started: float) -> bytes:
    """The first line of a recording; `started` is seconds since the epoch."""
    at = datetime.fromtimestamp(started, UTC).isoformat(timespec="milliseconds")
    return _json_line({"recording": VERSION, "module": module, "root": root, "started": at})


def batch_line(t: float, changes: Sequence[FileChange], module: str = "") -> bytes:
    """A batch's line; `module` is given if it is not the header's."""
    line: dict[str, Any] = {"t": round(t, 4), "changes": [[change.kind, change.path] for change in changes]}
    if module:
        line["module"] = module
    return _json_line(line)


class _LineReader:
    """Makes the lines of one file into values, or into errors that name the line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.line = 1

    def header(self, line: bytes) -> tuple[str, str, datetime]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or "recording" not in value:
            self._fail('this is no recording: the first line must be {"recording": 1, "module": …, …}')
        if value["recording"] != VERSION:
            self._fail(
                f"recording version {value['recording']!r} is not known here; this workbench reads {VERSION}"
            )
        module, root = value.get("module"), value.get("root", "")
        if not isinstance(module, str) or not module:
            self._fail('"module" must be the name of the files module that was recorded')
        if not isinstance(root, str):
            self._fail('"root" must be a text')
        try:
            started = datetime.fromisoformat(value.get("started", ""))
        except (TypeError, ValueError):
            self._fail('"started" must be a date and time of ISO 8601, as 2026-07-28T12:00:00+00:00')
        return module, root, started if started.tzinfo else started.replace(tzinfo=UTC)

    def batch(self, line: bytes, module: str, after: float) -> RecordedBatch:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            self._fail(f"not JSON: {error}")
        if not isinstance(value, dict):
            self._fail('a batch must be an object, {"t": …, "changes": […]}')
        t = value.get("t")
        if isinstance(t, bool) or not isinstance(t, int | float) or not math.isfinite(t) or t < 0:
            self._fail(f'"t" must be seconds since the start, 0 or more; it is {json.dumps(t)}')
        if t < after:
            self._fail(f'"t" goes back, from {after:g} to {t:g}; batches stand in the order of their time')
        changes = value.get("changes")
        if not isinstance(changes, list):
            self._fail('"changes" must be a list of [kind, path]')
        name = value.get("module", module)
        if not isinstance(name, str) or not name:
            self._fail('"module" must be the name of a files module')
        return RecordedBatch(float(t), tuple(map(self._change, changes)), name)

    def _change(self, value: Any) -> FileChange:
        if not isinstance(value, list) or len(value) != 2 or not all(isinstance(part, str) for part in value):
            self._fail(f"a change must be [kind, path]; it is {json.dumps(value)[:80]}")
        kind, path = value
        if kind not in KINDS:
            self._fail(f"unknown kind of change {kind[:40]!r}; there are {', '.join(KINDS)}")
        if problem := path_problem(path):
            self._fail(f"the path {path[:80]!r} {problem}; paths are relative to the module's folder")
        return FileChange(kind, path)

    def _fail(self, problem: str) -> NoReturn:
        raise RecordingError(f"{self._path}:{self.line}: {problem}")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:
        raise RecordingNotFoundError(f"There is no recording {path}") from None
    except OSError as error:
        raise RecordingError(f"{path} can't be read: {error.strerror}") from error


def _summary(path: Path) -> RecordingSummary:
    try:
        recording = read_recording(path)
    except RecordingError as error:
        return RecordingSummary(path, problem=str(error))
    return RecordingSummary(
        path,
        recording.module,
        recording.started,
        len(recording.batches),
        recording.changes,
        recording.seconds,
    )


def _json_line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8") + b"\n"
