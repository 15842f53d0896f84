"""What fails, in a real terminal: an error with its code, the user's editor at the line, a breaker moved by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from .driving import F5, TAB, body, go, open_form, wait_until_started, whole, workbench

FAILS = '''

@tool(breaker="shelf")
async def fails() -> str:
    """Fails."""
    shelf = "B4"
    raise LookupError(f"no shelf {shelf}")
'''
EDITOR = """#!/bin/sh
echo "editing $*"
read line
echo "$line" > "$2.edited"
"""


def test_an_error_is_told_with_its_code_and_the_editor_opens_at_the_line(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(EDITOR, encoding="utf-8")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    tools = project / "tools.py"
    tools.write_text(tools.read_text("utf-8") + FAILS, "utf-8")
    line = len(tools.read_text("utf-8").splitlines())
    with workbench(project, data=tmp_path) as terminal:
        wait_until_started(terminal)
        go(terminal, "tools")
        open_form(terminal, "fails")
        terminal.send(F5)
        terminal.wait_for("✗ tool error")
        go(
            terminal, "health"
        )  # it takes no arguments: nothing has the focus that would take a digit for text
        terminal.wait_until(lambda: f"❱ {line} │" in body(terminal), "the line that raised the error")
        assert "LookupError" in body(terminal)
        assert "shelf  'B4'" in body(terminal)
        assert "● shelf" in body(terminal)
        whole(terminal)

        for _ in range(4):  # breakers, history, pools, connections, errors
            terminal.send(TAB)
        terminal.wait_for("e Edit")
        terminal.send("e")
        terminal.wait_for(f"editing +{line} {tools}")
        terminal.send("typed in the editor\r")
        edited = Path(f"{tools}.edited")
        terminal.wait_until(
            lambda: edited.exists() and edited.read_text("utf-8") == "typed in the editor\n",
            "what was typed is the editor's",
        )
        terminal.wait_until(lambda: "editing" not in terminal.text, "the screen again")
        whole(terminal)


def test_a_breaker_is_tripped_probed_and_reset_by_hand(project: Path, tmp_path: Path) -> None:
    with workbench(project, columns=80, rows=24, data=tmp_path) as terminal:
        wait_until_started(terminal)
        go(terminal, "health")
        terminal.wait_for("● shop")
        terminal.send("j" if body(terminal).index("● shop") > body(terminal).index("● supplier") else "g")
        terminal.send("t")
        terminal.wait_for("○ shop")
        terminal.wait_for("→ open")
        terminal.send("p")
        terminal.wait_for("shop: it works again, now closed")
        terminal.wait_for("● shop")
        whole(terminal)
