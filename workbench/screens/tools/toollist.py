"""The list of tools and prompts, with its filter."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from workbench.text import fit, plural
from workbench.widgets.card import set_panel_title
from workbench.widgets.filterline import FilterLine
from workbench.widgets.header import FAULT_SIGN
from workbench.widgets.outline import Outline
from workbench.widgets.spans import Line, Span, line, spread

from .entries import Entry, ListRow, best_match, rows_of

ROOMY = 60
"""From how many cells on there is room for what an entry is for."""

NAME_CELLS = 28

MARKS: dict[str, Span] = {
    "ok": Span("✓", "ok"),
    "tool_error": Span("✗", "bad"),
    "error": Span("✗", "bad"),
    "timeout": Span("✗", "bad"),
    "cancelled": Span("■", "warn"),
    "running": Span("◌", "accent"),
}


class EntryRows(Outline[ListRow]):
    """The rows; a mark after a name tells how its last call went, one before it that a fault is set on it."""

    HELP = (
        "Tools by module, then prompts. Enter goes into the form, f5 runs with the arguments as they are, / filters, "
        "f lets one fail on purpose; ↯ marks what does."
    )

    def __init__(self) -> None:
        super().__init__(empty="The server is asked for them…")
        self.marks: Mapping[str, str] = {}
        self.faulty: Collection[str] = ()

    def key_of(self, row: ListRow) -> str:
        return row.key

    def is_heading(self, row: ListRow) -> bool:
        return row.entry is None

    def line_of(self, row: ListRow, width: int) -> Line:
        entry = row.entry
        if entry is None:
            fault = f" {FAULT_SIGN}" if row.heading in self.faulty else ""
            return line(Span(row.heading, "dim"), Span(f" {row.size}", "dim"), Span(fault, "warn"))
        mark = MARKS.get(self.marks.get(row.key, ""), Span(" "))
        faulty = entry.name in self.faulty or entry.owner.module in self.faulty
        sign = Span(f"{FAULT_SIGN} ", "warn") if faulty else Span("  ")
        left = line(sign, entry.name)
        if width >= ROOMY:
            name = fit(entry.name, NAME_CELLS - 2)
            left = line(sign, name, Span(f" {entry.title or entry.description}", "dim"))
        return spread(left, line(mark), width)


class ToolList(Vertical):
    """The list in its panel."""

    def __init__(self) -> None:
        super().__init__(id="list", classes="panel")
        self._entries: Sequence[Entry] = ()

    def compose(self) -> ComposeResult:
        yield FilterLine(placeholder="/ filter", compact=True)
        yield EntryRows()

    def on_mount(self) -> None:
        set_panel_title(self, "Tools")

    @property
    def rows(self) -> EntryRows:
        return self.query_one(EntryRows)

    def show(self, entries: Sequence[Entry]) -> None:
        """List `entries`."""
        self._entries = entries
        tools = sum(entry.kind == "tool" for entry in entries)
        prompts = len(entries) - tools
        set_panel_title(self, plural(tools, "tool"), plural(prompts, "prompt") if prompts else "")
        self._filter()

    def mark(self, marks: Mapping[str, str]) -> None:
        """Show how the last calls went: outcomes, or `running`, by key."""
        self.rows.marks = marks
        self.rows.refresh()

    def mark_faults(self, names: Collection[str]) -> None:
        """Show on which tools, prompts and modules there is a fault on purpose."""
        self.rows.faulty = names
        self.rows.refresh()

    @on(Input.Changed)
    def _filter(self) -> None:
        words = self.query_one(FilterLine).value
        rows = self.rows
        rows.empty = (
            f"Nothing has {words!r}." if words else "No tools yet: a module that offers some\nbrings them."
        )
        found = rows_of(self._entries, words)
        rows.set_rows(found, best_match(found, words) if words else None)

    @on(FilterLine.Left)
    def _left(self, event: FilterLine.Left) -> None:
        event.stop()
        self.rows.focus()
