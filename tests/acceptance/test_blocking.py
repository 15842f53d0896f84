"""While a tool of the user keeps the server's loop for itself: keys are answered, the screen stays whole, the
place in the code is named. The bound here tells only "at once" from "when the tool ends"; the exact one is in
`tests/benchmarks/keys.py`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.terminal import Terminal

from .driving import F5, KEYS, go, is_on, open_form, timed, wait_until_started, whole, workbench

KEY_SECONDS = 2.0

TOOLS = '''

@tool
async def block() -> str:
    """Sleeps without yielding."""
    time.sleep(600)
    return "done"


@tool
async def compute() -> int:
    """Computes in Python without yielding."""
    end, count = time.monotonic() + 600, 0
    while time.monotonic() < end:
        count += 1
    return count


@tool
async def chatter() -> str:
    """Prints without end."""
    end = time.monotonic() + 600
    while time.monotonic() < end:
        print("chatter " * 5)
    return "done"
'''


@pytest.mark.parametrize("tool", ["block", "compute", "chatter"])
def test_keys_are_answered_and_the_place_is_named_while_a_tool_blocks(
    project: Path, tmp_path: Path, tool: str
) -> None:
    source = project / "tools.py"
    source.write_text(source.read_text("utf-8") + TOOLS, "utf-8")
    with workbench(project, data=tmp_path) as terminal:
        wait_until_started(terminal)
        go(terminal, "tools")
        open_form(terminal, tool)
        terminal.send(F5)
        terminal.wait_until(lambda: blocking_line(terminal, tool) > 0, f"{tool} named with its line")
        assert blocking_line(terminal, tool) in lines_of(source, tool)
        for screen in KEYS:
            took = timed(terminal, KEYS[screen], lambda: is_on(terminal, screen), KEY_SECONDS)  # noqa: B023
            assert took is not None, f"no answer to the key of {screen}:\n{terminal.text}"
            whole(terminal)
        assert blocking_line(terminal, tool) > 0, "the tool blocks to the end of the test"


def blocking_line(terminal: Terminal, tool: str) -> int:
    """The line of tools.py that the header names as blocking; 0 while it names none."""
    found = re.search(rf"✗ {tool} tools\.py:(\d+) blocks the loop", terminal.lines[0])
    return int(found[1]) if found else 0


def lines_of(source: Path, tool: str) -> range:
    """The lines of a function of `TOOLS`, which is the end of `source`."""
    text = source.read_text("utf-8")
    start = text[: text.index(f"async def {tool}(")].count("\n") + 1
    body = text[text.index(f"async def {tool}(") :].partition("\n\n\n")[0]
    return range(start, start + body.count("\n") + 1)
