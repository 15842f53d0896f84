"""`workbench client-config`: the entry to paste into a client's configuration."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from workbench.cli.failures import FINE, USAGE, CommandError, not_found
from workbench.cli.output import say, show
from workbench.cli.session import project_of


def run(options: Namespace) -> int:
    """Print the entry on stdout, and where to paste it on stderr."""
    from workbench.exporter.clients import CLIENTS, client_entry

    if options.client not in CLIENTS:
        raise not_found("client", options.client, CLIENTS, listed=False)
    script = Path(options.script) if options.script else None
    if script is not None and not script.is_file():
        raise CommandError(USAGE, f"There is no {script}; `workbench export -o {script}` writes it")
    entry = client_entry(options.client, project_of(options), script)
    say(entry.where)
    show(entry.text)
    return FINE
