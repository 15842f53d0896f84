"""The selected resource: its cache entry and its subscription."""

from __future__ import annotations

from textual import work

from workbench.screens.calling import CallingScreen
from workbench.text import one_line

from .details import Cached
from .readings import Reading


class ChosenScreen(CallingScreen):
    """A screen with a selected resource.

    Attributes:
        subscribed: the URIs that both clients subscribe to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.subscribed: set[str] = set()
        self.cached: tuple[str, Cached] | None = None

    @property
    def reading(self) -> Reading | None:
        """The selected resource."""
        return self.shown if isinstance(self.shown, Reading) else None

    def uri_or_ask(self, reading: Reading) -> str:
        """Return the selected URI; while a template's variables are missing, show a message and return ""."""
        raise NotImplementedError

    def chosen_changed(self) -> None:
        """The selected resource's details changed."""
        raise NotImplementedError

    def marks_changed(self) -> None:
        """The marks in the list changed."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        reading = self.reading
        if action in ("read", "subscribe", "fault"):
            return reading is not None
        if action == "evict":
            return reading is not None and reading.leaf.owner.cached
        return super().check_action(action, parameters)

    # -- the cache

    @work(exclusive=True, group="cache")
    async def ask_cache(self) -> None:
        """Look up the selected resource's cache entry."""
        from workbench.engine import EngineError

        reading = self.reading
        uri = reading.uri if reading is not None else ""
        if reading is None or not uri or not reading.leaf.owner.cached:
            return
        try:
            entry = await self.engine.cache_entry(uri)
        except EngineError:
            return  # no server; the header shows that
        self.cached = (uri, Cached(entry, self.workbench.clock.now()))
        self.chosen_changed()

    @work(group="evict")
    async def action_evict(self) -> None:
        from workbench.engine import EngineError

        reading = self.reading
        uri = self.uri_or_ask(reading) if reading is not None else ""
        if not uri:
            return
        try:
            there = await self.engine.evict(uri)
        except EngineError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.notify(f"Evicted {one_line(uri)}" if there else "Not in the cache", markup=False)
        self.ask_cache()

    # -- subscribing

    @work(group="subscribe")
    async def action_subscribe(self) -> None:
        from workbench.engine import EngineError

        reading = self.reading
        uri = self.uri_or_ask(reading) if reading is not None else ""
        if not uri:
            return
        try:
            if uri in self.subscribed:
                await self.engine.unsubscribe(uri)
                self.subscribed.discard(uri)
            else:
                await self.engine.subscribe(uri)
                self.subscribed.add(uri)
        except EngineError as error:
            self.notify(str(error), severity="error", markup=False)
        self.marks_changed()
