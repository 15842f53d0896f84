"""Driving the real application in a pseudo-terminal, by the keys that a user presses."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.terminal import Terminal
from tests.waiting import OutOfTimeError
from workbench.actions import PLACES

from .frames import faults

ENTER = "\r"
TAB = "\t"
ESCAPE = "\x1b"
F5 = "\x1b[15~"

SCREENS = {
    "overview": "─Timeline|─ Timeline",
    "tools": r"╭─ (\d+ t|T)ools|^ Tools  ",
    "resources": r"╭─ (\d+ r|R)esources|^ Resources  ",
    "tasks": "Workflow runs",
    "health": "Breakers",
    "watch": "Record and replay",
    "export": "Script",
}
"""What stands on each screen once it is there, as a pattern; by the screen's name."""

KEYS = {place.mode: place.key for place in PLACES}
"""Each screen's number key."""

START_SECONDS = 40.0

WIDE = 110
"""From so many columns on, list and form stand beside each other."""


@contextmanager
def workbench(*arguments: str | Path, columns: int = 120, rows: int = 40, data: Path) -> Iterator[Terminal]:
    """`workbench ARGUMENTS` in a terminal of that size.

    Args:
        data: a folder for what the application keeps of its user (theme, recent projects).
    """
    environment = {"XDG_DATA_HOME": str(data), "XDG_CONFIG_HOME": str(data), "XDG_CACHE_HOME": str(data)}
    command = [sys.executable, "-m", "workbench", *map(str, arguments)]
    with Terminal(command, columns=columns, rows=rows, environment=environment) as terminal:
        yield terminal


def body(terminal: Terminal) -> str:
    """The screen without header and tabs."""
    return "\n".join(terminal.lines[2:])


KEY_ATTEMPTS, KEY_SECONDS = 3, 8.0


def wait_until_started(terminal: Terminal) -> None:
    """Wait until every module of the sample runs."""
    terminal.wait_until(
        lambda: (
            "● running" in terminal.text
            and all(
                re.search(rf"● {module}\s", body(terminal))
                for module in ("shop", "docs", "jobs", "tools", "flows", "feed")
            )
        ),
        "every module running",
        START_SECONDS,
    )


def is_on(terminal: Terminal, screen: str) -> bool:
    """Whether that screen is the one in sight: its tab is the highlighted one, and its panels are there."""
    highlighted = terminal.bold(1).split()
    return (
        highlighted[:1] == [KEYS[screen]]
        and re.search(SCREENS[screen], body(terminal), re.MULTILINE) is not None
    )


def go(terminal: Terminal, screen: str) -> None:
    """Go to a screen by its number key. Keys that follow are that screen's.

    The key is pressed again where it does nothing: right after Esc a terminal makes alt and that key of the two.
    """
    for _attempt in range(KEY_ATTEMPTS):
        terminal.send(KEYS[screen])
        with contextlib.suppress(OutOfTimeError):
            terminal.wait_until(lambda: is_on(terminal, screen), f"the screen {screen}", KEY_SECONDS)
            return
    terminal.wait_until(lambda: is_on(terminal, screen), f"the screen {screen}")


def whole(terminal: Terminal, seconds: float = 15.0) -> None:
    """Wait until the screen is whole: what is on its way may be half drawn.

    Raises:
        OutOfTimeError: it does not become whole; the text has its faults.
    """
    found: list[str] = []

    def is_whole() -> bool:
        found[:] = faults(terminal.lines, terminal.screen.columns)
        return not found

    try:
        terminal.wait_until(is_whole, "a whole screen", seconds)
    except OutOfTimeError as error:
        raise OutOfTimeError("\n".join([*found, str(error)])) from None


def open_form(terminal: Terminal, name: str) -> None:
    """On the Tools screen: find a tool and go into its form."""
    terminal.send("/")
    terminal.wait_for("esc Clear")
    terminal.send(name)
    # In a narrow terminal the form is behind the list, and the tool's name in the line of the pages.
    terminal.wait_until(
        lambda: f"─ {name}  " in terminal.text or f" Tools  {name} " in terminal.text, f"{name} chosen"
    )
    terminal.send(ENTER)
    terminal.wait_until(lambda: "esc Clear" not in terminal.text, "the focus in the list")
    terminal.send(ENTER)
    terminal.wait_until(
        lambda: f"─ {name}  " in terminal.text and "⏎ Open" not in terminal.text, f"the form of {name}"
    )


def leave_form(terminal: Terminal) -> None:
    """Out of the form, where keys are text, into the list. In a narrow terminal a call does so by itself."""
    if terminal.screen.columns >= WIDE:
        # Alone: a key that followed at once would be alt and that key.
        terminal.send(ESCAPE)
        terminal.wait_for("⏎ Open")


def timed(terminal: Terminal, keys: str, condition: Callable[[], bool], seconds: float) -> float | None:
    """Milliseconds from sending `keys` to `condition`; `None` if that takes longer than `seconds`."""
    started = time.perf_counter()
    terminal.send(keys)
    while not condition():
        left = started + seconds - time.perf_counter()
        if left <= 0:
            return None
        terminal.read(left)
    return (time.perf_counter() - started) * 1000
