"""Replays a recording into files modules: at its original speed, faster, at once, or step by step."""

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
    """A recording can't be replayed here; the message says why, and what to do."""


AT_ONCE = 64
CHANGES_AT_ONCE = 1000
"""At speed "max", how many batches or changes are looked up on disk together."""


class ReplayTarget(Protocol):
    """The part of a `FilesModule` that a replay needs."""

    name: str

    def replaying(self, total: int) -> AbstractAsyncContextManager[None]: ...

    async def prepare(self, batches: Sequence[Sequence[FileChange]]) -> Sequence[Any]: ...

    async def intake_prepared(self, batch: Any) -> None: ...


class ReplayProgress(NamedTuple):
    """The progress of a replay: `batch` of `batches` were applied, the last by `module`."""

    module: str
    batch: int
    batches: int
    paused: bool


class Replay:
    """A replay. Use everything but the constructor on the server's loop.

    The first batch is applied immediately, whatever its time. A batch that takes long to apply delays the next one but
    not those after it: times are measured by the clock, not by adding up pauses.
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
        targets: The module to replay each recorded module into, by the recorded name; others are skipped.
        speed: How many times faster than recorded; "max" never waits; "step" waits for `step` before each batch.
        on_progress: Called after each batch (at "max" after several), and on pause and resume.

        Raises:
            ReplayError: The speed is not greater than 0.
        """
        if not isinstance(speed, str) and not 0 < speed < float("inf"):
            raise ReplayError(f'The speed must be greater than 0, or "max", not {speed:g}')
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
        # When the first batch would have been due without pauses.
        self._origin = 0.0
        self._began: float | None = None

    @property
    def progress(self) -> ReplayProgress:
        """The progress so far."""
        target = self._targets.get(self._module)
        return ReplayProgress(
            target.name if target else self._module, self._fed, sum(self._totals.values()), self._paused
        )

    @property
    def paused(self) -> bool:
        """Whether it is waiting for `resume` or `step`."""
        return self._paused

    def pause(self) -> None:
        """Pause before the next batch."""
        self._set_paused(True)

    def resume(self) -> None:
        """Resume at the given speed, or without waiting after "step"."""
        self._set_paused(False)

    def step(self, count: int = 1) -> None:
        """Apply the next `count` batches at once, then pause."""
        self._steps += count
        self._set_paused(True)
        self._turned.set()

    def stop(self) -> None:
        """Stop after the current batch; `run` returns once the resource lists match the disk again."""
        self._stopped = True
        self._turned.set()

    async def run(self) -> None:
        """Apply all batches in order; return when all are applied, or after `stop`.

        However it ends, the modules' lists match the disk again afterwards.

        Raises:
            CoreError: A module is not running, or already has a replay.
        """
        async with AsyncExitStack() as stack:
            for name, target in self._targets.items():
                await stack.enter_async_context(target.replaying(self._totals[name]))
            self._origin = self._clock.monotonic()
            self._on_progress(self.progress)
            for batches in self._runs():
                if not await self._feed(batches):
                    break
                # Let the readers of notifications on this loop run too.
                await asyncio.sleep(0)

    def _runs(self) -> Iterator[list[RecordedBatch]]:
        """Yield runs of consecutive batches of a module to look up together; single batches unless at "max"."""
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
        """Apply batches of one module, each when it is due; return false if the replay was stopped."""
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
        """Wait until the batch `after` seconds behind the first is due; return false if the replay was stopped."""
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
    """Choose one of the `known` files modules for each recorded module, by the recorded name.

    That is the module of the same name. If given, `module` receives the recording's only module, or the one of its own
    name. A single files module receives a single recorded one under any name: `replay_remark` says so.

    Raises:
        ReplayError: There is no such module, or the choice is ambiguous.
    """
    recorded = recording.modules
    if not known:
        raise ReplayError("The project has no files module to replay into")
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
    """Return a note on what may surprise the user in a replay into `targets`; empty if nothing does."""
    remarks = [
        f"recorded from {recorded} ({recording.root}), replayed into {name}"
        for recorded, name in targets.items()
        if recorded != name
    ]
    if left := [name for name in recording.modules if name not in targets]:
        remarks.append(f"skipping the batches of {', '.join(left)}")
    if not recording.whole:
        remarks.append("skipping its incomplete last line")
    return f"{recording.path.name}: {'; '.join(remarks)}" if remarks else ""


def recorded_uris(project: Project, recording: Recording, module: str | None = None) -> list[str]:
    """Return the URIs that a replay of the recording into `project` changes, each once, in order.

    Raises:
        ReplayError: See `replay_targets`.
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
