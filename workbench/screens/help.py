"""Help for the focused widget: what it is, and every key that works there."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from workbench.actions import GO, HELP, LIST
from workbench.screens.dialog import Dialog
from workbench.text import fit
from workbench.widgets.binding import Active, active_actions, bind
from workbench.widgets.card import set_panel_title
from workbench.widgets.keyline import KeyLine
from workbench.widgets.painting import as_content
from workbench.widgets.reading import Reading
from workbench.widgets.spans import Line, Span

KEY_CELLS = 16
HEADINGS = ("Here", "On this screen", "In lists", "Everywhere")
NOTE = "Select text with the mouse to copy it; hold shift for the terminal's own selection."


class HelpScreen(Dialog[None]):
    """Explains the screen below it."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = bind(*HELP)

    def __init__(self, about: Screen[object]) -> None:
        super().__init__()
        self._sections = list(_sections(about))

    def compose(self) -> ComposeResult:
        with Reading(classes="panel dialog") as scroll:
            set_panel_title(scroll, "Help")
            yield Static(as_content(self._sections))
        yield KeyLine()


def _sections(screen: Screen[object]) -> Iterator[Line]:
    """Yield the help texts of the focused widget and the screen, then the keys by origin."""
    chain = [screen.focused, screen] if screen.focused is not None else [screen]
    for node in chain:
        if node is not None and node.HELP:
            yield (Span(node.HELP),)
            yield ()
    groups: dict[str, list[Line]] = {}
    for active in active_actions(screen):
        text = active.action.tooltip
        if active.action in GO:
            text = f"{active.action.title}: {text}"
        line = (Span(fit(" ".join(active.displays), KEY_CELLS), "accent"), Span(text))
        groups.setdefault(_heading(active), []).append(line)
    for heading, lines in sorted(groups.items(), key=lambda group: HEADINGS.index(group[0])):
        yield (Span(heading, "strong"),)
        yield from lines
        yield ()
    yield (Span(NOTE, "dim"),)


def _heading(active: Active) -> str:
    if active.everywhere:
        return "Everywhere"
    if active.action in LIST:
        return "In lists"
    return "On this screen" if isinstance(active.namespace, Screen) else "Here"
