"""The tab line of the main screens with their number keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.style import Style
from textual import events
from textual.reactive import reactive
from textual.strip import Strip

from workbench.actions import PLACES, Place
from workbench.state.snapshot import Snapshot

from .live import Live
from .painting import background, paint
from .spans import Line, Span, cells


def tab_texts(places: Sequence[Place], badges: Mapping[str, str], active: str, width: int) -> list[str]:
    """The text of each tab: its title, a short title if space is tight, or just its key."""

    def text(place: Place, title: str) -> str:
        badge = badges.get(place.mode, "")
        words = " ".join(word for word in (place.key, title, badge) if word)
        return f" {words} "

    for titles in (
        [place.title for place in places],
        [place.title if place.mode == active else place.short for place in places],
        [place.title if place.mode == active else "" for place in places],
    ):
        texts = [text(place, title) for place, title in zip(places, titles, strict=True)]
        if sum(cells((Span(part),)) for part in texts) <= width:
            return texts
    return texts


def tab_badges(snapshot: Snapshot) -> dict[str, str]:
    """The badge of each tab: the number of running tasks and runs, `!` if a breaker is not closed,
    `●` or `▶` while recording or replaying."""
    running = len(snapshot.running_tasks) + sum(run.status == "running" for run in snapshot.runs)
    badges = {}
    if running:
        badges["tasks"] = f"({running})"
    if any(breaker.status != "closed" for breaker in snapshot.breakers):
        badges["health"] = "!"
    if snapshot.recording is not None:
        badges["watch"] = "●"
    elif snapshot.replay is not None:
        badges["watch"] = "▶"
    return badges


class TabLine(Live):
    """Shows the main screens; click one to go there."""

    ALLOW_SELECT = False

    hovered: reactive[str] = reactive("")
    """The mode of the tab under the mouse."""

    def __init__(self, active: str) -> None:
        super().__init__()
        self.active = active

    def parts(self, s: Snapshot) -> tuple[object, ...]:
        return (s.tasks, s.runs, s.breakers, s.recording, s.replay)

    def redraw(self) -> None:
        self.refresh()

    def _texts(self) -> list[str]:
        return tab_texts(PLACES, tab_badges(self.snapshot), self.active, self.size.width)

    def render_line(self, y: int) -> Strip:
        strips = []
        for place, text in zip(PLACES, self._texts(), strict=True):
            spans: Line = (Span(text[:2], "accent"), Span(text[2:]))
            style = self.rich_style
            if place.mode == self.active:
                style, spans = self._active_style, (Span(text),)
            elif place.mode == self.hovered:
                style = background(self, "hover")
            strips.append(paint(self, spans, cells(spans), style))
        return Strip.join(strips).adjust_cell_length(self.size.width, self.rich_style)

    @property
    def _active_style(self) -> Style:
        """Bold, with inverted colours."""
        style = background(self, "primary")
        return style + Style(color=self.rich_style.bgcolor, bold=True)

    def _place_at(self, x: int) -> str:
        for place, text in zip(PLACES, self._texts(), strict=True):
            x -= cells((Span(text),))
            if x < 0:
                return place.mode
        return ""

    async def on_click(self, event: events.Click) -> None:
        mode = self._place_at(event.x)
        if mode:
            await self.run_action(f"app.go('{mode}')")

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self.hovered = self._place_at(event.x)

    def on_leave(self) -> None:
        self.hovered = ""
