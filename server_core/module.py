"""The base of every module, and what a module is given when it starts."""

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
    """A running server as one of its modules sees it. Use it on the server's loop, except where it says otherwise."""

    module: str
    base: Path
    """The folder against which the module's relative paths are found."""
    bus: EventBus
    clock: Clock
    cache: ResourceCache
    limits: LimitSettings
    development: bool

    @property
    def lifespan(self) -> Any:
        """What the server's `lifespan` gave; `None` without one."""
        ...

    def offer(self, offer: Offer) -> None:
        """Offer exactly this from now on. Inside `start` it takes effect, all at once, when `start` returns.

        Raises:
            ModuleStartError: a name or URI is another module's already; the text hints at `prefix`.
        """
        ...

    def change_resources(self, added: Sequence[ResourceItem], removed: Sequence[str]) -> None:
        """Add or replace these resources and remove those URIs; clients are told by `publish`."""
        ...

    async def publish(
        self,
        *,
        updated: Iterable[str] = (),
        resources: bool = False,
        tools: bool = False,
        prompts: bool = False,
    ) -> None:
        """Tell subscribed clients: each URI of `updated` once, in order, then each list that changed, once.

        The cache entries of the URIs (their variants with a query too) die first.
        """
        ...

    def invalidate(self, *tags: str) -> None:
        """Drop the cached reads of these URIs (variants with a query too); of the whole module for none."""
        ...

    def breaker(self, name: str, settings: BreakerSettings | None = None) -> CircuitBreaker:
        """The breaker of something that can fail, made at the first use; items name it as their `breaker`."""
        ...

    def add_pool(self, pool: ConnectionPool[Any]) -> None:
        """Show a pool in `inspect()` until this module stops; the module opens and closes it itself."""
        ...

    def add_stage(self, stage: Stage, *, before: str = "handler") -> None:
        """Let every request of the server pass `stage` until this module stops, in front of the stage `before`.

        Raises:
            ValueError: there is none of that name.
        """
        ...

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        """Run `coroutine` until it ends or the module stops; a failure is reported and marks the module failed."""
        ...

    async def run_sync(self, function: Callable[[], T]) -> T:
        """Run a blocking function on a daemon worker thread. A cancelled caller leaves it to end by itself."""
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
        """Hand over the pieces of any module's stream as they come, as the nested request `request`."""
        ...

    def tools(self) -> Mapping[str, ToolItem]:
        """Every module's tools by name, as they are now."""
        ...

    def resources(self) -> Mapping[str, ResourceItem]:
        """Every module's listed resources by URI, as they are now."""
        ...

    def note(self, text: str, *, trouble: bool = False) -> None:
        """Say something short about the module ("3 tables"), shown beside its name; `trouble` is shown everywhere."""
        ...

    def report(self, error: BaseException, where: str) -> str:
        """Report an unexpected error to log, bus and monitoring hook; returns its reference."""
        ...


@dataclass(frozen=True, slots=True)
class ModuleProblem:
    """What is wrong with a part of a module while the rest of it runs, in one line.

    Attributes:
        source: the `file:line` of the user's code that it is about.
        path: else its keys in the module's table of `server.toml`.
        advice: nothing is missing because of it.
        imported: it does not matter where another module offers what it is about.
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
    """A part of a server, with a life of its own. Subclass it, and offer things from `start`.

    A subclass's constructor takes the module's name and then keywords only, the same as its keys in `server.toml`;
    it does no work: no files, no connections, no threads before `start`.
    """

    kind: ClassVar[str] = "module"
    """What it is called in `server.toml` and on the screen."""

    heavy: ClassVar[bool] = False
    """Whether its start costs much, as the import of a large library: the others start before it."""

    def __init__(self, name: str, *, prefix: str = "", breaker: BreakerSettings | None = None) -> None:
        """Args:
        name: the module's identity in its server.
        prefix: put before its tools' and prompts' names (`shop_query`) and into its URIs (`db://shop/…`); `shop` and
            `shop_` are the same.
        breaker: settings of the module's own breakers, instead of the server's defaults.
        """
        self.name = name
        self.prefix = prefix
        self.breaker_settings = breaker

    async def start(self, context: ModuleContext) -> None:
        """Open what it needs and offer what it has. Runs on the server's loop; may be slow.

        Raises:
            ModuleStartError: it can't; the text says why and what to do. Whatever it had opened is closed.
        """
        context.offer(Offer())

    async def stop(self) -> None:
        """Close what `start` opened. Also called after a `start` that failed."""

    async def fixed(self) -> bool | None:
        """Say whether what kept it from starting has changed since, so that another start is worth a try.

        Asked a few times a second; `None` if it can't tell.
        """
        return None

    def tasks(self) -> Sequence[TaskState]:
        """The long tasks that this module runs or remembers, newest first."""
        return ()

    def problems(self) -> Sequence[ModuleProblem]:
        """What is wrong with parts of it while it runs, for `workbench check`."""
        return ()

    def extensions(self) -> Mapping[str, Callable[..., Any]]:
        """The protocol extensions that it serves, by identifier, with the classes that do so (`ProtocolExtension`)."""
        return {}

    def prefixed(self, name: str) -> str:
        """`name` of a tool or a prompt with the module's prefix."""
        return prefixed_name(self.prefix, name)

    def clash_hint(self, name: str) -> str:
        """What to do where another module has a tool, a prompt or a resource of that name already."""
        return f'give one of the two a prefix (prefix = "{self.name}")'

    def uri(self, scheme: str, path: str) -> str:
        """`scheme://path` with the module's prefix, as `db://shop/table/books`."""
        prefix = self.prefix.rstrip("_")
        return f"{scheme}://{prefix}/{path}" if prefix else f"{scheme}://{path}"


def prefixed_name(prefix: str, name: str) -> str:
    """`name` with a module's prefix; `shop` and `shop_` are the same prefix."""
    return f"{prefix.rstrip('_')}_{name}" if prefix else name


ModuleFactory = Callable[..., Module]
StartHook = Callable[[Module], Awaitable[None]]
