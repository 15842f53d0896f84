"""Marked functions as a module: what an exported script has of its user's functions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from ..errors import ModuleStartError
from ..items import Offer, PromptItem, ResourceItem, TemplateItem, ToolItem
from ..module import Module, ModuleContext
from ..protocol.prompt_functions import prompt_item
from ..protocol.resource_functions import resource_item
from ..protocol.signatures import SIGNATURE_ERRORS, source_of
from ..protocol.tool_functions import tool_item
from ..settings import BreakerSettings
from .markers import Mark, mark_of


class MarkedFunctions(Module):
    """Offers functions that are given as they are."""

    kind: ClassVar[str] = "functions"

    def __init__(
        self,
        name: str,
        *,
        functions: Iterable[Any],
        prefix: str = "",
        breaker: BreakerSettings | None = None,
    ) -> None:
        """Args:
        functions: functions marked with `@tool`, `@resource`, `@prompt`, `@task` or `@stream`.
        """
        super().__init__(name, prefix=prefix, breaker=breaker)
        self.functions = tuple(functions)
        self._context: ModuleContext | None = None

    async def start(self, context: ModuleContext) -> None:
        self._context = context
        context.offer(self.offer_of(self.functions))

    def offer_of(self, functions: Iterable[Any], home: str = "") -> Offer:
        """What the marked ones among `functions` are to clients; only those that the module `home` defines, if given.

        Raises:
            ModuleStartError: one can't become what its mark says, or two are the same; with file and line.
        """
        tools: list[ToolItem] = []
        resources: list[ResourceItem] = []
        templates: list[TemplateItem] = []
        prompts: list[PromptItem] = []
        for function in dict.fromkeys(each for each in functions if callable(each) and _hashable(each)):
            mark = mark_of(function)
            if mark is None or (home and function.__module__ != home):
                continue
            try:
                item = self._item(function, mark)
            except SIGNATURE_ERRORS as error:
                file, _colon, line = source_of(function).rpartition(":")
                raise ModuleStartError(
                    f"{Path(file).name}:{line}: {function.__name__} can't be a {mark.kind}: {error}"
                ) from error
            for kind, items in ((ToolItem, tools), (ResourceItem, resources), (TemplateItem, templates)):
                if isinstance(item, kind):
                    items.append(item)  # type: ignore[arg-type]
            if isinstance(item, PromptItem):
                prompts.append(item)
        offer = Offer(tools, resources, templates, prompts)
        _refuse_doubles(offer)
        return offer

    def _item(self, function: Any, mark: Mark) -> ToolItem | ResourceItem | TemplateItem | PromptItem:
        context = self._context
        assert context is not None
        if mark.breaker:
            context.breaker(mark.breaker, self.breaker_settings)
        if mark.kind == "tool":
            return tool_item(
                function, mark, self.prefixed(mark.name or function.__name__), mark.breaker, context
            )
        if mark.kind == "prompt":
            return prompt_item(function, mark, self.prefixed(mark.name or function.__name__), context)
        scheme, _separator, path = mark.uri.partition("://")
        return resource_item(function, mark, self.uri(scheme, path), mark.breaker, context)


def _hashable(value: Any) -> bool:
    return getattr(type(value), "__hash__", None) is not None


def _refuse_doubles(offer: Offer) -> None:
    sources: dict[tuple[str, str], str] = {}
    for what, name, source in (
        *(("tool", item.definition.name, item.source) for item in offer.tools),
        *(("resource", str(item.definition.uri), item.source) for item in offer.resources),
        *(("template", item.definition.uri_template, item.source) for item in offer.templates),
        *(("prompt", item.definition.name, item.source) for item in offer.prompts),
    ):
        first = sources.setdefault((what, name), source)
        if first != source:
            file, _colon, line = source.rpartition(":")
            raise ModuleStartError(
                f"{Path(file).name}:{line}: the {what} {name!r} is defined at line {first.rpartition(':')[2]} already"
            )
