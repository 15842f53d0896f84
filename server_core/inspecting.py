"""Reads a server's state for `Server.inspect()`."""

from __future__ import annotations

from collections.abc import Mapping

from .core import Core
from .host import ModuleHost
from .inspection import BreakerState, ServerState
from .stages.stage import FaultStage


def inspect_server(
    core: Core, modules: Mapping[str, ModuleHost], *, running: bool, started: float
) -> ServerState:
    """The whole state of a server, read at one moment on its loop."""
    hosts = list(modules.values())
    return ServerState(
        name=core.identity.name,
        version=core.identity.version,
        running=running,
        started=started,
        requests=core.ledger.requests,
        errors=core.ledger.errors,
        modules=tuple(host.state() for host in hosts),
        clients=core.clients.states(),
        active=core.ledger.active(),
        cache=core.cache.state(),
        breakers=_breaker_states(core, modules),
        pools=tuple(pool.state() for host in hosts for pool in host.pools),
        tasks=tuple(task for host in hosts for task in host.instance.tasks()),
        faults=tuple(
            fault
            for stage in core.pipeline.stages
            if isinstance(stage, FaultStage)
            for fault in stage.fault_states()
        ),
        failures=core.reporter.recent(),
    )


def _breaker_states(core: Core, modules: Mapping[str, ModuleHost]) -> tuple[BreakerState, ...]:
    guarded = core.registry.guarded()
    for name, host in modules.items():
        for breaker in host.breakers:
            guarded.setdefault(breaker, [f"module {name}"])
    return tuple(breaker.state(guarded.get(breaker.name, ())) for breaker in core.breakers.all())
