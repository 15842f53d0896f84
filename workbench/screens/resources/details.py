"""What is known of the chosen resource or template: lines, and a template's variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Static

from workbench.text import clean, elapsed, plural, size, span, time_of_day
from workbench.widgets.card import set_panel_title
from workbench.widgets.formview import FormView
from workbench.widgets.painting import as_content
from workbench.widgets.spans import Line, Span, line

from .changes import NoticeCount
from .tree import Leaf

if TYPE_CHECKING:
    from server_core.inspection import CacheEntryState

NAME_CELLS = 12


class Cached(NamedTuple):
    """What the cache had of a resource when it was asked, at `at` (epoch seconds)."""

    entry: CacheEntryState | None
    at: float


@dataclass(frozen=True)
class About:
    """Everything that is said of a resource.

    Attributes:
        uri: of the resource; of a template with its variables filled in, empty while it can't be.
        cached: `None` before the cache was asked.
        read_at: when it was last read here, in epoch seconds; 0 for never.
    """

    leaf: Leaf
    uri: str
    now: float
    cached: Cached | None = None
    subscribed: bool = False
    notices: NoticeCount | None = None
    changed_at: float | None = None
    read_at: float = 0.0


def about_lines(about: About) -> list[Line]:
    """What is said of a resource."""
    leaf = about.leaf
    lines = [line(Span(clean(about.uri or leaf.uri), "accent"))]
    what = [leaf.owner.module, leaf.mime, size(leaf.size) if leaf.size >= 0 else "", leaf.title]
    lines.append(line(Span("  ".join(clean(word) for word in what if word))))
    if leaf.description:
        lines.append(line(Span(clean(leaf.description).strip(), "dim")))
    lines.append(_fact("cache", _cache(about)))
    lines.append(_fact("watch", _watch(about)))
    if about.changed_at is not None:
        ago = elapsed(about.now - about.changed_at)
        changed = line(Span(f"{ago} ago", "warn"))
        if about.read_at and about.read_at < about.changed_at:
            changed = line(changed, Span(", after it was read here: r reads it again", "warn"))
        lines.append(_fact("changed", changed))
    if leaf.owner.follows:
        lines.append(_fact("stream", line(Span("F follows it: chunks show as they come", "dim"))))
    if leaf.owner.source:
        lines.append(_fact("source", line(Span(leaf.owner.source, "dim"))))
    return lines


def _fact(name: str, value: Line) -> Line:
    return (Span(f"{name:<{NAME_CELLS}}", "dim"), *value)


def _cache(about: About) -> Line:
    if not about.leaf.owner.cached:
        return line(Span("not cached", "dim"))
    if not about.uri:
        return line(Span("depends on the variables", "dim"))
    if about.cached is None:
        return line(Span("…", "dim"))
    entry, at = about.cached
    gone = about.now - at
    if entry is None or entry.ttl_left <= gone:
        return line(Span("not kept now; the next read loads it", "dim"))
    age, left = max(0.0, entry.age + gone), entry.ttl_left - gone
    return line(
        Span("kept ", "ok"),
        f"{_seconds(age)} ago, {_seconds(left)} to live, {plural(entry.hits, 'hit')}, {size(entry.size)}",
        Span("  e evicts", "dim"),
    )


def _seconds(seconds: float) -> str:
    return span(seconds) if seconds < 1 else elapsed(seconds)


def _watch(about: About) -> Line:
    notices = about.notices
    told: Line = ()
    if notices is not None:
        by = ", ".join(f"{count} by {protocol}" for protocol, count in sorted(notices.by_protocol.items()))
        told = line(f"  {plural(notices.total, 'notice')} ({by}), the last at {time_of_day(notices.last)}")
    if about.subscribed:
        return line(Span("◉ subscribed", "accent"), told or line(Span("  no notice yet", "dim")))
    return line(Span("s subscribes both clients", "dim"), told)


class SideButton(Button, can_focus=False):
    """A button for the mouse, whose key says the same."""


class ResourceDetails(Vertical):
    """The panel of the chosen resource."""

    class Wanted(Message):
        """A button was pressed; `action` is one of the screen's."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self) -> None:
        super().__init__(id="details", classes="panel")

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static(id="about", markup=False)
            yield FormView()
        with Horizontal(classes="buttons"):
            yield Button("Read r", id="read", compact=True)
            yield SideButton("Follow F", id="follow", compact=True)
            yield SideButton("", id="subscribe", compact=True)
            yield SideButton("Evict e", id="evict", compact=True)
            yield SideButton("", id="protocol", compact=True)

    @property
    def view(self) -> FormView:
        return self.query_one(FormView)

    def show_folder(self, name: str, leaves: int) -> None:
        """Say what a module or folder has; with no name, that nothing is chosen."""
        what = plural(leaves, "resource") if name else "Nothing is chosen."
        self._show(name or "Resource", "", [line(Span(what, "dim"))], leaf=False)
        self.view.display = False

    def show(self, about: About) -> None:
        """Say everything of a resource."""
        leaf = about.leaf
        self._show(
            leaf.pieces[-1], leaf.kind if leaf.kind == "template" else "", about_lines(about), leaf=True
        )
        self.view.display = leaf.kind == "template"
        button = self.query_one("#subscribe", Button)
        button.label = "Unsubscribe s" if about.subscribed else "Subscribe s"
        button.refresh(layout=True)
        self.query_one("#evict", Button).display = leaf.owner.cached
        self.query_one("#follow", Button).display = leaf.owner.follows

    def _show(self, title: str, aside: str, lines: list[Line], *, leaf: bool) -> None:
        set_panel_title(self, title, aside)
        self.query_one("#about", Static).update(as_content(lines))
        self.query_one(".buttons").display = leaf

    def show_protocol(self, protocol: str) -> None:
        """Say which revision is spoken."""
        self.query_one("#protocol", Button).label = f"{protocol} f9"

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Wanted(event.button.id or ""))
