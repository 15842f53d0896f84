"""A choice on one line: all options visible, one of them selected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.color import Color
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from workbench.actions import Action, define
from workbench.text import one_line

from .binding import bind
from .painting import background, paint
from .spans import Span

SEGMENTS = define(
    Action("segments.next", "right,space", "Next", "Select the next option", "step(1)", shown=False),
    Action("segments.previous", "left", "Previous", "Select the previous option", "step(-1)", shown=False),
    Action("segments.all", "enter", "Choose", "Choose from a list of all options", "all"),
)
MOST_CELLS = 40
"""Longer options are truncated."""


@lru_cache(maxsize=16)
def focused_style(color: str, under: str) -> Style:
    """The style of the selected option in the focused widget."""
    return Style(color=Color.parse(under).rich_color, bgcolor=Color.parse(color).rich_color, bold=True)


LEFT, RIGHT = "‹ ", " ›"


class Segments(Widget, can_focus=True):
    """Options side by side, scrolled if they don't fit. Enter opens a list of all options."""

    BINDINGS = bind(*SEGMENTS)
    ALLOW_SELECT = False
    HELP = "A choice. Select with the arrow keys or space; Enter lists all options."

    chosen: reactive[int] = reactive(0)
    """The index of the selected option, or -1."""

    class Chosen(Message):
        """The user selected another option."""

        def __init__(self, segments: Segments, place: int) -> None:
            super().__init__()
            self.segments = segments
            self.place = place

        @property
        def control(self) -> Segments:
            return self.segments

    def __init__(
        self,
        options: Sequence[str],
        chosen: int = 0,
        *,
        dim: int = 0,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str = "",
    ) -> None:
        """Args:
        options: their labels; may be untrusted.
        dim: how many of the first options are dimmed, meaning "no value".
        """
        super().__init__(id=id, classes=classes)
        self.options = [one_line(option)[:MOST_CELLS] or " " for option in options]
        self._dim = dim
        self.set_reactive(Segments.chosen, chosen)

    def set_options(self, options: Sequence[str], chosen: int) -> None:
        """Replace the options."""
        self.options = [one_line(option)[:MOST_CELLS] or " " for option in options]
        self.chosen = chosen
        self.refresh(layout=True)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return sum(cell_len(option) + 2 for option in self.options)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    # -- painting

    def _window(self, width: int) -> tuple[int, int]:
        """The range of options that fits in `width` cells and includes the selected one."""
        wide = [cell_len(option) + 2 for option in self.options]
        if sum(wide) <= width:
            return 0, len(wide)
        room = width - cell_len(LEFT + RIGHT)
        here = max(self.chosen, 0)
        first = last = here
        used = wide[here]
        while True:
            if last + 1 < len(wide) and used + wide[last + 1] <= room:
                last += 1
                used += wide[last]
            elif first and used + wide[first - 1] <= room:
                first -= 1
                used += wide[first]
            else:
                return first, last + 1

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        first, last = self._window(width)
        strips = [paint(self, (Span(LEFT, "accent"),), 2)] if first else []
        for place in range(first, last):
            text = f" {self.options[place]} "
            style = None
            tone = "dim"
            if place == self.chosen:
                tone = ""
                style = self._chosen_style()
            strips.append(paint(self, (Span(text, tone),), cell_len(text), style))  # type: ignore[arg-type]
        if last < len(self.options):
            strips.append(paint(self, (Span(RIGHT, "accent"),), 2))
        return Strip.join(strips).adjust_cell_length(width, self.rich_style)

    def _chosen_style(self) -> Style:
        if not self.has_focus:
            return background(self, "cursor")
        variables = self.app.theme_variables
        return self.rich_style + focused_style(variables["primary"], variables["background"])

    # -- keys and mouse

    def choose(self, place: int) -> None:
        """Select an option as the user would."""
        if place != self.chosen and 0 <= place < len(self.options):
            self.chosen = place
            self.post_message(self.Chosen(self, place))

    def action_step(self, step: int) -> None:
        self.choose((self.chosen + step) % len(self.options))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "all":
            return len(self.options) > 2
        return super().check_action(action, parameters)

    def action_all(self) -> None:
        from workbench.screens.pick import PickScreen

        def picked(place: int | None) -> None:
            if place is not None:
                self.choose(place)

        self.app.push_screen(PickScreen("Choose", self.options, self.chosen), picked)

    def on_click(self, event: events.Click) -> None:
        first, last = self._window(self.size.width)
        x = event.x - (cell_len(LEFT) if first else 0)
        if x < 0:
            self.choose(first - 1)
            return
        for place in range(first, last):
            x -= cell_len(self.options[place]) + 2
            if x < 0:
                self.choose(place)
                return
        if last < len(self.options):
            self.choose(last)
