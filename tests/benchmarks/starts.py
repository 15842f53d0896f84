"""How long a user waits: for the first paint and for the tools, through a real terminal."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.terminal import Terminal

from .pairs import Row, paired

LAST_OF_FRAME = "Timeline"
"""The title of the last panel, below tabs and the other panels: when it comes, the frame is there."""

EMPTY_APP = """
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("painted")

Empty().run()
"""


def painted(arguments: list[str], text: str, keys: str = "") -> float:
    """Milliseconds from the start of a program to `text` in what it draws.

    Told by the bytes: the emulator, slower than any terminal, would be measured with whoever draws more.
    """
    started = time.perf_counter()
    with Terminal(arguments) as terminal:
        if keys:
            terminal.wait_for_bytes(LAST_OF_FRAME)
            terminal.send(keys)
        terminal.wait_for_bytes(text)
        return (time.perf_counter() - started) * 1000


def _demo(folder: str) -> Path:
    from workbench.demo import make_demo

    path = Path(folder) / "demo"
    make_demo(path)
    return path


def first_paint() -> Row:
    """`workbench DIR` to its frame, tabs and empty panels, against an empty Textual app."""
    with tempfile.TemporaryDirectory() as folder:
        project = _demo(folder)
        return paired(
            "first paint of workbench DIR",
            lambda: painted([sys.executable, "-m", "workbench", str(project)], LAST_OF_FRAME),
            lambda: painted([sys.executable, "-c", EMPTY_APP], "painted"),
            bound=1.2,
            unit="ms",
            against="an empty Textual app",
        )


def tools_listed() -> Row:
    """`workbench DIR` to its tools on the screen, against `import textual, mcp`."""

    def imports() -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import textual.app, mcp"], check=True)
        return (time.perf_counter() - started) * 1000

    with tempfile.TemporaryDirectory() as folder:
        project = _demo(folder)
        return paired(
            "tools listed by workbench DIR",
            lambda: painted([sys.executable, "-m", "workbench", str(project)], "ask_supplier", keys="2"),
            imports,
            bound=1.3,
            unit="ms",
            against="import textual, mcp",
        )
