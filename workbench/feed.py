"""The way of an engine's facts to the screen: folded into snapshots, a limited number of times a second."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.state import Snapshot

if TYPE_CHECKING:
    from server_core.clock import Clock
    from workbench.engine import Engine

DRAIN_SECONDS = 1 / 30
"""The inbox is emptied at most this often."""


class Feed:
    """Keeps a snapshot true to an engine. On the screen's thread; knows the screen by the callables that it is given.

    Attributes:
        snapshot: what is known.
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
        publish: takes each new snapshot.
        later: calls a function after so many seconds.
        spawn: runs a coroutine in the background.
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
        """Take facts from `engine`, which is started here, and no more from the one before. `wake` is called on any of
        its threads when there are some; it must bring about a call of `drain_soon` on this one."""
        if self._engine is not None:
            self._engine.inbox.wake = None
        self._engine = engine
        engine.inbox.wake = wake
        engine.start()

    def change(self, **parts: Any) -> None:
        """Publish a snapshot with these parts."""
        self._take(replace(self.snapshot, **parts))

    def drain_soon(self) -> None:
        """Empty the inbox: now, or as soon as it may be."""
        wait = self._next_drain - self._clock.monotonic()
        if wait > 0:
            self._later(wait, self._drain)
        else:
            self._drain()

    def tick(self, now: float) -> None:
        """Tell that it is `now`; once a second."""
        from workbench.state.rates import advance

        self._take(advance(self.snapshot, now))

    def _drain(self) -> None:
        # Imported with the first facts, when the core is there anyway.
        from workbench.state.fold import reduce

        self._next_drain = self._clock.monotonic() + DRAIN_SECONDS
        if self._engine is not None:
            self._take(reduce(self.snapshot, self._engine.inbox.drain()))

    def _take(self, snapshot: Snapshot) -> None:
        if snapshot is not self.snapshot:
            self.snapshot = snapshot
            self._publish(snapshot)
        # What the facts alone do not tell is asked for, once at a time; the answer is a fact itself.
        if snapshot.stale and not self._inspecting:
            self._inspecting = True
            self._spawn(self._inspect())

    async def _inspect(self) -> None:
        from workbench.engine import EngineError

        try:
            if self._engine is not None:
                await self._engine.inspect()
        except EngineError:
            pass  # it stopped or never started, which its facts tell
        finally:
            self._inspecting = False
