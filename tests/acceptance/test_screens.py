"""The application in a real terminal: what is in sight, at which size, and how it leaves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.terminal import Terminal

from .driving import (
    F5,
    KEYS,
    SCREENS,
    body,
    go,
    leave_form,
    open_form,
    wait_until_started,
    whole,
    workbench,
)

WIDE, SMALL = (120, 40), (80, 24)


def start_a_task(terminal: Terminal) -> None:
    go(terminal, "tasks")
    terminal.send("n")
    terminal.wait_for("integer, default 60")
    terminal.send(F5)
    terminal.wait_until(
        lambda: "integer, default 60" not in terminal.text and "1 running" in terminal.text,
        "the task running, and its form gone",
    )


def call_twice(terminal: Terminal) -> None:
    go(terminal, "tools")
    open_form(terminal, "find_books")
    terminal.send("harbour")
    terminal.wait_for("harbour")
    terminal.send(F5)
    terminal.wait_for("✓ ok")
    terminal.send(F5)
    terminal.wait_for("from the cache")
    leave_form(terminal)


@pytest.mark.parametrize(("columns", "rows"), [WIDE, SMALL], ids=["120x40", "80x24"])
def test_what_counts_is_in_sight_and_every_screen_is_whole(
    project: Path, tmp_path: Path, columns: int, rows: int
) -> None:
    with workbench(project, columns=columns, rows=rows, data=tmp_path) as terminal:
        wait_until_started(terminal)
        start_a_task(terminal)
        call_twice(terminal)
        go(terminal, "overview")
        see_what_counts(terminal)
        see_every_screen(terminal)
        resize_back_and_forth(terminal)
        see_what_counts(terminal)


def see_what_counts(terminal: Terminal) -> None:
    """Resources, tasks, hit rate and breakers are on the Overview, with the task and the calls of before."""
    for what, pattern in {
        "the hit rate": r"50\.0 % hits",
        "the breakers": r"● supplier  0/\d  closed",
        "the running task": r"reindex .*\d %",
        "how many resources": r"Modules  \d+ tools  \d+ resources",
        "the files": r"● docs   files +\d+ files",
        "the calls": r"Calls  \d+",
        "what happened": r"find_books",
    }.items():
        terminal.wait_until(lambda: bool(re.search(pattern, body(terminal))), what)  # noqa: B023


def see_every_screen(terminal: Terminal) -> None:
    for screen in (*SCREENS, "overview"):
        go(terminal, screen)
        whole(terminal)
        tabs, keys = terminal.lines[1], terminal.lines[-1]
        assert [number for number in KEYS.values() if f" {number} " not in tabs] == []
        assert "q Quit" in keys


def resize_back_and_forth(terminal: Terminal) -> None:
    own = (terminal.screen.columns, terminal.screen.lines)
    other = SMALL if own == WIDE else WIDE
    before = shape(terminal)
    for columns, rows in (other, own, other, own):
        terminal.resize(columns, rows)
        terminal.wait_until(lambda: "q Quit" in terminal.lines[-1], "the last line with its keys")
        whole(terminal)
    terminal.wait_until(lambda: shape(terminal) == before, "the same frame as before")


def shape(terminal: Terminal) -> list[str]:
    """The lines of the frame without what stands in them."""
    return [re.sub(r"[^─│╭╮╰╯]", " ", line) for line in terminal.lines[2:6]]


@pytest.mark.parametrize("key", ["q", "\x11"], ids=["q", "ctrl+q"])
def test_quitting_restores_the_terminal(project: Path, tmp_path: Path, key: str) -> None:
    with workbench(project, data=tmp_path) as terminal:
        wait_until_started(terminal)
        terminal.send(key)
        assert terminal.wait_for_end() == 0
        written = bytes(terminal.raw)
        for on, off in (
            (b"\x1b[?1049h", b"\x1b[?1049l"),
            (b"\x1b[?25l", b"\x1b[?25h"),
            (b"\x1b[?1000h", b"\x1b[?1000l"),
        ):
            assert written.rfind(off) > written.rfind(on) >= 0
        # Behind the alternate screen nothing is left: no late print, no traceback.
        rest = written[written.rfind(b"\x1b[?1049l") :]
        assert re.sub(rb"\x1b\[[?<>=0-9;]*[a-zA-Z]", b"", rest).strip() == b""


def test_quitting_while_a_task_runs_asks_first(project: Path, tmp_path: Path) -> None:
    with workbench(project, data=tmp_path) as terminal:
        wait_until_started(terminal)
        start_a_task(terminal)
        terminal.send("q")
        terminal.wait_for("would be stopped")
        terminal.send("n")
        terminal.wait_until(lambda: "would be stopped" not in terminal.text, "the question gone")
        terminal.send("q")
        terminal.wait_for("would be stopped")
        terminal.send("y")
        assert terminal.wait_for_end() == 0
