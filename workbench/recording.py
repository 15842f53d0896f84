"""Recordings of file-watch notifications: JSON lines, a header followed by one line per batch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, get_args

from server_core.events import ChangeKind, FileChange
from server_core.files.uris import path_problem

VERSION = 1
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
LINE_BYTES = 16_000_000
"""Longer lines are rejected before they fill the memory: a batch of 100,000 changes needs less."""

MOST_SECONDS = 1e9
"""The maximum time of a batch: 31 years."""


class RecordingError(Exception):
    """A file that is not a valid recording, or can't be written; the message is one line with `file:line`."""


class RecordingNotFoundError(RecordingError):
    """There is no such file."""


class RecordingExistsError(RecordingError):
    """The file to write already exists and must not be replaced."""


class RecordedBatch(NamedTuple):
    """A batch as recorded: `t` seconds after the start, from the files module named `module`."""

    t: float
    changes: tuple[FileChange, ...]
    module: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording's header and totals. Its batches stay in the file and are read on demand.

    Attributes:
        module: The recorded files module; the first, if there are several.
        root: Its folder at that time: only shown, never used as a path.
        batches: The batches in order; iterating raises `RecordingError` if the file was changed.
        counts: The number of batches of each module, in order of first appearance.
        changes: The number of changes in all batches.
        seconds: The time from the first batch to the last.
        whole: False if the last line is incomplete, because writing was interrupted.
    """

    path: Path
    module: str
    root: str
    started: datetime
    batches: Collection[RecordedBatch]
    counts: Mapping[str, int]
    changes: int
    seconds: float
    whole: bool = True

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules with batches in the recording."""
        return tuple(self.counts) or (self.module,)


@dataclass(frozen=True, slots=True)
class RecordingSummary:
    """An entry in a list of recordings; `problem` says why a file can't be replayed, or is empty."""

    path: Path
    module: str = ""
    started: datetime | None = None
    batches: int = 0
    changes: int = 0
    seconds: float = 0.0
    problem: str = ""


def read_recording(path: str | Path) -> Recording:
    """Read and check a whole recording. Blocks; 100,000 changes take about half a second.

    Raises:
        RecordingNotFoundError: There is no such file.
        RecordingError: It is not a valid recording; the message has the line and the problem.
    """
    path = Path(path)
    reader = _LineReader(path)
    lines = _lines(path)
    module, root, started = reader.header(next(lines, b""))
    counts: Counter[str] = Counter()
    changes = 0
    first = last = None
    for batch in reader.batches(lines, module):
        counts[batch.module] += 1
        changes += len(batch.changes)
        first = batch.t if first is None else first
        last = batch.t
    seconds = (last or 0.0) - (first or 0.0)
    batches = _FileBatches(path, module, counts.total())
    return Recording(path, module, root, started, batches, counts, changes, seconds, reader.whole)


def recordings_in(folder: str | Path) -> list[RecordingSummary]:
    """Return the recordings (`*.jsonl`) in a folder, newest first, including unreadable ones with their problem."""
    return sorted(
        (_summary(path) for path in Path(folder).glob("*.jsonl")),
        key=lambda summary: (summary.started or datetime.min.replace(tzinfo=UTC), summary.path),
        reverse=True,
    )


def header_line(module: str, root: str, started: float) -> bytes:
    """Format the first line of a recording; `started` is seconds since the epoch."""
    at = datetime.fromtimestamp(started, UTC).isoformat(timespec="milliseconds")
    return _json_line({"recording": VERSION, "module": module, "root": root, "started": at})


def batch_line(t: float, changes: Sequence[FileChange], module: str = "") -> bytes:
    """Format a batch's line; pass `module` if it is not the header's."""
    line: dict[str, Any] = {"t": round(t, 4), "changes": [[change.kind, change.path] for change in changes]}
    if module:
        line["module"] = module
    return _json_line(line)


