"""The small pieces of a form: labels, notes, marks that can be clicked."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from workbench.forms import Problem
from workbench.text import clean, fit, one_line
from workbench.widgets.painting import STYLES, paint
from workbench.widgets.spans import Span


class Label(Widget):
    """A field's name, before it."""

    ALLOW_SELECT = False

    def __init__(self, text: str, *, required: bool) -> None:
        super().__init__(classes="label")
        self.text = one_line(text)
        self.required = required

    @property
    def wanted(self) -> int:
        """How many cells it takes."""
        return cell_len(self.text) + 2 * self.required + 1

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        star = Span(" *" if self.required else "", "accent")
        name = Span(self.text if self.wanted <= width else fit(self.text, width - 1 - len(star.text)))
        return paint(self, (name, star) if y == 0 else (), width)


class Mark(Widget):
    """A word that can be clicked."""

    ALLOW_SELECT = False

    class Clicked(Message):
        """It was clicked; `name` says which one."""

        def __init__(self, mark: Mark, name: str) -> None:
            super().__init__()
            self.mark = mark
            self.name = name

    def __init__(self, name: str, span: Span = Span("")) -> None:  # noqa: B008 - immutable
        super().__init__(name=name, classes=f"mark mark-{name}")
        self._span = span

    def show(self, span: Span) -> None:
        """Show another word."""
        if span != self._span:
            self._span = span
            self.refresh()

    def render_line(self, y: int) -> Strip:
        return paint(self, (self._span,) if y == 0 else (), self.size.width)

    def on_click(self) -> None:
        self.post_message(self.Clicked(self, self.name or ""))


class Note(Static):
    """What there is to say of a field: what is wrong first, then its type, then what it is for."""

    def __init__(self, type_words: str, description: str) -> None:
        super().__init__(classes="note", markup=False)
        self._type = type_words
        self._description = description
        self._problems: tuple[Problem, ...] = ()
        self._warnings: tuple[Problem, ...] = ()
        self.draw()

    def show(self, problems: Sequence[Problem], warnings: Sequence[Problem]) -> None:
        """Tell what can't be sent and what does not fit."""
        told = (tuple(problems), tuple(warnings))
        if told != (self._problems, self._warnings):
            self._problems, self._warnings = told
            self.draw()

    def draw(self) -> None:
        """Make its text."""
        pieces: list[str | tuple[str, str]] = []
        for problem in self._problems:
            pieces += [(f"✗ {clean(problem.message)}", STYLES["bad"]), "\n"]
        for warning in self._warnings:
            pieces += [(f"! {clean(warning.message)}", STYLES["warn"]), "\n"]
        gap = " · " if self._type and self._description else ""
        pieces.append((f"{clean(self._type)}{gap}{clean(self._description)}", STYLES["dim"]))
        self.update(Content.assemble(*pieces))
        self.display = bool(self._type or self._description or self._problems or self._warnings)
