"""The command palette's actions: what works here and now, and what has no key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from workbench.actions import REGISTRY


class Command(NamedTuple):
    """An action as the palette shows it."""

    title: str
    help: str
    action: str
    namespace: object


class ActionsProvider(Provider):
    """Finds actions by their titles and explanations."""

    async def startup(self) -> None:
        self._commands = list(self._collect())

    def _collect(self) -> Iterator[Command]:
        seen = set()
        for namespace, binding, enabled, tooltip in self.screen.active_bindings.values():
            if enabled and binding.id in REGISTRY and binding.id not in seen:
                seen.add(binding.id)
                key = self.app.get_key_display(binding)
                yield Command(f"{binding.description}  ({key})", tooltip, binding.action, namespace)
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

    def _runner(self, command: Command) -> partial[object]:
        return partial(self.app.run_action, command.action, command.namespace)  # type: ignore[arg-type]
