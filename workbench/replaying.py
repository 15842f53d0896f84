"""Feeding a recording to files modules: at its own pace, faster, at once, or step by step."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from server_core.clock import Clock
from server_core.errors import nearest
from server_core.events import FileChange
from server_core.files.settings import FilesSettings
from server_core.files.uris import FolderUris
from workbench.recording import RecordedBatch, Recording

if TYPE_CHECKING:
    from workbench.project import Project

Speed = float | Literal["max", "step"]


class ReplayError(Exception):
    """A recording can't be replayed here; the text says why, and what to do."""


AT_ONCE = 64
CHANGES_AT_ONCE = 1000
"""At speed "max" so many batches, or batches of so many changes, are looked up on disk together."""


class ReplayTarget(Protocol):
    """What a replay needs of a `FilesModule`."""

    name: str

    def replaying(self, total: int) -> AbstractAsyncContextManager[None]: ...

    async def prepare(self, batches: Sequence[Sequence[FileChange]]) -> Sequence[Any]: ...

    async def intake_prepared(self, batch: Any) -> None: ...


class ReplayProgress(NamedTuple):
    """How far a replay is: `batch` of `batches` were taken in, the last by `module`."""

    module: str
    batch: int
    batches: int
    paused: bool


class Replay:
    """One replay. Everything but the constructor belongs to the server's loop.

    The first batch comes at once, however long the recording waited for it. A batch that takes longer to take in
    than the next one is away delays that one, and no more: the pace is kept by the clock, not by adding up pauses.
    """

    def __init__(
        self,
        recording: Recording,
        targets: Mapping[str, ReplayTarget],
        *,
        speed: Speed,
        clock: Clock,
        on_progress: Callable[[ReplayProgress], None] = lambda _progress: None,
    ) -> None:
        """Args:
        targets: the module that takes a recorded module's batches, by the recorded one's name; others are left out.
        speed: times the recording's pace; "max" without any waiting; "step" waits for `step` before each batch.
        on_progress: called after each batch (at "max" after a few), and when it is paused or goes on.

        Raises:
            ReplayError: the speed is not greater than 0.
        """
        if not isinstance(speed, str) and not 0 < speed < float("inf"):
            raise ReplayError(f'The speed must be greater than 0, or "max"; it is {speed:g}')
        self._recording = recording
        self._totals = {name: recording.counts.get(name, 0) for name in targets}
        self._targets = targets
        self._speed = speed
        self._clock = clock
        self._on_progress = on_progress
        self._turned = asyncio.Event()
        self._paused = speed == "step"
        self._steps = 0
        self._stopped = False
        self._fed = 0
        self._module = next((name for name in recording.counts if name in targets), next(iter(targets), ""))
        # When the first batch was due, had there been no pause.
        self._origin = 0.0
        self._began: float | None = None

    @property
    def progress(self) -> ReplayProgress:
        """How far it is."""
        target = self._targets.get(self._module)
        return ReplayProgress(
            target.name if target else self._module, self._fed, sum(self._totals.values()), self._paused
        )

    @property
    def paused(self) -> bool:
        """Whether it waits for `resume` or `step`."""
        return self._paused

    def pause(self) -> None:
        """Hold before the next batch."""
        self._set_paused(True)

    def resume(self) -> None:
        """Go on: at the given pace, or without waiting after "step"."""
        self._set_paused(False)

    def step(self, count: int = 1) -> None:
        """Feed the next `count` batches at once, then hold."""
        self._steps += count
        self._set_paused(True)
        self._turned.set()

    def stop(self) -> None:
        """End it after the batch that is being taken in; `run` returns when the disk's truth is listed again."""
        self._stopped = True
        self._turned.set()

    async def run(self) -> None:
        """Feed every batch, in order; returns when all are taken in, or it was stopped.

        However it ends, the modules' lists are true to the disk again afterwards.

        Raises:
            CoreError: a module does not run, or a replay into it is under way.
        """
        async with AsyncExitStack() as stack:
            for name, target in self._targets.items():
                await stack.enter_async_context(target.replaying(self._totals[name]))
            self._origin = self._clock.monotonic()
            self._on_progress(self.progress)
            for batches in self._runs():
                if not await self._feed(batches):
                    break
                # Whoever reads the notices on this loop gets a turn too.
                await asyncio.sleep(0)

    def _runs(self) -> Iterator[list[RecordedBatch]]:
        """Batches of one module that follow each other and can be looked up together; one where each has its time."""
        most = AT_ONCE if self._speed == "max" else 1
        gathered: list[RecordedBatch] = []
        changes = 0
        for batch in self._recording.batches:
            if batch.module not in self._targets:
                continue
            if gathered and (
                len(gathered) >= most or changes >= CHANGES_AT_ONCE or batch.module != gathered[0].module
            ):
                yield gathered
                gathered, changes = [], 0
            gathered.append(batch)
            changes += len(batch.changes)
        if gathered:
            yield gathered

    async def _feed(self, batches: Sequence[RecordedBatch]) -> bool:
        """Feed batches of one module, each when it is due; false if the replay was stopped meanwhile."""
        target = self._targets[batches[0].module]
        prepared: Iterator[Any] | None = None
        if self._began is None:
            self._began = batches[0].t
        for batch in batches:
            if not await self._due(batch.t - self._began):
                return False
            if prepared is None:
                prepared = iter(await target.prepare([each.changes for each in batches]))
            self._module = batch.module
            await target.intake_prepared(next(prepared))
            self._fed += 1
        self._on_progress(self.progress)
        return True

    async def _due(self, after: float) -> bool:
        """Wait until the batch `after` seconds behind the first may be fed; false if it was stopped instead."""
        while not self._stopped:
            self._turned.clear()
            if self._steps:
                self._steps -= 1
                self._origin = self._clock.monotonic() - self._scaled(after)
                return True
            if self._paused:
                held = self._clock.monotonic()
                await self._turned.wait()
                self._origin += self._clock.monotonic() - held
                continue
            left = self._origin + self._scaled(after) - self._clock.monotonic()
            if left <= 0:
                return True
            await self._sleep_or_turn(left)
        return False

    def _scaled(self, seconds: float) -> float:
        return 0.0 if isinstance(self._speed, str) else seconds / self._speed

    async def _sleep_or_turn(self, seconds: float) -> None:
        waits = [
            asyncio.ensure_future(self._clock.sleep(seconds)),
            asyncio.ensure_future(self._turned.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _set_paused(self, paused: bool) -> None:
        if self._paused != paused:
            self._paused = paused
            self._turned.set()
            self._on_progress(self.progress)


def replay_targets(recording: Recording, known: Sequence[str], module: str | None = None) -> dict[str, str]:
    """Which of the `known` files modules takes each recorded module's batches, by the recorded one's name.

    The module of the same name does; `module`, if given, takes the recording's only one, or its own; the only
    files module takes the only recorded one, whatever it was called: `replay_remark` says so.

    Raises:
        ReplayError: there is no such module, or it is not clear which.
    """
    recorded = recording.modules
    if not known:
        raise ReplayError("The project has no files module: nothing can take a replay")
    if module is not None:
        if module not in known:
            near = nearest(module, known)
            hint = f"; did you mean {' or '.join(near)}?" if near else f"; there are {', '.join(known)}"
            raise ReplayError(f"No files module {module!r}{hint}")
        if module in recorded:
            return {module: module}
        if len(recorded) == 1:
            return {recorded[0]: module}
        raise ReplayError(
            f"{recording.path} has batches of {', '.join(recorded)}, none of {module!r}: "
            f"record one module only, or name one of them {module!r} in the recording"
        )
    same = {name: name for name in recorded if name in known}
    if same:
        return same
    if len(recorded) == 1 and len(known) == 1:
        return {recorded[0]: known[0]}
    raise ReplayError(
        f"{recording.path} was recorded from {', '.join(recorded)}, and there is no files module of that name: "
        f"choose one of {', '.join(known)} with --module"
    )


def replay_remark(recording: Recording, targets: Mapping[str, str]) -> str:
    """What a user may not expect of a replay into `targets`; empty if there is nothing."""
    remarks = [
        f"recorded from {recorded} ({recording.root}), replayed into {name}"
        for recorded, name in targets.items()
        if recorded != name
    ]
    if left := [name for name in recording.modules if name not in targets]:
        remarks.append(f"the batches of {', '.join(left)} are left out")
    if not recording.whole:
        remarks.append("its last line is cut off and left out")
    return f"{recording.path.name}: {'; '.join(remarks)}" if remarks else ""


def recorded_uris(project: Project, recording: Recording, module: str | None = None) -> list[str]:
    """The URIs that a replay of the recording into `project` tells of, each once, in the order of the changes.

    Raises:
        ReplayError: see `replay_targets`.
    """
    tables = {
        name: table
        for name, table in project.config.modules.items()
        if isinstance(table, FilesSettings) and table.enabled
    }
    targets = replay_targets(recording, list(tables), module)
    uris = {
        recorded: FolderUris(os.path.realpath(project.folder / tables[name].path))
        for recorded, name in targets.items()
    }
    return list(
        dict.fromkeys(
            uris[batch.module].uri(change.path)
            for batch in recording.batches
            if batch.module in uris
            for change in batch.changes
        )
    )
