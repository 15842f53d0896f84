"""Protocol extensions: what a kind of module adds to the protocol beyond tools, resources and prompts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import HandlerEntry

from ..core import Core
from ..host import ModuleHost
from ..items import ToolItem
from ..registry import Owned
from ..request import Request


class ProtocolExtension(Protocol):
    """Methods of its own, and a say in calls of tools and in subscriptions.

    A module names the extensions that it serves in `Module.extensions`; one object serves for all its modules. It is
    made with the server's `Core` and its modules' hosts by name, as they are at any time.

    Attributes:
        methods: the requests that it answers, by method.
    """

    methods: Mapping[str, HandlerEntry[Any]]

    def offered(self) -> bool:
        """Whether clients of 2026-07-28 are told of it; its modules may still be starting."""
        ...

    async def call_tool(
        self,
        ctx: ServerRequestContext[Any, Any],
        request: Request,
        owned: Owned[ToolItem],
        arguments: dict[str, Any],
    ) -> Any | None:
        """Answer the call of a tool in its own way, or `None` for the usual one."""
        ...

    async def listen(self, ctx: ServerRequestContext[Any, Any], params: Any) -> Any | None:
        """Answer a `subscriptions/listen` in its own way, or `None` for the usual one."""
        ...


class ExtensionTable:
    """The extensions of a server's modules, by identifier. On the server's loop only."""

    def __init__(self, core: Core, modules: Mapping[str, ModuleHost]) -> None:
        """`modules` are the server's, as they are at any time."""
        self._core = core
        self._modules = modules
        self._made: dict[str, ProtocolExtension] = {}

    def __iter__(self) -> Iterator[ProtocolExtension]:
        return iter(list(self._by_identifier().values()))

    def offered(self) -> list[str]:
        """The identifiers of those that clients are told of."""
        return [name for name, extension in self._by_identifier().items() if extension.offered()]

    def handler(self, method: str) -> HandlerEntry[Any] | None:
        """What answers requests of that method."""
        return next((each.methods[method] for each in self if method in each.methods), None)

    def _by_identifier(self) -> dict[str, ProtocolExtension]:
        wanted = {
            name: make for host in self._modules.values() for name, make in host.instance.extensions().items()
        }
        for name, make in wanted.items():
            if name not in self._made:
                self._made[name] = make(self._core, self._modules)
        return {name: self._made[name] for name in wanted}
