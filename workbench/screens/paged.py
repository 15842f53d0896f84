"""A screen whose parts stand beside each other where there is room, and are pages with tabs where there is not."""

from __future__ import annotations

from typing import ClassVar

from textual import on

from workbench.screens.frame import WorkbenchScreen
from workbench.widgets.segments import Segments

ROOMY = WorkbenchScreen.HORIZONTAL_BREAKPOINTS[-1][0]
"""Cells from which on the parts stand beside each other: where the screen's styles are those of a wide one."""


MOST_OF_COLUMN = 0.6
"""The share of its column that a panel takes which grows with its contents; the styles have it too."""

FRAME_ROWS = 3
"""The rows of the header, the tabs and the keys."""

PANEL_ROWS = 4
"""The rows of a panel's border and of its buttons with the line above them."""


class PageTabs(Segments, can_focus=False):
    """The names of the pages."""


class PagedScreen(WorkbenchScreen):
    """Has a `PageTabs`, and parts of which narrow terminals show one at a time."""

    PAGES: ClassVar[tuple[str, ...]] = ()
    PARTS: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Selectors of the parts that make up each page."""

    SCROLLED: ClassVar[str] = ""
    """Selector of what scrolls in a panel that is as high as its contents, up to `MOST_OF_COLUMN`."""

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
            for part in self.query(selector):
                part.display = shown is None or selector in shown
        for scroll in self.query(self.SCROLLED) if self.SCROLLED else ():
            # The panel's own bound would cut it off: what scrolls must know how much of it is to be seen.
            column = self.size.height - FRAME_ROWS
            bound = max(3, int(column * MOST_OF_COLUMN) - PANEL_ROWS)
            scroll.styles.max_height = None if self.one_at_a_time else bound
        # The focus never rests on what is not in sight: keys would go there, and nobody would see it.
        focused = self.focused
        if focused is not None and not all(node.display for node in focused.ancestors_with_self):
            self.focus_page(self.page)

    @on(PageTabs.Chosen, "PageTabs")
    def _page_chosen(self, event: PageTabs.Chosen) -> None:
        event.stop()
        self.go_to(self.PAGES[event.place])
