"""A panel with a title and a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from workbench.text import one_line

from .painting import paint
from .spans import Line


class Card(Widget):
    """Shows lines, truncated at its width and height. Styled by the class `panel`."""

    ALLOW_SELECT = False

    def __init__(
        self,
        title: str = "",
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str = "",
    ) -> None:
        super().__init__(id=id, classes=f"panel {classes}")
        self._lines: list[Line] = []
        self.set_title(title)

    def set_title(self, title: str, aside: str = "") -> None:
        """Show `title` in the border, followed by a dim `aside`."""
        set_panel_title(self, title, aside)

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show `lines`; only changed ones are repainted."""
        old, self._lines = self._lines, list(lines)
        width = self.size.width
        for y in range(max(len(old), len(lines))):
            before = old[y] if y < len(old) else ()
            after = lines[y] if y < len(lines) else ()
            if before != after:
                self.refresh(Region(0, y, width, 1))

    def render_line(self, y: int) -> Strip:
        return paint(self, self._lines[y] if y < len(self._lines) else (), self.size.width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines)


def set_panel_title(widget: Widget, title: str, aside: str = "") -> None:
    """Set a title in a widget's border, never parsed as markup; redraws nothing if unchanged."""
    parts = [one_line(title)]
    content = Content(parts[0])
    if aside:
        content = Content.assemble(parts[0], "  ", (one_line(aside), "$muted not bold"))
    known = getattr(widget, "_panel_title", None)
    if known != (title, aside):
        widget._panel_title = (title, aside)  # type: ignore[attr-defined]
        widget.border_title = content
