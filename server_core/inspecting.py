"""How a server's state is read: what `Server.inspect()` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .inspection import BreakerState, ServerState

if TYPE_CHECKING:
    from .server import Server


def inspect_server(server: Server, *, running: bool, started: float) -> ServerState:
    """The whole state of `server`, read in one go on its loop."""
    hosts = list(server.modules.values())
    interference = server.pipeline.interference
    return ServerState(
        name=server.name,
        version=server.version,
        running=running,
        started=started,
        requests=server.ledger.requests,
        errors=server.ledger.errors,
        modules=tuple(host.state() for host in hosts),
        clients=server.clients.states(),
        active=server.ledger.active(),
        cache=server.cache.state(),
        breakers=_breaker_states(server),
        pools=tuple(pool.state() for host in hosts for pool in host.pools),
        tasks=tuple(task for host in hosts for task in host.instance.tasks()),
        faults=() if interference is None else interference.states(),
        failures=server.reporter.recent(),
    )


def _breaker_states(server: Server) -> tuple[BreakerState, ...]:
    guarded = server.registry.guarded()
    for name, host in server.modules.items():
        for breaker in host.breakers:
            guarded.setdefault(breaker, [f"module {name}"])
    return tuple(breaker.state(guarded.get(breaker.name, ())) for breaker in server.breakers.all())
