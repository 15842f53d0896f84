"""The registry of what each module offers, found by name or URI in one lookup and listed in a stable order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from mcp.types import Prompt, Resource, ResourceTemplate, Tool

from .items import Offer, PromptItem, ResourceItem, TemplateItem, ToolItem

OwnedItemT = TypeVar("OwnedItemT", ToolItem, ResourceItem, TemplateItem, PromptItem)


class Owned(NamedTuple, Generic[OwnedItemT]):
    """An item with the name of the module that offers it."""

    module: str
    item: OwnedItemT


class Clash(NamedTuple):
    """Two modules that offer the same thing: `kind` is "tool", "resource", "template" or "prompt"."""

    kind: str
    name: str
    owner: str


class ListChanges(NamedTuple):
    """Which of the lists visible to clients have changed."""

    tools: bool = False
    resources: bool = False
    prompts: bool = False


@dataclass(slots=True)
class _ModuleItems:
    """The items of one module."""

    tools: dict[str, ToolItem] = field(default_factory=dict)
    resources: dict[str, ResourceItem] = field(default_factory=dict)
    templates: dict[str, TemplateItem] = field(default_factory=dict)
    prompts: dict[str, PromptItem] = field(default_factory=dict)


class Registry:
    """All modules' items. Changes are atomic: a reader on the same loop sees all of a change or none of it."""

    def __init__(self) -> None:
        self._items: dict[str, _ModuleItems] = {}
        self.tools: dict[str, Owned[ToolItem]] = {}
        self.resources: dict[str, Owned[ResourceItem]] = {}
        self.prompts: dict[str, Owned[PromptItem]] = {}
        self._lists: dict[str, tuple[Any, ...]] = {}

    def reserve(self, module: str) -> None:
        """Reserve the module's place in the order of the lists."""
        self._items.setdefault(module, _ModuleItems())

    def modules(self) -> Iterable[str]:
        """The modules with a place in the lists, in order."""
        return self._items.keys()

    def order(self, module: str) -> int:
        """The module's place in the order of the lists."""
        return list(self._items).index(module)

    def clashes(self, module: str, offer: Offer) -> list[Clash]:
        """The parts of `offer` that another module already offers."""
        found: list[Clash] = []
        for name in (item.definition.name for item in offer.tools):
            if (tool := self.tools.get(name)) and tool.module != module:
                found.append(Clash("tool", name, tool.module))
        for uri in (str(item.definition.uri) for item in offer.resources):
            if (resource := self.resources.get(uri)) and resource.module != module:
                found.append(Clash("resource", uri, resource.module))
        for name in (item.definition.name for item in offer.prompts):
            if (prompt := self.prompts.get(name)) and prompt.module != module:
                found.append(Clash("prompt", name, prompt.module))
        mine = {item.definition.uri_template for item in offer.templates}
        for other, items in self._items.items():
            if other != module:
                found.extend(Clash("template", name, other) for name in items.templates if name in mine)
        return found

    def put(self, module: str, offer: Offer) -> ListChanges:
        """Make `offer` everything that `module` offers; returns which lists changed."""
        before = self._items.get(module, _ModuleItems())
        after = _ModuleItems(
            {item.definition.name: item for item in offer.tools},
            {str(item.definition.uri): item for item in offer.resources},
            {item.definition.uri_template: item for item in offer.templates},
            {item.definition.name: item for item in offer.prompts},
        )
        self._items[module] = after
        _swap(self.tools, module, before.tools, after.tools)
        _swap(self.resources, module, before.resources, after.resources)
        _swap(self.prompts, module, before.prompts, after.prompts)
        self._lists.clear()
        return ListChanges(
            _definitions(before.tools) != _definitions(after.tools),
            _definitions(before.resources) != _definitions(after.resources)
            or _definitions(before.templates) != _definitions(after.templates),
            _definitions(before.prompts) != _definitions(after.prompts),
        )

    def change_resources(
        self, module: str, added: Iterable[ResourceItem], removed: Iterable[str]
    ) -> list[Clash]:
        """Add, replace and remove single resources of `module`; returns those that another module already offers."""
        items = self._items[module]
        clashes: list[Clash] = []
        for uri in removed:
            if items.resources.pop(uri, None) is not None:
                del self.resources[uri]
        for item in added:
            uri = str(item.definition.uri)
            other = self.resources.get(uri)
            if other is not None and other.module != module:
                clashes.append(Clash("resource", uri, other.module))
                continue
            items.resources[uri] = item
            self.resources[uri] = Owned(module, item)
        self._lists.pop("resources", None)
        return clashes

    def remove(self, module: str) -> ListChanges:
        """Remove the items of `module`, but keep its place in the order."""
        return self.put(module, Offer())

    def forget(self, module: str) -> ListChanges:
        """Remove `module` altogether."""
        changes = self.put(module, Offer())
        del self._items[module]
        return changes

    def counts(self, module: str) -> tuple[int, int, int, int]:
        """How many tools, resources, templates and prompts `module` offers."""
        items = self._items.get(module, _ModuleItems())
        return len(items.tools), len(items.resources), len(items.templates), len(items.prompts)

    def guarded(self) -> dict[str, list[str]]:
        """The tools and templates that each breaker guards, by the breaker's name."""
        found: dict[str, list[str]] = {}
        for items in self._items.values():
            breakers = {name: item.breaker for name, item in items.tools.items()}
            breakers |= {uri.partition("{?")[0]: item.breaker for uri, item in items.templates.items()}
            for name, breaker in breakers.items():
                if breaker:
                    found.setdefault(breaker, []).append(name)
        return found

    def match(self, uri: str) -> tuple[Owned[TemplateItem], dict[str, Any]] | None:
        """The first template that matches `uri`, with its variables."""
        for module, items in self._items.items():
            for item in items.templates.values():
                variables = item.matcher.match(uri)
                if variables is not None:
                    return Owned(module, item), variables
        return None

    def template(self, uri_template: str) -> Owned[TemplateItem] | None:
        """The template with exactly this text."""
        for module, items in self._items.items():
            if item := items.templates.get(uri_template):
                return Owned(module, item)
        return None

    # The lists as clients see them, rebuilt after a change.

    def tool_list(self) -> Sequence[Tool]:
        """Every tool's definition."""
        return self._listed("tools", (items.tools for items in self._items.values()))

    def resource_list(self) -> Sequence[Resource]:
        """Every listed resource's definition."""
        return self._listed("resources", (items.resources for items in self._items.values()))

    def template_list(self) -> Sequence[ResourceTemplate]:
        """Every template's definition."""
        return self._listed("templates", (items.templates for items in self._items.values()))

    def prompt_list(self) -> Sequence[Prompt]:
        """Every prompt's definition."""
        return self._listed("prompts", (items.prompts for items in self._items.values()))

    def _listed(self, name: str, groups: Iterable[dict[str, Any]]) -> tuple[Any, ...]:
        listed = self._lists.get(name)
        if listed is None:
            listed = tuple(item.definition for items in groups for item in items.values())
            self._lists[name] = listed
        return listed


def _definitions(items: dict[str, Any]) -> list[Any]:
    return [item.definition for item in items.values()]


def _swap(
    index: dict[str, Owned[OwnedItemT]],
    module: str,
    before: dict[str, OwnedItemT],
    after: dict[str, OwnedItemT],
) -> None:
    for name in before:
        if name not in after:
            index.pop(name, None)
    for name, item in after.items():
        index[name] = Owned(module, item)
