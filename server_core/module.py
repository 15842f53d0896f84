"""The base class of every module, and the context that it is started with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from mcp.types import CallToolResult, InputRequiredResult

from .breaker import CircuitBreaker
from .bus import EventBus
from .cache import ResourceCache
from .clock import Clock
from .inspection import TaskState
from .items import Contents, Offer, ResourceItem, TakePiece, ToolItem
from .request import Request
from .settings import BreakerSettings, LimitSettings

if TYPE_CHECKING:
    from .pool import ConnectionPool
    from .stages.stage import Stage

T = TypeVar("T")


class ModuleContext(Protocol):
    """The running server, as seen by one of its modules. Use on the server's loop, except where noted."""

    module: str
    base: Path
    """The folder that the module's relative paths are resolved against."""
    bus: EventBus
    clock: Clock
    cache: ResourceCache
    limits: LimitSettings
    development: bool

    @property
    def lifespan(self) -> Any:
        """The value of the server's `lifespan`; `None` without one."""
        ...

    def offer(self, offer: Offer) -> None:
        """Offer exactly these items from now on. Inside `start`, it takes effect when `start` returns.

        Raises:
            ModuleStartError: another module already offers a name or URI; the text suggests a `prefix`.
        """
        ...

    def change_resources(self, added: Sequence[ResourceItem], removed: Sequence[str]) -> None:
        """Add or replace these resources and remove those URIs; `publish` notifies clients."""
        ...

    async def publish(
        self,
        *,
        updated: Iterable[str] = (),
        resources: bool = False,
        tools: bool = False,
        prompts: bool = False,
    ) -> None:
        """Notify subscribed clients: of each URI in `updated` once, in order, then of each changed list once.

        Cache entries for the URIs, including variants with a query, are dropped first.
        """
        ...

    def invalidate(self, *tags: str) -> None:
        """Drop cached reads of these URIs, including variants with a query; without URIs, those of the whole module."""
        ...

    def breaker(self, name: str, settings: BreakerSettings | None = None) -> CircuitBreaker:
        """Return the breaker of something that can fail, created on first use; items refer to it by `breaker`."""
        ...

    def add_pool(self, pool: ConnectionPool[Any]) -> None:
        """Show a pool in `inspect()` until this module stops; the module opens and closes it itself."""
        ...

    def add_stage(self, stage: Stage, *, before: str = "handler") -> None:
        """Pass every request through `stage`, just before the stage `before`, until this module stops.

        Raises:
            ValueError: there is no stage with that name.
        """
        ...

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        """Run `coroutine` until it ends or the module stops; a failure is reported and marks the module failed."""
        ...

    async def run_sync(self, function: Callable[[], T]) -> T:
        """Run a blocking function on a daemon worker thread. It finishes even if the caller is cancelled."""
        ...

    async def call_tool(
        self, request: Request, name: str, arguments: dict[str, Any]
    ) -> CallToolResult | InputRequiredResult:
        """Call any module's tool through the whole pipeline, as the nested request `request`."""
        ...

    async def read(self, request: Request, uri: str) -> Contents:
        """Read any module's resource through the whole pipeline, as the nested request `request`."""
        ...

    async def follow(self, request: Request, uri: str, take: TakePiece) -> None:
        """Deliver the pieces of any module's stream as they arrive, as the nested request `request`."""
        ...

    def tools(self) -> Mapping[str, ToolItem]:
        """All modules' tools by name, at this moment."""
        ...

    def resources(self) -> Mapping[str, ResourceItem]:
        """All modules' listed resources by URI, at this moment."""
        ...

    def note(self, text: str, *, trouble: bool = False) -> None:
        """Set the short note shown beside the module's name ("3 tables"); with `trouble` it is shown everywhere."""
        ...

    def report(self, error: BaseException, where: str) -> str:
        """Report an unexpected error to log, bus and monitoring hook; returns its reference."""
        ...


@dataclass(frozen=True, slots=True)
class ModuleProblem:
    """A problem with part of a running module, in one line.

    Attributes:
        source: the `file:line` of the user's code that it concerns.
        path: without a source, the keys in the module's table of `server.toml`.
        advice: a suggestion only; nothing is missing because of it.
        imported: it can be ignored if another module offers the same thing.
    """

    text: str
    source: str = ""
    path: tuple[str, ...] = ()
    advice: bool = False
    imported: bool = False

    def __str__(self) -> str:
        file, _colon, line = self.source.rpartition(":")
        return f"{Path(file).name}:{line}: {self.text}" if file else self.text


class Module:
    """A part of a server that starts and stops with it. Subclass it and call `offer` in `start`.

    A subclass's constructor takes the module's name, then keyword arguments named like its keys in `server.toml`.
    It does no work: no files, connections or threads before `start`.
    """

    kind: ClassVar[str] = "module"
    """Its name in `server.toml` and on screen."""

    heavy: ClassVar[bool] = False
    """Whether it is expensive to start, for example because it imports a large library: the others start first."""

    def __init__(self, name: str, *, prefix: str = "", breaker: BreakerSettings | None = None) -> None:
        """Args:
        name: the module's identity in its server.
        prefix: added to the names of its tools and prompts (`shop_query`) and its URIs (`db://shop/…`); `shop` and
            `shop_` are equivalent.
        breaker: settings for the module's own breakers, instead of the server's defaults.
        """
        self.name = name
        self.prefix = prefix
        self.breaker_settings = breaker

    async def start(self, context: ModuleContext) -> None:
        """Open what the module needs and offer its items. Runs on the server's loop; may be slow.

        Raises:
            ModuleStartError: it can't start; the text says why and what to do. Anything it opened is closed.
        """
        context.offer(Offer())

    async def stop(self) -> None:
        """Close what `start` opened. Also called after a failed `start`."""

    async def fixed(self) -> bool | None:
        """Say whether what kept it from starting has changed since, so that another start is worth a try.

        Asked a few times a second; `None` if it can't tell.
        """
        return None

    def tasks(self) -> Sequence[TaskState]:
        """The long tasks that this module runs or remembers, newest first."""
        return ()

    def problems(self) -> Sequence[ModuleProblem]:
        """Problems with parts of the running module, for `workbench check`."""
        return ()

    def extensions(self) -> Mapping[str, Callable[..., Any]]:
        """The protocol extensions it serves: their classes by identifier (`ProtocolExtension`)."""
        return {}

    def prefixed(self, name: str) -> str:
        """Add the module's prefix to the `name` of a tool or prompt."""
        return prefixed_name(self.prefix, name)

    def clash_hint(self, name: str) -> str:
        """What to do if another module already has a tool, prompt or resource with that name."""
        return f'give one of the two a prefix (prefix = "{self.name}")'

    def uri(self, scheme: str, path: str) -> str:
        """`scheme://path` with the module's prefix, such as `db://shop/table/books`."""
        prefix = self.prefix.rstrip("_")
        return f"{scheme}://{prefix}/{path}" if prefix else f"{scheme}://{path}"


def prefixed_name(prefix: str, name: str) -> str:
    """Add a module's prefix to `name`; `shop` and `shop_` are equivalent."""
    return f"{prefix.rstrip('_')}_{name}" if prefix else name


ModuleFactory = Callable[..., Module]
StartHook = Callable[[Module], Awaitable[None]]
