"""`workbench serve`: serve the project to clients."""

from __future__ import annotations

import asyncio
import os
import signal
from argparse import Namespace
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from workbench.cli.failures import FINE, INTERRUPTED, PROTOCOL, USAGE, CommandError
from workbench.cli.faults import end_process, faults_of, set_faults
from workbench.cli.output import say
from workbench.cli.session import project_of

if TYPE_CHECKING:
    from server_core.bus import Event
    from server_core.clock import Clock
    from server_core.config import ServerConfig
    from server_core.faults.spec import Fault
    from server_core.protocol.http import HttpOptions
    from server_core.server import Server
    from workbench.project import Project

TOKEN_VARIABLE = "WORKBENCH_TOKEN"
"""The environment variable with the bearer token that clients must send."""


def run(options: Namespace) -> int:
    """Serve one client over stdio until it disconnects, or any number over HTTP until Ctrl-C."""
    if options.workers:
        raise CommandError(USAGE, "`workbench serve --workers` is not available yet; leave it out")
    if options.http is None and (options.allow_host or options.no_auth):
        raise CommandError(USAGE, "--allow-host and --no-auth need --http HOST:PORT")
    project = project_of(options)
    faults = faults_of(options.fault or ())
    from server_core.config import build_server
    from server_core.protocol.http_access import check_access
    from server_core.protocol.http_addresses import AddressError, split_address

    http: HttpOptions = {
        "allowed_hosts": options.allow_host or (),
        "token": os.environ.get(TOKEN_VARIABLE, "").strip(),
        "no_auth": options.no_auth,
    }
    try:
        address = split_address(options.http) if options.http is not None else None
        if address is not None:
            check_access(
                address[0],
                http["token"],
                options.no_auth,
                token_name=TOKEN_VARIABLE,
                no_auth_name="--no-auth",
            )
    except AddressError as error:
        raise CommandError(USAGE, str(error)) from error
    clock = _clock_for(faults)

    def build(config: ServerConfig) -> Server:
        return build_server(config, project.folder, **clock)

    server = build(project.config)
    server.bus.subscribe(_report)

    async def serve() -> signal.Signals | None:
        following = asyncio.create_task(_follow_config(project, server, build), name="following server.toml")
        try:
            return await _serve(server, address, http, faults)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    try:
        ended = asyncio.run(serve())
    except AddressError as error:
        raise CommandError(PROTOCOL, str(error)) from error
    return INTERRUPTED if ended == signal.SIGINT else FINE


async def _serve(
    server: Server, address: tuple[str, int] | None, http: HttpOptions, faults: list[Fault]
) -> signal.Signals | None:
    """Serve until the client disconnects, or until a signal, which is returned."""
    async with AsyncExitStack() as stack:
        if faults:
            # Start it first: the targets of the faults must exist to be looked up.
            from server_core.server import SETTLE_SECONDS

            await stack.enter_async_context(server.running(settle=SETTLE_SECONDS))
            set_faults(server, faults)
        if address is not None:
            return await server.serve_http(*address, **http)
        server.protocol.hang_up = end_process
        await server.serve_stdio()
    return None


def _clock_for(faults: list[Fault]) -> dict[str, Clock]:
    """Return the clock argument for the server: with faults, a clock that can jump."""
    if not faults:
        return {}
    from server_core.clock import SystemClock
    from server_core.faults.jumping import JumpingClock

    return {"clock": JumpingClock(SystemClock())}


async def _follow_config(project: Project, server: Server, build: Callable[[ServerConfig], Server]) -> None:
    """Apply server.toml, module by module, whenever it is saved."""
    from server_core.clock import SystemClock
    from workbench.engine.config_file import ConfigFollower
    from workbench.engine.live_config import LiveConfig

    live = LiveConfig(project.config, server=lambda: server, build=build, bus=server.bus)
    await ConfigFollower(project, lambda: live.config, live.apply, server.bus.emit, SystemClock()).follow()


def _report(event: Event) -> None:
    """Report on stderr what an operator of the server should know."""
    from server_core.events import FunctionsReloaded, ModuleFailed, ModuleNoted
    from workbench.facts import ConfigApplied, ConfigRejected

    match event.fact:
        case ModuleFailed(module=module, reason=reason):
            say(f"module {module} failed: {reason}")
        case ModuleNoted(module=module, note=note, trouble=True):
            say(f"module {module}: {note}")
        case FunctionsReloaded(module=module, path=file, added=added, removed=removed, changed=changed):
            marked = [
                *(f"+{name}" for name in added),
                *(f"-{name}" for name in removed),
                *(f"~{name}" for name in changed),
            ]
            say(f"module {module}: {file} reloaded{': ' if marked else ''}{', '.join(marked)}")
        case ConfigApplied(modules=modules) if modules:
            say(f"server.toml applied: {', '.join(modules)}")
        case ConfigRejected(reason=reason):
            say(f"{reason}; the previous config stays in use")
