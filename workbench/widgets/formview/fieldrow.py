"""A field's row: what is drawn around its input widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from workbench.forms import EntryName, Field, ListField, Path, Problem
from workbench.text import fit, one_line
from workbench.widgets.painting import paint
from workbench.widgets.segments import Segments
from workbench.widgets.spans import Line, Span, fitted, spread

from .editor import FieldEditor
from .saying import CHIPS, is_part_of_choice, notes_of, status_of, words_of

INDENT = 2
"""Indentation of a field relative to its parent, in cells."""

LEAST_LABEL = 8
LEAST_NAME = 14
CHIP_CELLS = 7
REMOVE_CELLS = 2

Told = Mapping[Path, tuple[Sequence[Problem], Sequence[Problem]]]
"""Errors and warnings by the path of the field that shows them."""


class NameLine(Input):
    """The name of a map entry."""

    HELP = "The entry's name. Put an empty name, or one that begins with a quote, in quotes."


class FieldRow(Widget):
    """Draws a field's label, state and notes itself, so that a form of a hundred fields has
    two hundred widgets instead of eight hundred.

    Attributes:
        depth: its nesting depth.
        entry: its name if it is a map entry.
        said: its type, constraints and description.
    """

    ALLOW_SELECT = False

    def __init__(self, field: Field, depth: int = 0, entry: EntryName | None = None, label: str = "") -> None:
        super().__init__()
        self.field = field
        self.depth = depth
        self.entry = entry
        self.label = one_line(label)
        self.edited: FieldEditor | Segments | None = None
        self.name_line: NameLine | None = None
        self.said = words_of(field)
        self._notes = notes_of(self.said, (), ())
        self._column = LEAST_LABEL

    @property
    def control(self) -> Widget:
        """The widget to focus for filling in this field."""
        return self.edited or self

    @property
    def is_item(self) -> bool:
        """Whether it is a list item or a map entry, which can be removed."""
        return self.entry is not None or isinstance(self.field.owner, ListField)

    # -- layout

    @property
    def wanted(self) -> int:
        """The form column at which its control would start on its own."""
        label = (
            LEAST_NAME if self.entry is not None else cell_len(self.label) + (2 if self._starred else 0) + 1
        )
        return INDENT * self.depth + max(label, LEAST_LABEL)

    def align(self, column: int) -> None:
        """Start its control at `column` of the form."""
        self._column = max(column - INDENT * self.depth, LEAST_LABEL)
        self.place()

    def place(self) -> None:
        """Leave room for what is drawn around the control."""
        control = self.edited
        if control is None:
            return
        chip = CHIP_CELLS if isinstance(control, FieldEditor) else 0
        right = chip + (REMOVE_CELLS if self.is_item else 0)
        below = len(self._notes)
        if self.name_line is None:
            control.styles.margin = (0, right, below, self._column)
        else:
            self.name_line.styles.width = self._column - 1
            control.styles.margin = (0, 0, 0, 1)
            if isinstance(control.parent, Widget):
                control.parent.styles.margin = (0, right, below, 0)

    def mark_at(self, x: int, y: int) -> str:
        """What a click there hits: `remove`, `state` or nothing."""
        right = self.size.width - x
        remove = REMOVE_CELLS if self.is_item else 0
        if y or right <= 0:
            return ""
        if right <= remove:
            return "remove"
        return "state" if isinstance(self.edited, FieldEditor) and right <= remove + CHIP_CELLS else ""

    # -- drawing

    @property
    def _starred(self) -> bool:
        return self.field.required and self.field.omittable

    @property
    def chip(self) -> str:
        """What the field sends, in one word; empty if its control shows it."""
        return CHIPS[status_of(self.field)][0] if isinstance(self.edited, FieldEditor) else ""

    @property
    def notes(self) -> list[str]:
        """The lines below the field."""
        return ["".join(text for text, _tone in spans) for spans in self._notes]

    def say(self, problems: Sequence[Problem], warnings: Sequence[Problem]) -> None:
        """Show errors and warnings below the field."""
        before = len(self._notes)
        self._notes = notes_of(self.said, problems, warnings)
        if len(self._notes) != before:
            self.place()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return paint(self, self._first_line(width), width)
        below = y - (self.edited.outer_size.height if self.edited is not None else 1)
        if 0 <= below < len(self._notes):
            return paint(self, fitted((Span(" " * self._column), *self._notes[below]), width), width)
        return Strip.blank(width, self.rich_style)

    def _first_line(self, width: int) -> Line:
        star = Span(" *" if self._starred else "", "accent")
        room = self._column - 1 - len(star.text)
        left: Line = (Span(self.label if cell_len(self.label) <= room else fit(self.label, room)), star)
        right: Line = ()
        if isinstance(self.edited, FieldEditor):
            text, tone = CHIPS[status_of(self.field)]
            right = (Span(f" {text:<{CHIP_CELLS - 1}}", tone),)
        if is_part_of_choice(self.field):
            return spread(left, right, width)
        return spread(left, (*right, Span(" ✕" if self.is_item else "", "dim")), width)
