"""`workbench new`: create a project that is ready to run."""

from __future__ import annotations

import shlex
from argparse import Namespace
from pathlib import Path

from workbench.cli.failures import FINE, USAGE, CommandError, not_found
from workbench.cli.output import say, show


def run(options: Namespace) -> int:
    """Create the project from a template; existing files are never touched."""
    from workbench.templates import TEMPLATES, make_project

    if options.template not in TEMPLATES:
        raise not_found("template", options.template, TEMPLATES)
    folder = Path(options.folder)
    try:
        made = make_project(folder, options.template)
    except FileExistsError as error:
        raise CommandError(
            USAGE, f"{error.filename or folder} already exists; choose another folder"
        ) from error
    say(f"Created {', '.join(made)}. Next: workbench {shlex.quote(str(folder))}")
    show(str(folder))
    return FINE
