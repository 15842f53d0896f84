"""Scrollable text with the keys of the lists."""

from __future__ import annotations

from textual.containers import VerticalScroll

from workbench.actions import READING

from .binding import bind


class Reading(VerticalScroll):
    """Contains text that may be longer than the screen."""

    BINDINGS = bind(*READING)
