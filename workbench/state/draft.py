"""A mutable draft of a snapshot: collects the changes of a batch of facts, then becomes immutable again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Any, Generic, TypeVar

from server_core.bus import Event
from server_core.inspection import (
    BreakerState,
    ClientState,
    FaultState,
    ModuleState,
    PoolState,
    RunningRequest,
    TaskState,
)
from workbench.questions import Question

from .parts import Batch, Failure, Notice, Progress, TimelineEntry, WorkflowRun
from .rates import book, latency_of
from .snapshot import (
    BATCHES,
    ENDED_TASKS,
    FAILURES,
    HAPPENINGS,
    LATENCIES,
    LOGS,
    NOTICES,
    RUNNING,
    RUNS,
    Snapshot,
)
from .timeline import describe

V = TypeVar("V")


class KeyedTuple(Generic[V]):
    """A tuple of keyed values that becomes a dictionary while it changes; unchanged, it stays the same tuple."""

    def __init__(self, values: tuple[V, ...], key: Callable[[V], Any]) -> None:
        self._values = values
        self._key = key
        self._items: dict[Any, V] | None = None

    @property
    def items(self) -> dict[Any, V]:
        """The values by key, for reading and for changing."""
        if self._items is None:
            self._items = {self._key(value): value for value in self._values}
        return self._items

    def put(self, value: V) -> None:
        """Add `value`, or replace the one with its key in place."""
        self.items[self._key(value)] = value

    def take(self, values: Iterable[V]) -> None:
        """Replace all values with `values`."""
        self._items = {self._key(value): value for value in values}

    def result(self) -> tuple[V, ...]:
        if self._items is None:
            return self._values
        values = tuple(self._items.values())
        same = len(values) == len(self._values) and all(map(_is, values, self._values))
        return self._values if same else values


def _is(one: object, other: object) -> bool:
    return one is other


class Draft:
    """What the folds work on: plain fields through `set` and `get`, the rest through a `KeyedTuple` or list each."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.fields: dict[str, Any] = {}
        self.modules: KeyedTuple[ModuleState] = KeyedTuple(snapshot.modules, attrgetter("name"))
        self.clients: KeyedTuple[ClientState] = KeyedTuple(snapshot.clients, attrgetter("client"))
        self.active: KeyedTuple[RunningRequest] = KeyedTuple(snapshot.active, attrgetter("request"))
        self.breakers: KeyedTuple[BreakerState] = KeyedTuple(snapshot.breakers, attrgetter("name"))
        self.pools: KeyedTuple[PoolState] = KeyedTuple(snapshot.pools, attrgetter("name"))
        self.tasks: KeyedTuple[TaskState] = KeyedTuple(snapshot.tasks, attrgetter("task"))
        self.faults: KeyedTuple[FaultState] = KeyedTuple(snapshot.faults, attrgetter("name", "kind"))
        self.questions: KeyedTuple[Question] = KeyedTuple(snapshot.questions, attrgetter("key"))
        self.runs: KeyedTuple[WorkflowRun] = KeyedTuple(snapshot.runs, attrgetter("run"))
        self.counts: dict[int, list[int]] = {}
        """Calls, errors, hits and misses of each second."""
        self.cache_counts: dict[str, int] = {}
        """Amounts to add to the cache's counters."""
        self.durations: list[float] = []
        self.happened: deque[Event] = deque(maxlen=HAPPENINGS)
        self.logs: deque[Event] = deque(maxlen=LOGS)
        self.batches: list[Batch] = []
        self.notices: deque[Notice] = deque(maxlen=NOTICES)
        self.failures: KeyedTuple[Failure] = KeyedTuple(snapshot.failures, attrgetter("key"))
        self._progress: dict[int, Progress] | None = None

    def get(self, name: str) -> Any:
        """Return the current value of a plain field."""
        return self.fields[name] if name in self.fields else getattr(self.snapshot, name)

    def set(self, **fields: Any) -> None:
        """Change plain fields."""
        self.fields.update(fields)

    def add(self, name: str, amount: int = 1) -> None:
        """Add to a plain counter."""
        self.fields[name] = self.get(name) + amount

    def relist(self, *names: str) -> None:
        """Mark lists as changed (`tools`, `resources`, `prompts`; all if none is named), once per batch."""
        for name in names or ("tools", "resources", "prompts"):
            field = f"{name}_revision"
            self.fields[field] = getattr(self.snapshot, field) + 1

    @property
    def progress(self) -> dict[int, Progress]:
        """The progress of requests, for reading and for changing."""
        if self._progress is None:
            self._progress = dict(self.snapshot.progress)
        return self._progress

    def count(self, at: float, index: int) -> None:
        """Count one event in the second of `at`; `index` is 0 for a call, 1 an error, 2 a hit, 3 a miss."""
        second = self.counts.get(int(at))
        if second is None:
            second = self.counts[int(at)] = [0, 0, 0, 0]
        second[index] += 1

    def count_cache(self, name: str) -> None:
        self.cache_counts[name] = self.cache_counts.get(name, 0) + 1

    def fail(self, failure: Failure) -> None:
        """Add an unexpected error as the newest."""
        known = self.failures.items.pop(failure.key, None)
        self.failures.put(failure._replace(times=known.times + 1 if known is not None else 1))

    def misses(self, failure: Failure) -> bool:
        """Whether neither this error nor a newer one of its kind is known."""
        known = self.failures.items.get(failure.key)
        return known is None or failure.at > known.at

    def done(self) -> Snapshot:
        """Return the new snapshot; unchanged parts are the same objects as in the old one."""
        old, fields = self.snapshot, self.fields
        for name in (
            "modules",
            "clients",
            "active",
            "breakers",
            "pools",
            "runs",
            "tasks",
            "faults",
            "questions",
        ):
            shelf: KeyedTuple[Any] = getattr(self, name)
            fields[name] = shelf.result()
        fields["runs"] = fields["runs"][-RUNS:]
        fields["failures"] = self.failures.result()[-FAILURES:]
        fields["tasks"] = _bounded_tasks(fields["tasks"])
        if self._progress is not None:
            fields["progress"] = self._progress
        if self.counts:
            fields["seconds"] = book(old.seconds, self.counts)
        if self.durations:
            fields["durations"] = (*old.durations, *self.durations)[-LATENCIES:]
            fields["latency"] = latency_of(fields["durations"])
        cache = self.get("cache")
        if cache is not None and self.cache_counts:
            counted = {name: getattr(cache, name) + more for name, more in self.cache_counts.items()}
            fields["cache"] = replace(cache, **counted)
        for name, more, most in (
            ("happened", _lines(self.happened), HAPPENINGS),
            ("logs", _lines(self.logs), LOGS),
            ("batches", self.batches, BATCHES),
            ("notices", self.notices, NOTICES),
        ):
            if more:
                fields[name] = (*getattr(old, name), *more)[-most:]
        return replace(old, **fields)


def _lines(events: Iterable[Event]) -> list[TimelineEntry]:
    return [line for line in map(describe, events) if line is not None]


def _bounded_tasks(tasks: tuple[TaskState, ...]) -> tuple[TaskState, ...]:
    """Drop the oldest ended tasks if there are too many."""
    ended = sum(task.status not in RUNNING for task in tasks)
    if ended <= ENDED_TASKS:
        return tasks
    surplus = ended - ENDED_TASKS
    kept: list[TaskState] = []
    for task in tasks:
        if surplus and task.status not in RUNNING:
            surplus -= 1
        else:
            kept.append(task)
    return tuple(kept)
