"""Recordings of file-watch notifications: JSON lines, a header and then a line a batch (the format of `record`)."""

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
"""A longer line is refused before it fills the memory: a batch of 100,000 changes needs less."""

MOST_SECONDS = 1e9
"""The latest time that a batch can have: 31 years."""


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
    """What a recording is of. Its batches stay in the file, and are read again when they are asked for.

    Attributes:
        module: the files module that was recorded; of several, the first.
        root: its folder at that time: for people, never used as a path.
        batches: in their order; iterating raises `RecordingError` where the file has become another one.
        counts: how many batches each module has, in the order in which the modules first come.
        changes: how many changes there are in all batches.
        seconds: from its first batch to its last.
        whole: false if the last line was torn off, since whoever wrote it was interrupted.
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
        """The modules whose batches are in it."""
        return tuple(self.counts) or (self.module,)


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
    """Check a recording from its first line to its last. Blocks; 100,000 changes take about half a second.

    Raises:
        RecordingNotFoundError: there is no such file.
        RecordingError: it is no recording; the text has the line and what is wrong with it.
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


class _FileBatches(Collection[RecordedBatch]):
    """The batches of a file that was checked before; what is added to it since is left out."""

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
    """Makes the lines of one file into values, or into errors that name the line.

    Attributes:
        whole: false once the last line turned out to be torn off.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.line = 1
        self.whole = True

    def batches(self, lines: Iterable[bytes], module: str) -> Iterator[RecordedBatch]:
        """The batches that the lines after the header hold; `module` is the header's."""
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
                self.whole = False  # only the last line can lack its end
                return
            after = batch.t
            yield batch

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
            started = started.astimezone(UTC) if started.tzinfo else started.replace(tzinfo=UTC)
        except (TypeError, ValueError, OverflowError):
            self._fail('"started" must be a date and time of ISO 8601, as 2026-07-28T12:00:00+00:00')
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
                f'"t" must be seconds since the start, from 0 to {MOST_SECONDS:g}; it is {json.dumps(t)[:40]}'
            )
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
        kind, path = value if isinstance(value, list) and len(value) == 2 else (None, None)
        if not isinstance(kind, str) or not isinstance(path, str):
            self._fail(f"a change must be [kind, path]; it is {json.dumps(value)[:80]}")
        if kind not in KINDS:
            self._fail(f"unknown kind of change {kind[:40]!r}; there are {', '.join(KINDS)}")
        if problem := path_problem(path):
            self._fail(f"the path {path[:80]!r} {problem}; paths are relative to the module's folder")
        return FileChange(kind, path)

    def _fail(self, problem: str) -> NoReturn:
        raise RecordingError(f"{self._path}:{self.line}: {problem}")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        # A FIFO would keep the opener waiting for a writer.
        if path.exists() and not path.is_file():
            raise RecordingError(f"{path} can't be read: it is not a regular file")
        with path.open("rb") as file:
            # A line that is too long comes in pieces: whoever reads refuses the first of them.
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
