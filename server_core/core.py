"""The services that all parts of a server share. Hosts, requests and protocol take a `Core`, never the `Server`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcp.server.subscriptions import SubscriptionBus

from .background import BackgroundTasks
from .breakers import BreakerRegistry
from .bus import EventBus
from .cache import ResourceCache
from .clock import Clock, SystemClock
from .ledger import RequestLedger
from .lifespan import Lifespan, LifespanFactory
from .pipeline import Pipeline
from .protocol.connections import ClientTable
from .protocol.notices import ChangeNotices
from .registry import Registry
from .reporting import ErrorReporter
from .settings import BreakerSettings, CacheSettings, LimitSettings
from .stages.caching import CacheStage
from .stages.guarding import BreakerStage
from .stages.limiting import TimeLimitStage
from .stages.results import ResultStage
from .workers import WorkerThreads


@dataclass(frozen=True, slots=True)
class Identity:
    """How a server identifies itself to its clients."""

    name: str
    version: str = "0.1.0"
    title: str | None = None
    description: str | None = None
    instructions: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """The shared services of one server. Independent of module hosts and transports.

    Attributes:
        base: the folder that modules' relative paths are resolved against.
        development: whether clients see the text and traceback of unexpected errors.
        background: tasks that run until the server stops.
        lifespan: what the server's user keeps open while it runs.
        workers: threads for synchronous functions.
    """

    identity: Identity
    base: Path
    development: bool
    clock: Clock
    bus: EventBus
    limits: LimitSettings
    cache: ResourceCache
    breakers: BreakerRegistry
    registry: Registry
    reporter: ErrorReporter
    ledger: RequestLedger
    pipeline: Pipeline
    clients: ClientTable
    notices: ChangeNotices
    background: BackgroundTasks
    lifespan: Lifespan
    workers: WorkerThreads


def make_core(
    identity: Identity,
    *,
    base: str | Path | None = None,
    cache: CacheSettings | None = None,
    limits: LimitSettings | None = None,
    breaker: BreakerSettings | None = None,
    development: bool = False,
    clock: Clock | None = None,
    bus: EventBus | None = None,
    subscriptions: SubscriptionBus | None = None,
    lifespan: LifespanFactory | None = None,
) -> Core:
    """Wire up a server's services; the arguments are those of `Server`."""
    clock = clock or SystemClock()
    bus = bus or EventBus(clock)
    limits = limits or LimitSettings()
    registry = Registry()
    resources = ResourceCache(cache or CacheSettings(), clock=clock, bus=bus)
    breakers = BreakerRegistry(breaker or BreakerSettings(), clock=clock, bus=bus)
    reporter = ErrorReporter(bus, clock, keeps_frames=development)
    ledger = RequestLedger(bus, clock, reporter, development=development)
    clients = ClientTable(bus)
    background = BackgroundTasks()
    time_limit = TimeLimitStage(limits, clock)
    stages = (CacheStage(resources, clock), ResultStage(limits), BreakerStage(breakers), time_limit)
    return Core(
        identity=identity,
        base=Path(base or ".").absolute(),
        development=development,
        clock=clock,
        bus=bus,
        limits=limits,
        cache=resources,
        breakers=breakers,
        registry=registry,
        reporter=reporter,
        ledger=ledger,
        pipeline=Pipeline(registry, ledger, limits, time_limit, stages),
        clients=clients,
        notices=ChangeNotices(clients, bus, background.spawn, subscriptions),
        background=background,
        lifespan=Lifespan(lifespan),
        workers=WorkerThreads(),
    )
