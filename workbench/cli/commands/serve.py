"""`workbench serve`: the project itself as a server."""

from __future__ import annotations

import asyncio
import signal
from argparse import Namespace
from typing import TYPE_CHECKING

from workbench.cli.failures import FINE, INTERRUPTED, PROTOCOL, USAGE, CommandError
from workbench.cli.output import say
from workbench.cli.session import project_of

if TYPE_CHECKING:
    from server_core.bus import Event


def run(options: Namespace) -> int:
    """Serve one client over stdio until it goes away, or those that come by HTTP until Ctrl-C."""
    for word in ("workers", "fault"):
        if getattr(options, word):
            raise CommandError(USAGE, f"`workbench serve --{word}` is not there yet; it serves without")
    if options.allow_host and not options.http:
        raise CommandError(USAGE, "--allow-host belongs to --http HOST:PORT: over stdio there are no hosts")
    project = project_of(options)
    from server_core.config import build_server
    from server_core.protocol.http_addresses import AddressError, split_address

    try:
        address = split_address(options.http) if options.http else None
    except AddressError as error:
        raise CommandError(USAGE, str(error)) from error
    server = build_server(project.config, project.folder)
    server.bus.subscribe(_tell_failures)
    if address is None:
        server.run()
        return FINE
    try:
        ended = asyncio.run(server.serve_http(*address, allowed_hosts=options.allow_host or ()))
    except AddressError as error:
        raise CommandError(PROTOCOL, str(error)) from error
    return INTERRUPTED if ended == signal.SIGINT else FINE


def _tell_failures(event: Event) -> None:
    from server_core.events import ModuleFailed

    if isinstance(event.fact, ModuleFailed):
        say(f"module {event.fact.module} failed: {event.fact.reason}")
