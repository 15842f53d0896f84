"""Large results in the real application: the first page soon, and keys answered meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from .driving import F5, KEYS, go, open_form, timed, wait_until_started, workbench

FIRST_PAGE_MS = 3_000
"""From the call's end; a tenth of it on a machine of one's own."""

TOOLS = '''

@tool
async def small() -> list[dict[str, int]]:
    """Answers 20,000 small objects."""
    return [{"id": number, "value": number * 7} for number in range(20_000)]

@tool
async def one_line() -> str:
    """Answers one line of 1.5 MB."""
    return "word " * 300_000
'''


@pytest.mark.parametrize(("tool", "first"), [("small", '"id": 0'), ("one_line", "word word word")])
def test_the_first_page_of_a_large_result_comes_at_once(
    project: Path, tmp_path: Path, tool: str, first: str
) -> None:
    tools = project / "tools.py"
    tools.write_text(tools.read_text("utf-8") + TOOLS, "utf-8")
    with workbench(project, data=tmp_path) as terminal:
        wait_until_started(terminal)
        go(terminal, "tools")
        open_form(terminal, tool)
        terminal.send(F5)
        terminal.wait_until(lambda: "✓ ok" in terminal.text, "the answer", 60)
        shown = timed(terminal, "", lambda: first in terminal.text, FIRST_PAGE_MS / 1000)
        assert shown is not None, terminal.text
        print(f"first page of {tool} after {shown:.0f} ms")
        overview = timed(terminal, KEYS["overview"], lambda: "Timeline" in terminal.text, 5.0)
        assert overview is not None
        print(f"a key was answered after {overview:.0f} ms")
