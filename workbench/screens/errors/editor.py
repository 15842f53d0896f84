"""Opening the user's editor at a line of a file."""

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
"""Editors with their own window, which don't need the terminal."""

UNSET = (
    "No editor is set. Set $VISUAL or $EDITOR, for example `export EDITOR=vim`, and restart the workbench."
)


class EditorError(Exception):
    """No editor is set, or it can't be started; the message says what to do."""


def editor_command(file: str, line: int, environment: dict[str, str]) -> list[str]:
    """The command that opens `file` at `line` in the editor that `environment` names.

    Raises:
        EditorError: no editor is set.
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
    return [*words, f"+{line}", file]  # vi, nano, emacs, kakoune, joe and others like them


def editor_name(words: list[str]) -> str:
    """The editor's name without its folder and extension."""
    return Path(words[0].replace("\\", "/")).name.removesuffix(".exe").removesuffix(".cmd")


def edit(app: WorkbenchApp, file: str, line: int) -> None:
    """Open the user's editor; a terminal editor gets the screen until it is closed. Errors are shown as toasts."""
    try:
        _edit(app, file, line)
    except EditorError as error:
        app.notify(str(error), severity="error", markup=False)


def _edit(app: WorkbenchApp, file: str, line: int) -> None:
    from textual.app import SuspendNotSupported

    if not os.path.isfile(file):
        raise EditorError(f"{file} does not exist")
    command = editor_command(file, line, dict(os.environ))
    try:
        if editor_name(command) in WINDOWED:
            nothing = subprocess.DEVNULL
            subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)
            return
        with app.suspend(), app.released():
            code = subprocess.call(command)
    except OSError as error:
        raise EditorError(f"Can't start {command[0]}: {error.strerror}. Check $VISUAL or $EDITOR") from error
    except SuspendNotSupported:
        raise EditorError(
            f"{command[0]} can't use this terminal; set an editor with its own window"
        ) from None
    if code:
        raise EditorError(f"{command[0]} exited with status {code}")
