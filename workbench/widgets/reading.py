"""Text to read: it scrolls by the keys of the lists."""

from __future__ import annotations

from textual.containers import VerticalScroll

from workbench.actions import READING

from .binding import bind


class Reading(VerticalScroll):
    """Holds text that may be longer than the screen."""

    BINDINGS = bind(*READING)
