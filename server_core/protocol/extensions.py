"""Protocol extensions: what a module adds to the protocol beyond tools, resources and prompts."""

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
    """Methods of its own, and the option to handle tool calls and subscriptions.

    A module names the extensions it serves in `Module.extensions`; one object serves all its modules. It is created
    with the server's `Core` and the current mapping of its modules' hosts by name.

    Attributes:
        methods: the handlers of its requests, by method.
    """

    methods: Mapping[str, HandlerEntry[Any]]

    def offered(self) -> bool:
        """Whether it is announced to clients of 2026-07-28; its modules may still be starting."""
        ...

    async def call_tool(
        self,
        ctx: ServerRequestContext[Any, Any],
        request: Request,
        owned: Owned[ToolItem],
        arguments: dict[str, Any],
    ) -> Any | None:
        """Handle the call of a tool, or return `None` for the default handling."""
        ...

    async def listen(self, ctx: ServerRequestContext[Any, Any], params: Any) -> Any | None:
        """Handle a `subscriptions/listen`, or return `None` for the default handling."""
        ...


class ExtensionTable:
    """The extensions of a server's modules, by identifier. Use on the server's loop only."""

    def __init__(self, core: Core, modules: Mapping[str, ModuleHost]) -> None:
        """`modules` is the server's own mapping, which may change at any time."""
        self._core = core
        self._modules = modules
        self._made: dict[str, ProtocolExtension] = {}

    def __iter__(self) -> Iterator[ProtocolExtension]:
        return iter(list(self._by_identifier().values()))

    def offered(self) -> list[str]:
        """The identifiers of the announced extensions."""
        return [name for name, extension in self._by_identifier().items() if extension.offered()]

    def handler(self, method: str) -> HandlerEntry[Any] | None:
        """The handler for requests of that method."""
        return next((each.methods[method] for each in self if method in each.methods), None)

    def _by_identifier(self) -> dict[str, ProtocolExtension]:
        wanted = {
            name: make for host in self._modules.values() for name, make in host.instance.extensions().items()
        }
        for name, make in wanted.items():
            if name not in self._made:
                self._made[name] = make(self._core, self._modules)
        return {name: self._made[name] for name in wanted}
