"""Feeds an engine's facts to the screen: folded into snapshots, at a limited rate."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.state import Snapshot

if TYPE_CHECKING:
    from server_core.clock import Clock
    from workbench.engine import Engine

DRAIN_SECONDS = 1 / 30
"""The minimum interval between two drains of the inbox."""


class Feed:
    """Keeps a snapshot in sync with an engine. Lives on the screen's thread and reaches the screen through callables.

    Attributes:
        snapshot: The current snapshot.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        clock: Clock,
        *,
        publish: Callable[[Snapshot], None],
        later: Callable[[float, Callable[[], None]], object],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        """Args:
        publish: Receives each new snapshot.
        later: Calls a function after a number of seconds.
        spawn: Runs a coroutine in the background.
        """
        self.snapshot = snapshot
        self._clock = clock
        self._publish = publish
        self._later = later
        self._spawn = spawn
        self._engine: Engine | None = None
        self._next_drain = 0.0
        self._inspecting = False

    def connect(self, engine: Engine, wake: Callable[[], None]) -> None:
        """Start `engine` and receive its facts instead of those of the previous one.

        Args:
            wake: Called on any of the engine's threads when facts have arrived; it must cause a call of `drain_soon` on
                this thread.
        """
        if self._engine is not None:
            self._engine.inbox.wake = None
        self._engine = engine
        engine.inbox.wake = wake
        engine.start()

    def change(self, **parts: Any) -> None:
        """Publish a snapshot with these parts replaced."""
        self._take(replace(self.snapshot, **parts))

    def drain_soon(self) -> None:
        """Drain the inbox now, or as soon as the rate limit allows."""
        wait = self._next_drain - self._clock.monotonic()
        if wait > 0:
            self._later(wait, self._drain)
        else:
            self._drain()

    def tick(self, now: float) -> None:
        """Advance the snapshot to `now`; call it once a second."""
        from workbench.state.rates import advance

        self._take(advance(self.snapshot, now))

    def _drain(self) -> None:
        # Imported with the first facts, when the core is already loaded.
        from workbench.state.fold import reduce

        self._next_drain = self._clock.monotonic() + DRAIN_SECONDS
        if self._engine is not None:
            self._take(reduce(self.snapshot, self._engine.inbox.drain()))

    def _take(self, snapshot: Snapshot) -> None:
        if snapshot is not self.snapshot:
            self.snapshot = snapshot
            self._publish(snapshot)
        # Inspect the server for what the facts alone do not say, one inspection at a time; the result is a fact too.
        if snapshot.stale and not self._inspecting:
            self._inspecting = True
            self._spawn(self._inspect())

    async def _inspect(self) -> None:
        from workbench.engine import EngineError

        try:
            if self._engine is not None:
                await self._engine.inspect()
        except EngineError:
            pass  # it stopped or never started, as its facts say
        finally:
            self._inspecting = False
