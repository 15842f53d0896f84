"""`workbench export`: export the server as a standalone script."""

from __future__ import annotations

import asyncio
import logging
from argparse import Namespace
from pathlib import Path

from workbench.cli.failures import FAILED, FINE
from workbench.cli.output import say, show
from workbench.cli.session import project_of


def run(options: Namespace) -> int:
    """Write the script, and with --check verify that it behaves like the project."""
    from workbench.exporter import check_script, export_script

    project = project_of(options)
    path = Path(options.output)
    export = export_script(project, path, force=options.force, thin=options.thin)
    for note in export.notes:
        say(note)
    show(str(path))
    if not options.check:
        return FINE
    # The check makes tools raise errors and compares them; their tracebacks would bury the report.
    logging.getLogger("server_core").addHandler(logging.NullHandler())
    report = asyncio.run(check_script(project, path))
    for line in report.lines():
        say(line)
    return FINE if report.ok else FAILED
