"""The footer: the keys available now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual import events
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from .binding import active_actions
from .painting import paint
from .spans import Line, Span, cells

MORE = Span(" …", "dim")


class Key(NamedTuple):
    """A footer key: what to press, what it does, and its Textual name."""

    display: str
    title: str
    key: str


class KeyLine(Widget):
    """Shows the keys of the focused widget, then those of its ancestors, and the application's at the right."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self._here: list[Key] = []
        self._everywhere: list[Key] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._take)
        self._take(self.screen)

    def on_unmount(self) -> None:
        self.screen.bindings_updated_signal.unsubscribe(self)

    def _take(self, screen: Screen[object]) -> None:
        if not screen.is_current:
            return
        here, everywhere = footer_keys(screen)
        if (here, everywhere) != (self._here, self._everywhere):
            self._here, self._everywhere = here, everywhere
            self.refresh()

    def _spans(self) -> tuple[Line, Line]:
        return key_spans(self._here, self._everywhere, self.size.width)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        left, right = self._spans()
        gap = Span(" " * max(0, width - cells(left) - cells(right)))
        return paint(self, (*left, gap, *right), width)

    def on_click(self, event: events.Click) -> None:
        left, right = self._spans()
        keys = {1: self._here, 2: self._everywhere}
        x = event.x if event.x < cells(left) else event.x - (self.size.width - cells(right))
        side = 1 if event.x < cells(left) else 2
        for key in keys[side]:
            x -= len(key.display) + len(key.title) + 3
            if x < 0:
                self.app.simulate_key(key.key)
                return


def footer_keys(screen: Screen[object]) -> tuple[list[Key], list[Key]]:
    """The keys available on `screen` with its focus: those of its widgets, and those of the application."""
    here: list[Key] = []
    everywhere: list[Key] = []
    for active in active_actions(screen):
        if active.action.shown:
            key = Key(active.displays[0], active.action.title, active.keys[0])
            (everywhere if active.everywhere else here).append(key)
    return here, everywhere


def key_spans(here: Sequence[Key], everywhere: Sequence[Key], width: int) -> tuple[Line, Line]:
    """The footer's left and right parts in `width` cells; keys that don't fit are left out in the middle."""
    right: list[Span] = []
    for key in everywhere:
        right += [Span(f" {key.display}", "accent"), Span(f" {key.title} ")]
    room = width - cells(tuple(right))
    left: list[Span] = []
    for index, key in enumerate(here):
        spans = [Span(f" {key.display}", "accent"), Span(f" {key.title} ")]
        rest = 0 if index == len(here) - 1 else cells((MORE,))
        if cells((*left, *spans)) + rest > room:
            left.append(MORE)
            break
        left += spans
    return tuple(left), tuple(right)
