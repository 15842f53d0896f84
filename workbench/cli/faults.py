"""Injected faults on the command line: parsed, set on a server, and reported on stderr."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from workbench.cli.failures import NOT_FOUND, PROTOCOL, USAGE, CommandError
from workbench.cli.output import say

if TYPE_CHECKING:
    from server_core.bus import Event
    from server_core.faults.spec import Fault
    from server_core.server import Server


def faults_of(texts: Iterable[str]) -> list[Fault]:
    """Parse the faults given on the command line.

    Raises:
        CommandError: One is not a valid fault.
    """
    from server_core.faults.spec import FaultSpecError, parse_fault

    try:
        return [parse_fault(text) for text in texts]
    except FaultSpecError as error:
        raise CommandError(USAGE, f"--fault {error}") from error


def set_faults(server: Server, faults: Iterable[Fault]) -> None:
    """Set `faults` on a running server that has a `JumpingClock`, and report their effects on stderr.

    Raises:
        CommandError: The server has nothing with the name in a fault.
    """
    from server_core.faults.injector import FaultInjector
    from server_core.faults.spec import FaultSpecError

    injector = FaultInjector(server.core)
    try:
        for fault in faults:
            if fault.name:
                injector.check_name(fault.name)
    except FaultSpecError as error:
        raise CommandError(NOT_FOUND, f"--fault: {error}") from error
    server.bus.subscribe(_report_fault)
    for fault in faults:
        injector.set(fault)


def end_process() -> None:
    """Break the connection of a stdio server: exit as if it had crashed."""
    say("injected fault: dropping the connection by ending this process")
    os._exit(PROTOCOL)


def _report_fault(event: Event) -> None:
    from server_core.events import ClockJumped, FaultActed, FaultSet, FaultUsedUp

    fact = event.fact
    if isinstance(fact, FaultSet):
        say(f"injected fault: {fact.name}={fact.how}")
    elif isinstance(fact, FaultActed):
        of = "" if fact.left is None else f" of {fact.acted + fact.left}"
        say(f"fault on {fact.name}: {fact.target} {fact.effect} ({fact.acted}{of})")
    elif isinstance(fact, FaultUsedUp):
        say(f"fault on {fact.name}: {fact.kind} is used up")
    elif isinstance(fact, ClockJumped):
        say(f"the server's clock jumped by {fact.seconds:+g} s")
