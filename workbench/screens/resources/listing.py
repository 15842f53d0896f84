"""The server's resources, listed again when they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from workbench.screens.calling import CallingScreen
from workbench.state import Snapshot

from .changes import Changes
from .tree import ResourceTree, leaves_of

if TYPE_CHECKING:
    from textual.timer import Timer

LIST_SECONDS = 0.15
"""Minimum seconds between two listings, however fast files come and go."""


class ListingScreen(CallingScreen):
    """A screen with the server's resources.

    Attributes:
        resources: the tree of all resources.
        changes: recent changes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.resources = ResourceTree()
        self.changes = Changes()
        self._revisions: tuple[object, ...] = ()
        self._list_timer: Timer | None = None
        self._listed_at = 0.0

    def listed(self) -> None:
        """The resources were listed again."""
        raise NotImplementedError

    def list_if_changed(self, new: Snapshot) -> None:
        """Fetch the list if the server's has changed."""
        revisions = (new.started, new.resources_revision)
        if new.phase == "running" and revisions != self._revisions:
            self._revisions = revisions
            if self._list_timer is None:
                wait = self._listed_at + LIST_SECONDS - self.workbench.clock.monotonic()
                self._list_timer = self.set_timer(max(wait, 0.001), self.take_list)

    @work(exclusive=True, group="list")
    async def take_list(self) -> None:
        """Fetch the server's list."""
        from workbench.engine import NEWEST, EngineError

        self._list_timer = None
        self.protocol = self.protocol or NEWEST
        try:
            resources = await self.engine.list_resources(self.protocol)
            templates = await self.engine.list_templates(self.protocol)
            owners = await self.engine.owners()
        except EngineError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        finally:
            self._listed_at = self.workbench.clock.monotonic()
        self.resources.fill(leaves_of(resources, templates, owners))
        self.changes.listed(self.resources.leaves, self.workbench.clock.now())
        self.listed()
