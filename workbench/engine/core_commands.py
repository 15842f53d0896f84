"""What only somebody can do who runs the server in his own process: look inside, and lay hands on it."""

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
    """Looking, breakers, faults, the cache, tasks and runs, config and modules, recordings and replays."""

    # -- looking

    async def inspect(self) -> ServerState:
        """The server's whole state, read in one go."""
        return await self._do(lambda core: core.inspect())

    async def owners(self) -> Owners:
        """Which module offers what, and what else of it no client is told."""
        return await self._do(lambda core: core.owners())

    async def cache_entries(self, most: int = 200) -> tuple[CacheEntryState, ...]:
        """The cache's entries, most recently used first."""
        return await self._do(lambda core: core.cache_entries(most))

    async def cache_entry(self, uri: str) -> CacheEntryState | None:
        """The cache's entry of a resource, if it has one."""
        return await self._do(lambda core: core.cache_entry(uri))

    # -- handling the core

    async def trip(self, breaker: str) -> None:
        """Open a breaker by hand."""
        await self._do(lambda core: core.trip(breaker))

    async def reset(self, breaker: str) -> None:
        """Close a breaker by hand."""
        await self._do(lambda core: core.reset(breaker))

    async def probe(self, breaker: str) -> str:
        """Try now whether what an open breaker guards works again; returns what came of it, in a few words."""
        return await self._do(lambda core: core.probe(breaker))

    async def set_fault(self, text: str) -> None:
        """Let a fault act from now on, written as `NAME=fail:3`; `clock:+60` lets the server's clock jump at once.

        It lasts until it is used up or cleared, also over a restart of the server, and never longer than the engine.

        Raises:
            EngineError: it is not written as a fault, or nothing has that name.
        """
        await self._do(lambda core: core.set_fault(text))

    async def clear_faults(self, name: str = "", kind: FaultKind | None = None) -> int:
        """Take away the faults of that name and kind, all for none; how many there were."""
        return await self._do(lambda core: core.clear_faults(name, kind))

    async def evict(self, key: str) -> bool:
        """Drop one entry of the cache; whether there was one."""
        return await self._do(lambda core: core.evict(key))

    async def clear_cache(self) -> int:
        """Drop the whole cache; how many entries it had."""
        return await self._do(lambda core: core.clear_cache())

    async def task_tools(self) -> list[mcp_types.Tool]:
        """The tools that may run as long tasks; `start_long_task` takes their names."""
        return await self._do(lambda core: core.tasks.tools())

    async def cancel_task(self, task_id: str) -> None:
        """Cancel a long task.

        Raises:
            EngineError: there is no such task, or it has ended.
        """
        await self._do(lambda core: core.tasks.cancel(task_id))

    async def cancel_run(self, run: str) -> None:
        """Stop a workflow's run; whoever waits for it is told that it was cancelled.

        Raises:
            EngineError: it has ended.
        """
        await self._do(lambda core: core.cancel_run(run))

    async def resume_run(self, run: str) -> str:
        """Start a workflow's run again from where it failed or was cancelled, and wait for it; how it ended.

        Raises:
            EngineError: it is not remembered any more, or can't be started.
        """
        return await self._do(lambda core: core.resume_run(run))

    async def apply(self, config: ServerConfig) -> None:
        """Make `config` the server's: changed modules are replaced, and only they; clients stay connected.

        A change of the server's own settings (name, cache, limits, …) restarts the server with all its
        modules; the engine's clients and their subscriptions come back.

        Raises:
            EngineError: modules that can't start, each with its reason; everything else is in force.
        """
        await self._do(lambda core: core.apply(config))

    async def restart_module(self, name: str) -> None:
        """Start a module anew from the config in force: one that failed, or whose files were mended.

        Raises:
            EngineError: it can't start, or there is none of that name; what ran before runs on.
        """
        await self._do(lambda core: core.restart_module(name))

    # -- recordings

    async def start_recording(
        self, path: str | Path, module: str | None = None, *, force: bool = False
    ) -> None:
        """Record the file batches of one files module, or of all; `force` replaces a file that is there.

        Raises:
            EngineError: a recording is under way, there is no such module, or the file is there already or
                can't be written.
        """
        await self._do(lambda core: core.recordings.start_recording(Path(path), module, force=force))

    async def stop_recording(self) -> None:
        """Complete the recording under way, if any."""
        await self._do(lambda core: core.recordings.stop_recording())

    async def start_replay(
        self, recording: str | Path, module: str | None = None, speed: ReplaySpeed = 1.0
    ) -> str:
        """Feed a recording to a files module: at its own pace times `speed`, at once, or step by step.

        Returns when the replay is under way, with a remark where it is not what one may expect (it goes into
        a module of another name), else with an empty one. `ReplayStarted`, `ReplayProgressed` and
        `ReplayFinished` report the rest.

        Raises:
            EngineError: a replay is under way, the file is no recording, or there is no such module.
        """
        return await self._do(lambda core: core.recordings.start_replay(Path(recording), module, speed))

    async def replay_step(self) -> None:
        """Feed the next batch of a paused replay."""
        await self._do(lambda core: core.recordings.step())

    async def replay_pause(self) -> None:
        """Hold the replay before its next batch."""
        await self._do(lambda core: core.recordings.pause())

    async def replay_resume(self) -> None:
        """Go on with a paused replay."""
        await self._do(lambda core: core.recordings.resume())

    async def stop_replay(self) -> None:
        """End the replay under way, if any; returns when the resource list is true to the disk again."""
        await self._do(lambda core: core.recordings.stop_replay())
