"""Help for what has the focus: what it is, and every key that works there."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from workbench.actions import HELP, LIST, REGISTRY
from workbench.text import fit
from workbench.widgets.binding import bind
from workbench.widgets.card import set_panel_title
from workbench.widgets.keyline import KeyLine
from workbench.widgets.painting import as_content
from workbench.widgets.spans import Line, Span

KEY_CELLS = 16
NOTE = "Copy text with the mouse: hold shift to use the terminal's own selection."


class HelpScreen(ModalScreen[None]):
    """Explains the screen that it was opened on."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = bind(*HELP)

    def __init__(self, about: Screen[object]) -> None:
        super().__init__()
        self._sections = list(_sections(about))

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="panel dialog") as scroll:
            set_panel_title(scroll, "Help")
            yield Static(as_content(self._sections))
        yield KeyLine()


def _sections(screen: Screen[object]) -> Iterator[Line]:
    """What the focused widget and the screen say of themselves, and the keys by where they come from."""
    chain = [screen.focused, screen] if screen.focused is not None else [screen]
    for node in chain:
        if node is not None and node.HELP:
            yield (Span(node.HELP),)
            yield ()
    keys: dict[tuple[str, str], list[str]] = {}
    for namespace, binding, enabled, _tooltip in screen.active_bindings.values():
        if enabled and binding.id in REGISTRY:
            place = (_heading(namespace, REGISTRY[binding.id].group), binding.id)
            keys.setdefault(place, []).append(screen.app.get_key_display(binding))
    groups: dict[str, list[Line]] = {}
    for (heading, name), shown in keys.items():
        line = (Span(fit(" ".join(shown), KEY_CELLS), "accent"), Span(REGISTRY[name].tooltip))
        groups.setdefault(heading, []).append(line)
    for heading, lines in groups.items():
        yield (Span(heading, "strong"),)
        yield from lines
        yield ()
    yield (Span(NOTE, "dim"),)


def _heading(namespace: object, group: str) -> str:
    if isinstance(namespace, App):
        return "Everywhere"
    if group == LIST[0].group:
        return "In lists"
    return "On this screen" if isinstance(namespace, Screen) else "Here"
