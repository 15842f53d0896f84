"""The tree of resources, with its filter."""

from __future__ import annotations

from collections.abc import Callable, Collection

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from workbench.text import plural
from workbench.widgets.binding import bind
from workbench.widgets.card import set_panel_title
from workbench.widgets.filterline import FilterLine
from workbench.widgets.header import FAULT_SIGN
from workbench.widgets.outline import Outline
from workbench.widgets.spans import Line, Span, line, spread

from .changes import Mark
from .keys import TREE
from .tree import ResourceTree, TreeRow

MARKS: dict[Mark | None, Span] = {
    "added": Span("+ ", "ok"),
    "modified": Span("~ ", "warn"),
    None: Span("  "),
}
ROOMY = 60


class ResourceRows(Outline[TreeRow]):
    """The rows of the tree. `+` marks new resources, `~` modified ones, `◉` subscriptions, `◌` followed streams,
    `↯` injected faults."""

    BINDINGS = bind(*TREE)
    HELP = (
        "Resources by module and folder. Enter reads the highlighted one, or opens a template's form; space, left and "
        "right fold; y copies the URI. + marks new resources, ~ modified ones, ◉ subscriptions, "
        "◌ followed streams (F), ↯ injected faults (f)."
    )

    def __init__(self, tree: ResourceTree) -> None:
        super().__init__(empty="Loading…")
        self.forest = tree
        self.words = ""
        self.mark_of: Callable[[str], Mark | None] = lambda _uri: None
        self.subscribed: Collection[str] = ()
        self.faulty: Collection[str] = ()
        self.followed: Collection[str] = ()

    def key_of(self, row: TreeRow) -> str:
        return row.key

    def line_of(self, row: TreeRow, width: int) -> Line:
        indent = "  " * row.depth
        leaf = row.leaf
        if leaf is None:
            sign = "▸ " if row.folded else "▾ "
            fault = f" {FAULT_SIGN}" if not row.depth and row.name in self.faulty else ""
            count = Span(f"  {row.leaves}", "dim")
            return line(indent, Span(sign, "dim"), Span(row.name), count, Span(fault, "warn"))
        mark = self.mark_of(row.key)
        tone = MARKS[mark].tone
        name = Span(row.name, tone or ("accent" if leaf.kind == "template" else ""))
        left = line(indent, MARKS[mark], name)
        aside = [Span("◉ ", "accent")] if row.key in self.subscribed else []
        if row.key in self.faulty or leaf.owner.module in self.faulty:
            aside.insert(0, Span(f"{FAULT_SIGN} ", "warn"))
        if row.key in self.followed:
            aside.append(Span("◌ ", "accent"))
        if width >= ROOMY:
            aside.append(Span(leaf.mime, "dim"))
        return spread(left, tuple(aside), width)

    # -- folding

    def reveal(self, *, first: bool = False) -> None:
        """Show the rows as currently folded; with `first`, highlight the first resource."""
        rows = self.forest.rows(self.words)
        leaf = next((row.key for row in rows if row.leaf is not None), None) if first else None
        self.set_rows(rows, leaf)

    def _fold(self, folded: bool) -> None:
        row = self.current
        if row is not None and row.leaf is None and row.folded is not folded:
            self.forest.fold(row.key, folded)
            self.reveal()

    def action_open(self) -> None:
        row = self.current
        if row is not None and row.leaf is None:
            self._fold(not row.folded)
        else:
            super().action_open()

    def action_fold(self) -> None:
        row = self.current
        if row is not None and row.leaf is None:
            self._fold(not row.folded)

    def action_unfold(self) -> None:
        row = self.current
        if row is not None and row.leaf is None and not row.folded:
            self.action_move(1)
        else:
            self._fold(False)

    def action_close(self) -> None:
        row = self.current
        if row is not None and row.leaf is None and not row.folded:
            self._fold(True)
        elif row is not None:
            above = range(self.cursor - 1, -1, -1)
            self.cursor = next((place for place in above if self.rows[place].depth < row.depth), self.cursor)


class ResourceList(Vertical):
    """The tree in its panel."""

    def __init__(self, tree: ResourceTree) -> None:
        super().__init__(id="list", classes="panel")
        self.forest = tree

    def compose(self) -> ComposeResult:
        yield FilterLine(placeholder="/ filter", compact=True)
        yield ResourceRows(self.forest)

    def on_mount(self) -> None:
        set_panel_title(self, "Resources")

    @property
    def rows(self) -> ResourceRows:
        return self.query_one(ResourceRows)

    def show(self) -> None:
        """Show the current tree."""
        leaves = self.forest.leaves.values()
        templates = sum(leaf.kind == "template" for leaf in leaves)
        subscribed = len(self.rows.subscribed)
        aside = [plural(templates, "template")] if templates else []
        aside += [f"{subscribed} ◉"] if subscribed else []
        set_panel_title(self, plural(len(leaves) - templates, "resource"), "  ".join(aside))
        words = self.query_one(FilterLine).value
        self.rows.words = words
        self.rows.empty = (
            f"No matches for {words!r}."
            if words
            else "No resources yet. Add a files or\ndatabase module to server.toml."
        )
        self.rows.reveal(first=bool(words))

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self.show()

    @on(FilterLine.Left)
    def _left(self, event: FilterLine.Left) -> None:
        event.stop()
        self.rows.focus()
