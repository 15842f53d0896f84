"""`workbench [DIR]`: the terminal interface."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.failures import USAGE, CommandError

if TYPE_CHECKING:
    from argparse import Namespace
    from types import SimpleNamespace


def run(options: Namespace | SimpleNamespace) -> int:
    """Open the project, or the start screen where there is none."""
    named = getattr(options, "project", None) or getattr(options, "folder", None)
    folder = Path(named or ".")
    if named is not None and not folder.exists():
        raise CommandError(USAGE, _nothing_there(str(named)))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandError(
            USAGE, "The terminal interface needs a terminal; `workbench --help` shows the other commands"
        )
    # What is imported stays alive, so collecting garbage would only delay the first paint, after which
    # the application enables the collector again.
    gc.disable()
    from workbench.app import run as run_app

    code = run_app(folder)
    atexit.register(leave_threads, code)
    return code


def leave_threads(code: int) -> None:
    """End the process now if threads are left: a server that is stuck or still starting, a check of a script. Python
    would abort it where one of them comes back from native code while the interpreter goes."""
    if threading.active_count() > 1:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _nothing_there(named: str) -> str:
    from server_core.errors import nearest
    from workbench.cli.parser import COMMANDS

    near = nearest(named, COMMANDS)
    if near and "/" not in named:
        return f"There is no command and no folder {named!r}; did you mean {' or '.join(near)}?"
    return f"There is no {named}; `workbench new {named}` creates a project there"
