"""Copying: to the clipboard by a program where there is one, else by the terminal, and what is true of it.

A terminal never answers whether it took the text (OSC 52), so that is not called copied.
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
"""More than a megabyte in base64, and tmux and others drop it in silence."""


def copy(widget: Widget, text: str) -> None:
    """Copy `text` as it is, and say how; only halves of characters, which can't be encoded, become `?`."""
    widget.app.run_worker(_copy(widget.app, text.encode("utf-8", "replace")), name="copy", group="copy")


async def _copy(app: App[Any], data: bytes) -> None:
    text, amount = data.decode(), size(len(data))
    fits = len(data) <= MOST_TERMINAL_BYTES
    if fits:
        app.copy_to_clipboard(text)
    program = await asyncio.to_thread(_copied_with, data)
    if not (program or fits):
        app.notify(
            f"Not copied: {amount}, and a terminal takes {size(MOST_TERMINAL_BYTES)} at most. "
            "Install wl-copy, xclip or xsel.",
            severity="warning",
        )
        return
    done = f"Copied {amount} with {program}" if program else f"Sent {amount} to the terminal's clipboard"
    hidden = await asyncio.to_thread(MARKED.search, text)
    app.notify(f"{done}, with invisible or control characters in it" if hidden else done, markup=False)


def _copied_with(data: bytes) -> str:
    """The first program that took the text; empty if there is none. Blocks."""
    for command in clipboard_programs(os.environ):
        try:
            # Some stay behind to serve the clipboard: they must not keep a pipe open that somebody waits for.
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
    """The commands that reach the clipboard of whoever sits before this terminal, the most direct first."""
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
