"""`workbench serve`: the project itself as a server."""

from __future__ import annotations

from argparse import Namespace

from workbench.cli.failures import FINE, USAGE, CommandError
from workbench.cli.session import project_of


def run(options: Namespace) -> int:
    """Serve over stdio until the client goes away."""
    for word in ("http", "workers", "fault"):
        if getattr(options, word):
            raise CommandError(
                USAGE, f"`workbench serve --{word}` is not there yet; without it, it serves over stdio"
            )
    project = project_of(options)
    from server_core.config import build_server

    build_server(project.config, project.folder).run()
    return FINE
