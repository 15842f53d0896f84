"""Engine commands that need the server in the same process: inspecting and controlling it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workbench.records import Owners

from .commanding import Commanding

if TYPE_CHECKING:
    from mcp import types as mcp_types

    from server_core.config import ServerConfig
    from server_core.events import FaultKind
    from server_core.inspection import CacheEntryState, ServerState

ReplaySpeed = float | Literal["max", "step"]


class CoreCommands(Commanding):
    """Commands for breakers, faults, the cache, tasks, runs, config, modules, recordings and replays."""

    # -- inspection

    async def inspect(self) -> ServerState:
        """Return a consistent snapshot of the server's whole state."""
        return await self._do(lambda core: core.inspect())

    async def owners(self) -> Owners:
        """Return which module offers each item, and its properties that clients don't see."""
        return await self._do(lambda core: core.owners())

    async def cache_entries(self, most: int = 200) -> tuple[CacheEntryState, ...]:
        """The cache's entries, most recently used first."""
        return await self._do(lambda core: core.cache_entries(most))

    async def cache_entry(self, uri: str) -> CacheEntryState | None:
        """Return the cache entry of a resource, if there is one."""
        return await self._do(lambda core: core.cache_entry(uri))

    # -- controlling the core

    async def trip(self, breaker: str) -> None:
        """Trip a breaker."""
        await self._do(lambda core: core.trip(breaker))

    async def reset(self, breaker: str) -> None:
        """Reset a breaker."""
        await self._do(lambda core: core.reset(breaker))

    async def probe(self, breaker: str) -> str:
        """Make a trial call through an open breaker now; return the outcome in a few words."""
        return await self._do(lambda core: core.probe(breaker))

    async def set_fault(self, text: str) -> None:
        """Inject a fault, written as `NAME=fail:3`; `clock:+60` makes the server's clock jump immediately.

        It lasts until it is used up or cleared, even across restarts of the server, but no longer than the engine.

        Raises:
            EngineError: It is not a valid fault, or nothing has that name.
        """
        await self._do(lambda core: core.set_fault(text))

    async def clear_faults(self, name: str = "", kind: FaultKind | None = None) -> int:
        """Clear the faults with this name and kind, or all if neither is given; return how many there were."""
        return await self._do(lambda core: core.clear_faults(name, kind))

    async def evict(self, key: str) -> bool:
        """Remove an entry from the cache; return whether there was one."""
        return await self._do(lambda core: core.evict(key))

    async def clear_cache(self) -> int:
        """Clear the cache; return how many entries it had."""
        return await self._do(lambda core: core.clear_cache())

    async def task_tools(self) -> list[mcp_types.Tool]:
        """Return the tools that may run as long tasks; `start_long_task` takes their names."""
        return await self._do(lambda core: core.tasks.tools())

    async def cancel_task(self, task_id: str) -> None:
        """Cancel a long task.

        Raises:
            EngineError: There is no such task, or it has ended.
        """
        await self._do(lambda core: core.tasks.cancel(task_id))

    async def cancel_run(self, run: str) -> None:
        """Cancel a workflow run; its caller gets an error that it was cancelled.

        Raises:
            EngineError: It has ended.
        """
        await self._do(lambda core: core.cancel_run(run))

    async def resume_run(self, run: str) -> str:
        """Resume a workflow run from where it failed or was cancelled, wait for it, and return how it ended.

        Raises:
            EngineError: It is no longer available, or can't be started.
        """
        return await self._do(lambda core: core.resume_run(run))

    async def apply(self, config: ServerConfig) -> None:
        """Apply `config` to the server: only changed modules are replaced, and clients stay connected.

        Changes of the server's own settings (name, cache, limits, …) restart the server with all its modules; the
        engine's clients reconnect and renew their subscriptions.

        Raises:
            EngineError: Some modules can't start, each with its reason; everything else is applied.
        """
        await self._do(lambda core: core.apply(config))

    async def restart_module(self, name: str) -> None:
        """Restart a module from the config in use, for example after it failed or its files were fixed.

        Raises:
            EngineError: It can't start, or there is none of that name; the previous instance keeps running.
        """
        await self._do(lambda core: core.restart_module(name))

    # -- recordings

    async def start_recording(
        self, path: str | Path, module: str | None = None, *, force: bool = False
    ) -> None:
        """Record the file batches of one files module, or of all; `force` replaces an existing file.

        Raises:
            EngineError: A recording is in progress, there is no such module, or the file already exists or can't be
                written.
        """
        await self._do(lambda core: core.recordings.start_recording(Path(path), module, force=force))

    async def stop_recording(self) -> None:
        """Complete the recording in progress, if any."""
        await self._do(lambda core: core.recordings.stop_recording())

    async def start_replay(
        self, recording: str | Path, module: str | None = None, speed: ReplaySpeed = 1.0
    ) -> str:
        """Replay a recording into a files module: at `speed` times the original speed, at once, or step by step.

        Returns once the replay has started, with a note if something may be unexpected (such as a module of another
        name), otherwise with an empty string. `ReplayStarted`, `ReplayProgressed` and `ReplayFinished` report the rest.

        Raises:
            EngineError: A replay is in progress, the file is not a recording, or there is no such module.
        """
        return await self._do(lambda core: core.recordings.start_replay(Path(recording), module, speed))

    async def replay_step(self) -> None:
        """Apply the next batch of a paused replay."""
        await self._do(lambda core: core.recordings.step())

    async def replay_pause(self) -> None:
        """Pause the replay before its next batch."""
        await self._do(lambda core: core.recordings.pause())

    async def replay_resume(self) -> None:
        """Resume a paused replay."""
        await self._do(lambda core: core.recordings.resume())

    async def stop_replay(self) -> None:
        """Stop the replay in progress, if any; return once the resource list matches the disk again."""
        await self._do(lambda core: core.recordings.stop_replay())
