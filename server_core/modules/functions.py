"""The functions module: a plain Python file whose marked functions are tools, resources and prompts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import ModuleStartError
from ..events import FunctionsReloaded
from ..functions.loading import import_functions, load_file, unload
from ..functions.offering import MarkedFunctions
from ..items import Offer
from ..module import ModuleContext
from ..settings import BreakerSettings


class FunctionsModule(MarkedFunctions):
    """Offers the marked functions of a Python file, and takes the file over again when it is saved.

    A file that is broken after a change leaves the old functions in place and says so; mended, it is taken over.
    """

    def __init__(
        self,
        name: str,
        *,
        path: str = "",
        module: str = "",
        functions: Iterable[Any] = (),
        reload: bool = True,
        prefix: str = "",
        breaker: BreakerSettings | None = None,
    ) -> None:
        """Args:
        path: the Python file.
        module: instead of `path`, a module that Python can import, as `my_package.tools`; it is not reloaded.
        functions: instead of `path`, marked functions as they are.
        reload: watch the file.
        """
        super().__init__(name, functions=functions, prefix=prefix, breaker=breaker)
        self.path = path
        self.module = module
        self.reload = reload and bool(path)
        self._loaded: ModuleType | None = None
        self._offer = Offer()

    async def start(self, context: ModuleContext) -> None:
        if self.module:
            imported = import_functions(self.module)
            self._context = context
            context.offer(self.offer_of(vars(imported).values(), imported.__name__))
            return
        if not self.path:
            await super().start(context)
            return
        self._context = context
        self._loaded = load_file(self.file)
        self._offer = self.offer_of(vars(self._loaded).values(), self._loaded.__name__)
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
            offer = self.offer_of(vars(loaded).values(), loaded.__name__)
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
        before = self._offer
        try:
            reloaded = self.reload_file()
        except ModuleStartError as error:
            context.note(f"{error}; the old functions serve on", trouble=True)
            return
        context.invalidate()
        context.note("")
        context.bus.emit(reloaded)
        old, new = _descriptions(before), _descriptions(self._offer)
        # Only of the lists that are others now: clients ask for each that they are told of.
        await context.publish(
            tools=new["tools"] != old["tools"],
            resources=new["resources"] != old["resources"],
            prompts=new["prompts"] != old["prompts"],
        )


def _descriptions(offer: Offer) -> dict[str, dict[str, str]]:
    """Of each list that clients see, its items' names with what would tell a change of them."""
    return {
        "tools": {item.definition.name: item.definition.model_dump_json() for item in offer.tools},
        "resources": {
            **{str(item.definition.uri): item.definition.model_dump_json() for item in offer.resources},
            **{item.definition.uri_template: item.definition.model_dump_json() for item in offer.templates},
        },
        "prompts": {item.definition.name: item.definition.model_dump_json() for item in offer.prompts},
    }


def _difference(before: Offer, after: Offer) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The names of what was added, removed and changed."""
    added, removed, changed = [], [], []
    old_lists = _descriptions(before)
    for kind, new in _descriptions(after).items():
        old = old_lists[kind]
        added += [name for name in new if name not in old]
        removed += [name for name in old if name not in new]
        changed += [name for name in new if name in old and new[name] != old[name]]
    return tuple(added), tuple(removed), tuple(changed)