class _FileBatches(Collection[RecordedBatch]):
    """The batches of a file that was already checked; later additions to the file are ignored."""

    def __init__(self, path: Path, module: str, count: int) -> None:
        self._path = path
        self._module = module
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[RecordedBatch]:
        lines = _lines(self._path)
        next(lines, None)
        return islice(_LineReader(self._path).batches(lines, self._module), self._count)

    def __contains__(self, batch: object) -> bool:
        return any(batch == each for each in self)


class _LineReader:
    """Parses the lines of one file, raising errors that name the line.

    Attributes:
        whole: False once the last line turned out to be incomplete.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.line = 1
        self.whole = True

    def batches(self, lines: Iterable[bytes], module: str) -> Iterator[RecordedBatch]:
        """Yield the batches in the lines after the header; `module` is the header's."""
        after = 0.0
        for number, line in enumerate(lines, 2):
            self.line = number
            if len(line) > LINE_BYTES:
                self._fail(f"the line is longer than {LINE_BYTES // 1_000_000} MB: no batch is that large")
            if not line.strip():
                continue
            try:
                batch = self.batch(line, module, after)
            except RecordingError:
                if line.endswith(b"\n"):
                    raise
                self.whole = False  # only the last line can lack a line feed
                return
            after = batch.t
            yield batch

    def header(self, line: bytes) -> tuple[str, str, datetime]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or "recording" not in value:
            self._fail('not a recording: the first line must be {"recording": 1, "module": …, …}')
        if value["recording"] != VERSION:
            self._fail(
                f"recording version {value['recording']!r} is not supported; this workbench reads version {VERSION}"
            )
        module, root = value.get("module"), value.get("root", "")
        if not isinstance(module, str) or not module:
            self._fail('"module" must be the name of the files module that was recorded')
        if not isinstance(root, str):
            self._fail('"root" must be a string')
        try:
            started = datetime.fromisoformat(value.get("started", ""))
            started = started.astimezone(UTC) if started.tzinfo else started.replace(tzinfo=UTC)
        except (TypeError, ValueError, OverflowError):
            self._fail('"started" must be an ISO 8601 date and time, such as 2026-07-28T12:00:00+00:00')
        return module, root, started

    def batch(self, line: bytes, module: str, after: float) -> RecordedBatch:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            self._fail(f"not JSON: {error}")
        if not isinstance(value, dict):
            self._fail('a batch must be an object, {"t": …, "changes": […]}')
        t = value.get("t")
        if isinstance(t, bool) or not isinstance(t, int | float) or not 0 <= t <= MOST_SECONDS:
            self._fail(
                f'"t" must be seconds since the start, from 0 to {MOST_SECONDS:g}, not {json.dumps(t)[:40]}'
            )
        if t < after:
            self._fail(f'"t" goes back from {after:g} to {t:g}; batches must be in chronological order')
        changes = value.get("changes")
        if not isinstance(changes, list):
            self._fail('"changes" must be a list of [kind, path]')
        name = value.get("module", module)
        if not isinstance(name, str) or not name:
            self._fail('"module" must be the name of a files module')
        return RecordedBatch(float(t), tuple(map(self._change, changes)), name)

    def _change(self, value: Any) -> FileChange:
        kind, path = value if isinstance(value, list) and len(value) == 2 else (None, None)
        if not isinstance(kind, str) or not isinstance(path, str):
            self._fail(f"a change must be [kind, path], not {json.dumps(value)[:80]}")
        if kind not in KINDS:
            self._fail(f"unknown kind of change {kind[:40]!r}; use {', '.join(KINDS)}")
        if problem := path_problem(path):
            self._fail(f"the path {path[:80]!r} {problem}; paths are relative to the module's folder")
        return FileChange(kind, path)

    def _fail(self, problem: str) -> NoReturn:
        raise RecordingError(f"{self._path}:{self.line}: {problem}")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        # Opening a FIFO would wait for a writer.
        if path.exists() and not path.is_file():
            raise RecordingError(f"{path} can't be read: it is not a regular file")
        with path.open("rb") as file:
            # A line that is too long comes in pieces: the reader rejects the first one.
            while line := file.readline(LINE_BYTES + 1):
                yield line
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
