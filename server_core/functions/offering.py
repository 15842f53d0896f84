"""Marked functions as a module, as used by exported scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..items import Offer, PromptItem, ResourceItem, TemplateItem, ToolItem
from ..module import Module, ModuleContext, ModuleProblem
from ..protocol.prompt_functions import prompt_item
from ..protocol.resource_functions import resource_item
from ..protocol.signatures import FunctionSignature
from ..protocol.tool_functions import tool_item
from ..settings import BreakerSettings
from .marked import MarkedFunction, marked_functions

WITHOUT_SCHEMA = re.compile(
    r"(?:Unable to generate pydantic-core schema|Cannot generate a JsonSchema) for (.+?)(?:\. Set `.*)?$"
)
"""How pydantic reports that it has no schema for a type."""


class MarkedFunctions(Module):
    """Offers the given functions. Those that can't be offered are left out."""

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
        self._problems: Sequence[ModuleProblem] = ()

    async def start(self, context: ModuleContext) -> None:
        self._context = context
        offered = self.offered(marked_functions(("", each) for each in self.functions))
        context.offer(offered.offer())
        self._set_problems(offered.problems)

    def problems(self) -> Sequence[ModuleProblem]:
        return self._problems

    def offered(self, functions: Iterable[MarkedFunction]) -> OfferedFunctions:
        """The items for these functions, and which functions are left out."""
        offered = OfferedFunctions()
        for each in functions:
            try:
                if not each.name and not each.mark.name:
                    raise ValueError("it has no name; pass name=… to its decorator")
                signature = FunctionSignature(each.function, each.name or str(each.mark.name))
                item = self._item(each, signature)
            except Exception as error:
                offered.leave_out(each, f"{each.mark.kind} {each.name} is not offered: {_reason(error)}")
                continue
            offered.add(each, item)
            offered.problems += [
                ModuleProblem(f"{each.name}: {advice}", each.mark.source, advice=True)
                for advice in signature.advice
            ]
        return offered

    def _item(
        self, marked: MarkedFunction, signature: FunctionSignature
    ) -> ToolItem | ResourceItem | TemplateItem | PromptItem:
        context = self._context
        assert context is not None
        mark = marked.mark
        name = mark.name or marked.name
        if mark.breaker:
            context.breaker(mark.breaker, self.breaker_settings)
        if mark.kind == "tool":
            return tool_item(signature, mark, self.prefixed(name), mark.breaker, context)
        if mark.kind == "prompt":
            return prompt_item(signature, mark, self.prefixed(name), context)
        scheme, _separator, path = (mark.uri or f"stream://{name}").partition("://")
        return resource_item(signature, mark, name, self.uri(scheme, path), mark.breaker, context)

    def _set_problems(self, problems: Sequence[ModuleProblem]) -> None:
        """Remember the problems, and note the first one that leaves something out."""
        assert self._context is not None
        self._problems = problems
        missing = [each for each in problems if not each.advice and not each.imported]
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        self._context.note(f"{missing[0]}{more}" if missing else "", trouble=bool(missing))


def _reason(error: Exception) -> str:
    """One line for any error raised while making a schema."""
    text = str(error).partition("\n")[0] or type(error).__name__
    without_schema = WITHOUT_SCHEMA.match(text)
    if without_schema is None:
        return text
    return f"there is no JSON schema for {without_schema[1]}; annotate it with types that JSON supports"


@dataclass(slots=True)
class OfferedFunctions:
    """Functions as items, by name or URI, and the problems of those that are left out."""

    tools: dict[str, ToolItem] = field(default_factory=dict)
    resources: dict[str, ResourceItem] = field(default_factory=dict)
    templates: dict[str, TemplateItem] = field(default_factory=dict)
    prompts: dict[str, PromptItem] = field(default_factory=dict)
    problems: list[ModuleProblem] = field(default_factory=list)

    def add(self, marked: MarkedFunction, item: ToolItem | ResourceItem | TemplateItem | PromptItem) -> None:
        """Add the item for a function, unless there is one with the same name."""
        if isinstance(item, ToolItem):
            self._add(self.tools, "tool", item.definition.name, item, marked)
        elif isinstance(item, PromptItem):
            self._add(self.prompts, "prompt", item.definition.name, item, marked)
        elif isinstance(item, ResourceItem):
            self._add(self.resources, "resource", str(item.definition.uri), item, marked)
        else:
            self._add(self.templates, "template", item.definition.uri_template, item, marked)

    def leave_out(self, marked: MarkedFunction, text: str) -> None:
        """Report a function that can't be offered."""
        self.problems.append(ModuleProblem(text, marked.mark.source))

    def offer(self) -> Offer:
        """All items, as offered by a module."""
        return Offer(
            list(self.tools.values()),
            list(self.resources.values()),
            list(self.templates.values()),
            list(self.prompts.values()),
        )

    def _add(self, items: dict[str, Any], kind: str, key: str, item: Any, marked: MarkedFunction) -> None:
        first = items.setdefault(key, item)
        if first is not item:
            line = first.source.rpartition(":")[2]
            self.leave_out(
                marked,
                f"{kind} {marked.name} is not offered: the {kind} {key!r} is already defined at line {line}",
            )
