"""Copying to the clipboard: with a program if one is installed, else through the terminal.

A terminal never confirms that it took the text (OSC 52), so the toast says "sent", not "copied".
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.widget import Widget

from workbench.invisible import MARKED
from workbench.text import size

PROGRAM_SECONDS = 3.0
MOST_TERMINAL_BYTES = 750_000
"""tmux and others silently drop more than a megabyte of base64."""


def copy(widget: Widget, text: str) -> None:
    """Copy `text` unchanged and show how; only lone surrogates, which can't be encoded, become `?`."""
    widget.app.run_worker(_copy(widget.app, text.encode("utf-8", "replace")), name="copy", group="copy")


async def _copy(app: App[Any], data: bytes) -> None:
    text, amount = data.decode(), size(len(data))
    fits = len(data) <= MOST_TERMINAL_BYTES
    if fits:
        app.copy_to_clipboard(text)
    program = await asyncio.to_thread(_copied_with, data)
    if not (program or fits):
        app.notify(
            f"Not copied: {amount} is more than a terminal accepts ({size(MOST_TERMINAL_BYTES)}). "
            "Install wl-copy, xclip or xsel.",
            severity="warning",
        )
        return
    done = f"Copied {amount} with {program}" if program else f"Sent {amount} to the terminal's clipboard"
    hidden = await asyncio.to_thread(MARKED.search, text)
    app.notify(f"{done}, including invisible or control characters" if hidden else done, markup=False)


def _copied_with(data: bytes) -> str:
    """The first program that accepted the text; empty if there is none. Blocks."""
    for command in clipboard_programs(os.environ):
        try:
            # Some programs stay alive to serve the clipboard: don't wait on a pipe they keep open.
            subprocess.run(
                command,
                input=data,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=PROGRAM_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return command[0]
    return ""


def clipboard_programs(environment: Mapping[str, str]) -> list[list[str]]:
    """The commands that reach the clipboard of this terminal's user, most direct first."""
    commands = []
    if environment.get("WAYLAND_DISPLAY"):
        commands.append(["wl-copy"])
    if environment.get("DISPLAY"):
        commands += [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    if sys.platform == "darwin" and not environment.get("SSH_CONNECTION"):
        commands.append(["pbcopy"])
    if environment.get("TMUX"):
        commands.append(["tmux", "load-buffer", "-w", "-"])
    return [command for command in commands if shutil.which(command[0])]
