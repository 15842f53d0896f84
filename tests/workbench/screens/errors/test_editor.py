"""How each editor is told the line."""

from __future__ import annotations

import pytest

from workbench.screens.errors.editor import EditorError, editor_command


@pytest.mark.parametrize(
    ("editor", "command"),
    [
        ("vim", ["vim", "+7", "a b.py"]),
        ("/usr/bin/nano -l", ["/usr/bin/nano", "-l", "+7", "a b.py"]),
        ("emacsclient -nw", ["emacsclient", "-nw", "+7", "a b.py"]),
        ("code --wait", ["code", "--wait", "--goto", "a b.py:7"]),
        ("hx", ["hx", "a b.py:7"]),
        ("subl", ["subl", "a b.py:7"]),
        ("pycharm", ["pycharm", "--line", "7", "a b.py"]),
    ],
)
def test_the_editor_is_told_file_and_line_as_it_understands_them(editor: str, command: list[str]) -> None:
    assert editor_command("a b.py", 7, {"EDITOR": editor}) == command


def test_visual_goes_before_editor_and_without_both_it_is_said_what_to_do() -> None:
    assert editor_command("a.py", 1, {"EDITOR": "ed", "VISUAL": "vi"})[0] == "vi"
    with pytest.raises(EditorError, match="EDITOR"):
        editor_command("a.py", 1, {"EDITOR": ""})
