"""The guard round a real Textual application in a real terminal: prints never reach the screen."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("pty", reason="pseudo-terminals are POSIX only")

from tests.terminal import Terminal

APPLICATION = """
import os, subprocess, sys, threading
from textual.app import App
from textual.widgets import Static
from workbench.engine.console import ConsoleGuard


class Guarded(App):
    BINDINGS = [("p", "print"), ("e", "edit"), ("x", "crash")]

    def __init__(self, guard):
        super().__init__()
        self.guard = guard
        self.lines = []

    def compose(self):
        yield Static("", markup=False)

    def on_ready(self):
        self.guard.cover()
        self.guard.attach(lambda fact: self.call_from_thread(self.show, fact.text))
        self.show("ready")

    def show(self, text):
        self.lines.append(text)
        self.query_one(Static).update(f"{self.size.width}x{self.size.height} " + "|".join(sorted(self.lines)))

    def action_print(self):
        threading.Thread(target=self.prints).start()

    def prints(self):
        print("printed")
        print("complained", file=sys.stderr)
        subprocess.run([sys.executable, "-c", "print('a child')"])
        os.write(2, b"from C" + bytes([10]))

    def action_edit(self):
        with self.suspend(), self.guard.released():
            subprocess.run([sys.executable, "-c", "print('EDITED', input('TYPE'))"])

    def action_crash(self):
        raise RuntimeError("it crashed")


with ConsoleGuard() as guard:
    Guarded(guard).run()
print("back on the terminal")
"""


@pytest.mark.skipif(
    "PYTEST_XDIST_WORKER" in os.environ,
    reason="needs the process's own standard streams: pytest -n 0 tests/workbench/engine/test_console_terminal.py",
)
def test_prints_reach_the_log_an_editor_the_terminal_and_a_crash_the_person(tmp_path: Path):
    with Terminal([sys.executable, "-c", APPLICATION], columns=100, rows=20) as terminal:
        terminal.wait_for("100x20 ready")
        terminal.send("p")
        terminal.wait_for("a child|complained|from C|printed|ready")
        assert [line.rstrip() for line in terminal.lines if line.strip()] == [
            "100x20 a child|complained|from C|printed|ready"
        ]
        terminal.send("e")
        terminal.wait_until(lambda: b"TYPE" in terminal.raw, "the editor on the terminal")
        terminal.send("words\n")
        terminal.wait_until(lambda: b"EDITED words" in terminal.raw, "what was typed, on the terminal")
        terminal.wait_for("a child|complained|from C|printed|ready")
        terminal.send("x")
        terminal.wait_for("back on the terminal")
        assert "it crashed" in terminal.text
        assert terminal.wait_for_end() == 0
