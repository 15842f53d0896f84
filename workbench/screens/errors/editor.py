"""The user's own editor, at a line of a file."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.app import WorkbenchApp

WITH_COLON = frozenset({"subl", "zed", "hx", "helix", "micro", "mate", "lapce"})
WITH_GOTO = frozenset({"code", "code-insiders", "codium", "vscodium", "cursor", "windsurf"})
WITH_LINE = frozenset({"idea", "pycharm", "charm", "webstorm", "kate", "gedit"})
WINDOWED = WITH_GOTO | WITH_LINE | frozenset({"subl", "zed", "mate", "lapce", "gvim", "notepad"})
"""Editors with a window of their own: the terminal stays ours."""

UNSET = "No editor is set: say which in $VISUAL or $EDITOR, as in `export EDITOR=vim`, and start the workbench again."


class EditorError(Exception):
    """There is no editor, or it can't be started; the text says what to do."""


def editor_command(file: str, line: int, environment: dict[str, str]) -> list[str]:
    """The command that opens `file` at `line` in the editor that `environment` names.

    Raises:
        EditorError: it names none.
    """
    words = shlex.split(environment.get("VISUAL") or environment.get("EDITOR") or "")
    if not words:
        raise EditorError(UNSET)
    name = editor_name(words)
    if name in WITH_GOTO:
        return [*words, "--goto", f"{file}:{line}"]
    if name in WITH_COLON:
        return [*words, f"{file}:{line}"]
    if name in WITH_LINE:
        return [*words, "--line", str(line), file]
    if name == "notepad":
        return [*words, file]
    return [*words, f"+{line}", file]  # vi, nano, emacs, kakoune, joe, and whoever follows them


def editor_name(words: list[str]) -> str:
    """The editor's name without its folder and ending."""
    return Path(words[0].replace("\\", "/")).name.removesuffix(".exe").removesuffix(".cmd")


def edit(app: WorkbenchApp, file: str, line: int) -> None:
    """Open the user's editor; in the terminal it has the screen until it is closed. What goes wrong is told."""
    try:
        _edit(app, file, line)
    except EditorError as error:
        app.notify(str(error), severity="error", markup=False)


def _edit(app: WorkbenchApp, file: str, line: int) -> None:
    from textual.app import SuspendNotSupported

    if not os.path.isfile(file):
        raise EditorError(f"{file} is not there (any more)")
    command = editor_command(file, line, dict(os.environ))
    try:
        if editor_name(command) in WINDOWED:
            nothing = subprocess.DEVNULL
            subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)
            return
        with app.suspend(), app.released():
            code = subprocess.call(command)
    except OSError as error:
        raise EditorError(
            f"{command[0]} can't be started: {error.strerror}; correct $VISUAL or $EDITOR"
        ) from error
    except SuspendNotSupported:
        raise EditorError(
            f"Here the screen can't be given to {command[0]}; use an editor with a window"
        ) from None
    if code:
        raise EditorError(f"{command[0]} ended with status {code}")
