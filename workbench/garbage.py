"""Moves the garbage collector's full collections to moments when nobody notices them.

A full collection visits every object of the process while all threads stand still: a tenth of a second that a key
pressed in the meantime has to wait.
"""

from __future__ import annotations

import gc

IDLE_SECONDS = 2.0
"""After this many seconds without input, the user is unlikely to press a key right now."""

AT_LEAST_EVERY = 60.0
"""Seconds without such a pause after which a collection runs anyway."""

YOUNG_OBJECTS = 2000
"""New objects between two collections of the youngest generation."""

START_SECONDS = 3
"""How long startup lasts. What it creates stays alive, so collecting meanwhile would only make it longer."""

NEVER = 1_000_000
ROUNDS_WORTH_IT = 5
"""A full collection needs this many of the middle generation first: before that there is nothing to find."""


class IdleCollector:
    """Runs full collections while the user pauses. Use it on one thread."""

    def __init__(self) -> None:
        """Take full collections over from the interpreter, which runs them when the process is busiest."""
        gc.set_threshold(YOUNG_OBJECTS, 10, NEVER)
        self._since = 0.0
        self._settled = False

    def idle(self, seconds: float) -> None:
        """Report, once a second, that the user has been idle for `seconds`; collect if it is time."""
        self._since += 1
        if not gc.isenabled():  # the `workbench` command disables it to start quickly
            if self._since >= START_SECONDS:
                gc.freeze()
                gc.enable()
            return
        if gc.get_count()[2] < ROUNDS_WORTH_IT:
            return
        if seconds < IDLE_SECONDS and self._since < AT_LEAST_EVERY:
            return
        self._since = 0.0
        gc.collect()
        if not self._settled:
            # Imports, modules, screens: what is alive at the first pause stays alive.
            self._settled = True
            gc.freeze()
