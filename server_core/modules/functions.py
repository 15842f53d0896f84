"""The functions module: a plain Python file whose marked functions are tools, resources and prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from ..errors import ModuleStartError
from ..events import FunctionsReloaded
from ..functions.loading import load_file, unload
from ..functions.markers import Mark, mark_of
from ..items import Offer, PromptItem, ResourceItem, TemplateItem, ToolItem
from ..module import Module, ModuleContext
from ..protocol.prompt_functions import prompt_item
from ..protocol.resource_functions import resource_item, stream_item
from ..protocol.signatures import SIGNATURE_ERRORS, source_of
from ..protocol.tool_functions import tool_item
from ..settings import BreakerSettings


class FunctionsModule(Module):
    """Offers the marked functions of a Python file, and takes the file over again when it is saved.

    A file that is broken after a change leaves the old functions in place and says so; mended, it is taken over.
    """

    kind: ClassVar[str] = "functions"

    def __init__(
        self,
        name: str,
        *,
        path: str = "",
        functions: Iterable[Any] = (),
        reload: bool = True,
        prefix: str = "",
        breaker: BreakerSettings | None = None,
    ) -> None:
        """Args:
        path: the Python file.
        functions: marked functions, given as they are instead of by `path` (an exported script has no other file).
        reload: watch the file.
        """
        super().__init__(name, prefix=prefix, breaker=breaker)
        self.path = path
        self.functions = tuple(functions)
        self.reload = reload and bool(path)
        self._context: ModuleContext | None = None
        self._loaded: ModuleType | None = None
        self._offer = Offer()

    async def start(self, context: ModuleContext) -> None:
        self._context = context
        if self.path:
            self._loaded = load_file(self.file)
            functions: Iterable[Any] = vars(self._loaded).values()
        else:
            functions = self.functions
        self._offer = self._offer_of(functions, self._loaded)
        context.offer(self._offer)
        if self.reload:
            context.spawn(self._watch(), "watching the file")

    async def stop(self) -> None:
        if self._loaded is not None:
            unload(self._loaded)
            self._loaded = None

    @property
    def file(self) -> Path:
        """The Python file, absolute."""
        base = self._context.base if self._context is not None else Path.cwd()
        return (base / Path(self.path).expanduser()).absolute()

    def reload_file(self) -> FunctionsReloaded:
        """Load the file again and offer what it has now; the caller tells the clients.

        Raises:
            ModuleStartError: it is broken; the old functions stay.
        """
        assert self._context is not None
        loaded = load_file(self.file)
        try:
            offer = self._offer_of(vars(loaded).values(), loaded)
            self._context.offer(offer)
        except ModuleStartError:
            unload(loaded)
            raise
        if self._loaded is not None:
            unload(self._loaded)
        before, self._offer, self._loaded = self._offer, offer, loaded
        return FunctionsReloaded(self.name, self.path, *_difference(before, offer))

    async def _watch(self) -> None:
        from watchfiles import awatch

        assert self._context is not None
        file = self.file
        async for changes in awatch(file.parent, step=20, debounce=200, recursive=False, rust_timeout=1000):
            if any(Path(changed) == file for _kind, changed in changes) and file.exists():
                await self._take_over()

    async def _take_over(self) -> None:
        context = self._context
        assert context is not None
        try:
            reloaded = self.reload_file()
        except ModuleStartError as error:
            context.note(f"broken, the old functions serve on: {error}")
            context.report(error, f"loading {self.path}")
            return
        context.invalidate()
        context.note("")
        context.bus.emit(reloaded)
        await context.publish(tools=True, resources=True, prompts=True)

    def _offer_of(self, functions: Iterable[Any], loaded: ModuleType | None) -> Offer:
        tools: list[ToolItem] = []
        resources: list[ResourceItem] = []
        templates: list[TemplateItem] = []
        prompts: list[PromptItem] = []
        for function in dict.fromkeys(each for each in functions if callable(each) and _hashable(each)):
            mark = mark_of(function)
            if mark is None or (loaded is not None and function.__module__ != loaded.__name__):
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
        if mark.kind == "stream":
            return stream_item(function, mark, self.uri(scheme, path), mark.breaker, context)
        return resource_item(function, mark, self.uri(scheme, path), mark.breaker, context)


def _hashable(value: Any) -> bool:
    return getattr(type(value), "__hash__", None) is not None


def _named_items(offer: Offer) -> Mapping[str, str]:
    """Each item's name with what would tell a change of it."""
    return {
        **{item.definition.name: item.definition.model_dump_json() for item in offer.tools},
        **{str(item.definition.uri): item.definition.model_dump_json() for item in offer.resources},
        **{item.definition.uri_template: item.definition.model_dump_json() for item in offer.templates},
        **{item.definition.name: item.definition.model_dump_json() for item in offer.prompts},
    }


def _difference(before: Offer, after: Offer) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    old, new = _named_items(before), _named_items(after)
    return (
        tuple(name for name in new if name not in old),
        tuple(name for name in old if name not in new),
        tuple(name for name in new if name in old and new[name] != old[name]),
    )


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
