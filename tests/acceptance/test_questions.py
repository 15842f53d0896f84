"""A question of the server's, asked and answered in a real terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from .driving import ESCAPE, F5, go, leave_form, open_form, wait_until_started, workbench


@pytest.mark.parametrize(("columns", "rows"), [(120, 40), (80, 24)], ids=["120x40", "80x24"])
def test_a_tools_question_comes_up_waits_and_is_answered(
    project: Path, tmp_path: Path, columns: int, rows: int
) -> None:
    with workbench(project, columns=columns, rows=rows, data=tmp_path) as terminal:
        wait_until_started(terminal)
        go(terminal, "tools")
        open_form(terminal, "wrap")
        terminal.send("Dune")
        terminal.wait_for("Dune")
        terminal.send(F5)
        terminal.wait_for("How should I wrap it?")
        terminal.send(ESCAPE)
        terminal.wait_until(
            lambda: "How should I wrap it?" not in terminal.text and "1 question" in terminal.text,
            "the question is put off, and the header tells of it",
        )
        leave_form(terminal)
        terminal.send("a")
        terminal.wait_for("How should I wrap it?")
        terminal.send(F5)
        terminal.wait_for("Dune in stars paper and a ribbon")
        terminal.wait_until(lambda: "1 question" not in terminal.text, "nothing is asked any more")
