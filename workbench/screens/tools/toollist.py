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
"""Minimum width that has room for descriptions, in cells."""

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
    """The rows; a mark after a name shows the outcome of its last call, one before it an injected fault."""

    HELP = (
        "Tools by module, then prompts. Enter opens the form, f5 runs with the current arguments, / filters, "
        "f injects a fault; ↯ marks injected faults."
    )

    def __init__(self) -> None:
        super().__init__(empty="Loading…")
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
    """The panel with the list."""

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
        """Show `entries`."""
        self._entries = entries
        tools = sum(entry.kind == "tool" for entry in entries)
        prompts = len(entries) - tools
        set_panel_title(self, plural(tools, "tool"), plural(prompts, "prompt") if prompts else "")
        self._filter()

    def mark(self, marks: Mapping[str, str]) -> None:
        """Mark the outcomes of the last calls, or `running`, by key."""
        self.rows.marks = marks
        self.rows.refresh()

    def mark_faults(self, names: Collection[str]) -> None:
        """Mark the tools, prompts and modules with injected faults."""
        self.rows.faulty = names
        self.rows.refresh()

    @on(Input.Changed)
    def _filter(self) -> None:
        words = self.query_one(FilterLine).value
        rows = self.rows
        rows.empty = (
            f"No matches for {words!r}." if words else "No tools yet. Add a functions module\nto server.toml."
        )
        found = rows_of(self._entries, words)
        rows.set_rows(found, best_match(found, words) if words else None)

    @on(FilterLine.Left)
    def _left(self, event: FilterLine.Left) -> None:
        event.stop()
        self.rows.focus()
