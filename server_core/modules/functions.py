"""The functions module: a plain Python file with functions marked as tools, resources and prompts."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import ModuleStartError
from ..events import FunctionsReloaded
from ..functions.loading import LoadedFile, import_functions, load_file
from ..functions.marked import marked_functions, not_offered
from ..functions.neighbours import forget_neighbours, forget_stale, neighbours
from ..functions.offering import MarkedFunctions, OfferedFunctions
from ..items import Offer
from ..module import ModuleContext
from ..settings import BreakerSettings
from ..watching import LOOK_SECONDS, FileWatch, file_mark


class FunctionsModule(MarkedFunctions):
    """Offers the marked functions of a Python file, and reloads it whenever it, or a local module it imports, is saved.

    If a change breaks the file, the old functions stay in place and the module notes the error until it is fixed.
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
        module: instead of `path`, a module that Python can import, such as `my_package.tools`; it is not reloaded.
        functions: instead of `path`, the marked functions themselves.
        reload: whether to watch the file.
        """
        super().__init__(name, functions=functions, prefix=prefix, breaker=breaker)
        self.path = path
        self.module = module
        self.reload = reload and bool(path)
        self._loaded: LoadedFile | None = None
        self._offer = Offer()
        self._broken: FileWatch | None = None

    async def start(self, context: ModuleContext) -> None:
        self._context = context
        if self.module:
            self._offer_again(self._offered_by(import_functions(self.module)))
        elif self.path:
            watch = FileWatch([self.file])
            self._broken = FileWatch([self.file, *self.file.parent.glob("*.py")])
            self._loaded = load_file(self.file)
            self._broken = None
            self._offer_again(self._offered_by(self._loaded))
            if self.reload:
                context.spawn(self._follow(watch), "watching the file")
        else:
            await super().start(context)

    async def fixed(self) -> bool | None:
        """Whether the file, or one beside it, was saved since it could not be loaded."""
        if self._broken is None or not self.reload or self._context is None:
            return None
        return bool(await self._context.run_sync(self._broken.look))

    async def stop(self) -> None:
        if self._loaded is not None:
            self._loaded.unload()
            self._loaded = None
            forget_neighbours(self.file.parent)

    @property
    def file(self) -> Path:
        """The Python file's absolute path."""
        base = self._context.base if self._context is not None else Path.cwd()
        return (base / Path(self.path).expanduser()).absolute()

    def reload_file(self) -> FunctionsReloaded:
        """Reload the file and changed local modules, and offer what it has now; the caller notifies clients.

        Raises:
            ModuleStartError: it is broken; the old functions stay.
        """
        assert self._context is not None
        before = self._offer
        forgotten = forget_stale(self.file.parent)
        try:
            loaded = load_file(self.file)
            try:
                self._offer_again(self._offered_by(loaded))
            except ModuleStartError:
                loaded.unload()
                raise
        except ModuleStartError:
            # The old functions keep the old local modules, including those that they import later.
            sys.modules.update(forgotten)
            raise
        if self._loaded is not None:
            self._loaded.unload()
        self._loaded = loaded
        return FunctionsReloaded(self.name, self.path, *_difference(before, self._offer))

    def _offered_by(self, loaded: LoadedFile) -> OfferedFunctions:
        """The items for a module's marked functions, and the problems with the others."""
        module = loaded.module
        offered = self.offered(marked_functions(vars(module).items(), module.__name__))
        offered.problems += [*not_offered(module, loaded.markings), *loaded.problems()]
        offered.problems.sort(key=lambda problem: int(problem.source.rpartition(":")[2] or 0))
        return offered

    def _offer_again(self, offered: OfferedFunctions) -> None:
        assert self._context is not None
        offer = offered.offer()
        self._context.offer(offer)
        self._offer = offer
        self._set_problems(offered.problems)

    async def _follow(self, watch: FileWatch) -> None:
        """Reload the file whenever it, or a local module it imports, is saved."""
        context = self._context
        assert context is not None
        known = 0
        while True:
            if known != (known := len(sys.modules)):
                files = [Path(each.__file__ or "") for each in neighbours(self.file.parent).values()]
                watch.watch([self.file, *files])
            await context.clock.sleep(LOOK_SECONDS)
            if not await context.run_sync(watch.look):
                continue
            if file_mark(self.file):
                await self._take_over()
                known = 0  # the local modules have been replaced, perhaps by as many
            else:
                context.note(
                    f"{self.path} is gone; its functions stay available until it is back", trouble=True
                )

    async def _take_over(self) -> None:
        context = self._context
        assert context is not None
        before = self._offer
        try:
            reloaded = self.reload_file()
        except ModuleStartError as error:
            context.note(f"{error}; the old functions stay available", trouble=True)
            return
        context.invalidate()
        context.bus.emit(reloaded)
        old, new = _descriptions(before), _descriptions(self._offer)
        # Publish only the lists that changed: clients refetch each list they are notified about.
        await context.publish(
            tools=new["tools"] != old["tools"],
            resources=new["resources"] != old["resources"],
            prompts=new["prompts"] != old["prompts"],
        )


def _descriptions(offer: Offer) -> dict[str, dict[str, str]]:
    """For each list visible to clients, the names of its items with a fingerprint that differs when they change."""
    return {
        "tools": {item.definition.name: item.definition.model_dump_json() for item in offer.tools},
        "resources": {
            **{str(item.definition.uri): item.definition.model_dump_json() for item in offer.resources},
            **{item.definition.uri_template: item.definition.model_dump_json() for item in offer.templates},
        },
        "prompts": {item.definition.name: item.definition.model_dump_json() for item in offer.prompts},
    }


def _difference(before: Offer, after: Offer) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The names of added, removed and changed items."""
    added, removed, changed = [], [], []
    old_lists = _descriptions(before)
    for kind, new in _descriptions(after).items():
        old = old_lists[kind]
        added += [name for name in new if name not in old]
        removed += [name for name in old if name not in new]
        changed += [name for name in new if name in old and new[name] != old[name]]
    return tuple(added), tuple(removed), tuple(changed)
