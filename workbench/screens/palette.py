"""The command palette's actions: those that work here, and those without a key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from workbench.actions import LIST, REGISTRY
from workbench.widgets.binding import active_actions

MOVES = tuple(action for action in LIST if action.id not in ("list.open", "list.copy"))
"""Nobody searches for these by name."""


class Command(NamedTuple):
    """An action as the palette shows it."""

    title: str
    help: str
    action: str
    namespace: object


class ActionsProvider(Provider):
    """Finds actions by title and tooltip."""

    async def startup(self) -> None:
        self._commands = list(self._collect())

    def _collect(self) -> Iterator[Command]:
        for active in active_actions(self.screen):
            if active.action not in MOVES:
                title = f"{active.action.title}  ({active.displays[0]})"
                yield Command(title, active.action.tooltip, active.run, active.namespace)
        for action in REGISTRY.values():
            if not action.keys:
                yield Command(action.title, action.tooltip, action.run, self.app)

    async def discover(self) -> Hits:
        for command in self._commands:
            yield DiscoveryHit(command.title, self._runner(command), help=command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._commands:
            score = max(matcher.match(command.title), matcher.match(command.help) * 0.6)
            if score > 0:
                title = matcher.highlight(command.title)
                yield Hit(score, title, self._runner(command), text=command.title, help=command.help)

    def _runner(self, command: Command) -> partial[Any]:
        return partial(self.app.run_action, command.action, cast(Any, command.namespace))
