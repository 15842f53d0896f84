"""A screen whose parts stand beside each other where there is room, and are pages with tabs where there is not."""

from __future__ import annotations

from typing import ClassVar

from textual import on

from workbench.screens.frame import WorkbenchScreen
from workbench.widgets.segments import Segments

ROOMY = 100
"""Cells from which on the parts stand beside each other, as in `WorkbenchScreen.HORIZONTAL_BREAKPOINTS`."""


class PageTabs(Segments, can_focus=False):
    """The names of the pages."""


class PagedScreen(WorkbenchScreen):
    """Has a `PageTabs`, and parts of which narrow terminals show one at a time."""

    PAGES: ClassVar[tuple[str, ...]] = ()
    PARTS: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Selectors of the parts that make up each page."""

    page: str = ""
    """Where the user is."""

    def go_to(self, page: str, *, focus: bool = True) -> None:
        """Go to a part of the screen; `focus` gives it the focus too."""
        self.page = page
        self.query_one(PageTabs).chosen = self.PAGES.index(page)
        self._arrange()
        if focus:
            self.focus_page(page)

    def focus_page(self, page: str) -> None:
        """Give the focus to what is most wanted on a page."""
        raise NotImplementedError

    @property
    def one_at_a_time(self) -> bool:
        """Whether there is room for one part only."""
        return self.size.width < ROOMY

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        # Not by classes: each of them would have every widget of the screen look at its styles anew.
        shown = set(self.PARTS.get(self.page, ())) if self.one_at_a_time else None
        for selector in {part for parts in self.PARTS.values() for part in parts}:
            self.query_one(selector).display = shown is None or selector in shown

    @on(PageTabs.Chosen, "PageTabs")
    def _page_chosen(self, event: PageTabs.Chosen) -> None:
        event.stop()
        self.go_to(self.PAGES[event.place])
