"""`workbench serve`: the project itself as a server."""

from __future__ import annotations

import asyncio
import signal
from argparse import Namespace
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from workbench.cli.failures import FINE, INTERRUPTED, PROTOCOL, USAGE, CommandError
from workbench.cli.faults import end_process, faults_of, set_faults
from workbench.cli.output import say
from workbench.cli.session import project_of

if TYPE_CHECKING:
    from server_core.bus import Event
    from server_core.clock import Clock
    from server_core.faults.spec import Fault
    from server_core.server import Server


def run(options: Namespace) -> int:
    """Serve one client over stdio until it goes away, or those that come by HTTP until Ctrl-C."""
    if options.workers:
        raise CommandError(USAGE, "`workbench serve --workers` is not there yet; it serves without")
    if options.allow_host and not options.http:
        raise CommandError(USAGE, "--allow-host belongs to --http HOST:PORT: over stdio there are no hosts")
    project = project_of(options)
    faults = faults_of(options.fault or ())
    from server_core.config import build_server
    from server_core.protocol.http_addresses import AddressError, split_address

    try:
        address = split_address(options.http) if options.http else None
    except AddressError as error:
        raise CommandError(USAGE, str(error)) from error
    server = build_server(project.config, project.folder, **_clock_for(faults))
    server.bus.subscribe(_tell_failures)
    try:
        ended = asyncio.run(_serve(server, address, options.allow_host or (), faults))
    except AddressError as error:
        raise CommandError(PROTOCOL, str(error)) from error
    return INTERRUPTED if ended == signal.SIGINT else FINE


async def _serve(
    server: Server, address: tuple[str, int] | None, allowed_hosts: Sequence[str], faults: list[Fault]
) -> signal.Signals | None:
    """Serve until the client has gone, or until the signal that is returned."""
    async with AsyncExitStack() as stack:
        if faults:
            # Started here already: what the faults are on must be there to be looked up.
            from server_core.server import SETTLE_SECONDS

            await stack.enter_async_context(server.running(settle=SETTLE_SECONDS))
            set_faults(server, faults)
        if address is not None:
            return await server.serve_http(*address, allowed_hosts=allowed_hosts)
        server.protocol.hang_up = end_process
        await server.serve_stdio()
    return None


def _clock_for(faults: list[Fault]) -> dict[str, Clock]:
    """The server's own clock, but for faults, which may let it jump."""
    if not faults:
        return {}
    from server_core.clock import SystemClock
    from server_core.faults.jumping import JumpingClock

    return {"clock": JumpingClock(SystemClock())}


def _tell_failures(event: Event) -> None:
    from server_core.events import ModuleFailed, ModuleNoted

    if isinstance(event.fact, ModuleFailed):
        say(f"module {event.fact.module} failed: {event.fact.reason}")
    elif isinstance(event.fact, ModuleNoted) and event.fact.trouble:
        say(f"module {event.fact.module}: {event.fact.note}")
