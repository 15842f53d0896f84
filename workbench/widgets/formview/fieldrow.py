"""A field's row: what is drawn around the widget in which it is filled in."""

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
"""Cells that a field lies further to the right than the one that it is a part of."""

LEAST_LABEL = 8
LEAST_NAME = 14
CHIP_CELLS = 7
REMOVE_CELLS = 2

Told = Mapping[Path, tuple[Sequence[Problem], Sequence[Problem]]]
"""What can't be sent and what does not fit, by the path of the field at which it is told."""


class NameLine(Input):
    """The name of an entry of a map."""

    HELP = "The entry's name. The empty name, and names that begin with a quote, are written in quotes."


class FieldRow(Widget):
    """Draws a field's label, its state, and what there is to say of it, itself: a form of a hundred fields is
    two hundred widgets, and not eight hundred.

    Attributes:
        depth: how many fields it is a part of.
        entry: the name of its own that it has in a map.
        said: its type, what a value must be, what it is for.
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
        """What has the focus when this field is filled in."""
        return self.edited or self

    @property
    def is_item(self) -> bool:
        """Whether it is an item of a list or an entry of a map, which can be removed."""
        return self.entry is not None or isinstance(self.field.owner, ListField)

    # -- where things are

    @property
    def wanted(self) -> int:
        """At which column of the form its control would begin by itself."""
        label = (
            LEAST_NAME if self.entry is not None else cell_len(self.label) + (2 if self._starred else 0) + 1
        )
        return INDENT * self.depth + max(label, LEAST_LABEL)

    def align(self, column: int) -> None:
        """Let its control begin at `column` of the form."""
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
        """What a click there is meant for: `remove`, `state`, or nothing."""
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
        """What the field sends, in a word; empty where its control says it."""
        return CHIPS[status_of(self.field)][0] if isinstance(self.edited, FieldEditor) else ""

    @property
    def notes(self) -> list[str]:
        """What stands below it."""
        return ["".join(text for text, _tone in spans) for spans in self._notes]

    def say(self, problems: Sequence[Problem], warnings: Sequence[Problem]) -> None:
        """Tell below it what is wrong."""
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
