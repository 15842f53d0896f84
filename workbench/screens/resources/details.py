"""Details of the selected resource or template, with a template's variables."""

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
    """A resource's cache entry as of `at` (epoch seconds)."""

    entry: CacheEntryState | None
    at: float


@dataclass(frozen=True)
class About:
    """The details of a resource.

    Attributes:
        uri: the resource's URI; for a template, the expanded URI, empty while variables are missing.
        cached: `None` before the cache lookup.
        read_at: when it was last read here, in epoch seconds; 0 if never.
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
    """The details of a resource, as lines."""
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
            changed = line(changed, Span(", since you read it; press r to read it again", "warn"))
        lines.append(_fact("changed", changed))
    if leaf.owner.follows:
        lines.append(_fact("stream", line(Span("press F to follow it", "dim"))))
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
        return line(Span("not in the cache; the next read adds it", "dim"))
    age, left = max(0.0, entry.age + gone), entry.ttl_left - gone
    return line(
        Span("cached ", "ok"),
        f"{_seconds(age)} ago, expires in {_seconds(left)}, {plural(entry.hits, 'hit')}, {size(entry.size)}",
        Span("  e to evict", "dim"),
    )


def _seconds(seconds: float) -> str:
    return span(seconds) if seconds < 1 else elapsed(seconds)


def _watch(about: About) -> Line:
    notices = about.notices
    told: Line = ()
    if notices is not None:
        by = ", ".join(f"{count} by {protocol}" for protocol, count in sorted(notices.by_protocol.items()))
        told = line(f"  {plural(notices.total, 'notification')} ({by}), last at {time_of_day(notices.last)}")
    if about.subscribed:
        return line(Span("◉ subscribed", "accent"), told or line(Span("  no notifications yet", "dim")))
    return line(Span("press s to subscribe both clients", "dim"), told)


class SideButton(Button, can_focus=False):
    """A button for the mouse, labelled with its key."""


class ResourceDetails(Vertical):
    """The panel of the selected resource."""

    class Wanted(Message):
        """A button was pressed; `action` is a screen action."""

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
        """Show how many resources a module or folder has; without a name, that nothing is selected."""
        what = plural(leaves, "resource") if name else "Nothing selected."
        self._show(name or "Resource", "", [line(Span(what, "dim"))], leaf=False)
        self.view.display = False

    def show(self, about: About) -> None:
        """Show a resource's details."""
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
        """Show the protocol revision in use."""
        self.query_one("#protocol", Button).label = f"{protocol} f9"

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Wanted(event.button.id or ""))
