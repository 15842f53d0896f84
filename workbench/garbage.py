"""The garbage collector's full rounds, moved to where nobody feels them.

A full round looks at every object of the process, with every thread standing still meanwhile: a tenth of a second,
which a key that is pressed then has to wait.
"""

from __future__ import annotations

import gc

IDLE_SECONDS = 2.0
"""A user who has not touched anything for so long will hardly do it just now."""

AT_LEAST_EVERY = 60.0
"""Seconds without such a pause after which a round is made all the same."""

YOUNG_OBJECTS = 2000
"""New objects between two of the short rounds, which look only at what is new."""

START_SECONDS = 3
"""How long a start goes on. What is made meanwhile stays: to look for garbage among it would only make it longer."""

NEVER = 1_000_000
ROUNDS_WORTH_IT = 5
"""A full round is made only after so many middling ones: before that there is nothing to find."""


class GarbageRounds:
    """Makes the process's full rounds when it is told that the user pauses. On one thread."""

    def __init__(self) -> None:
        """Take the full rounds over from the interpreter, which makes them just when most is going on."""
        gc.set_threshold(YOUNG_OBJECTS, 10, NEVER)
        self._since = 0.0
        self._settled = False

    def idle(self, seconds: float) -> None:
        """Tell, once a second, that the user has not touched anything for `seconds`; make a round if it is time."""
        self._since += 1
        if not gc.isenabled():  # as `workbench` leaves it, to be quick
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
            # Imports, modules, screens: what has stayed until the first pause stays for good.
            self._settled = True
            gc.freeze()
