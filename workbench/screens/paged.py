"""A screen that shows its parts side by side if there is room, and as pages with tabs otherwise."""

from __future__ import annotations

from typing import ClassVar

from textual import on

from workbench.screens.frame import WorkbenchScreen
from workbench.widgets.segments import Segments

ROOMY = WorkbenchScreen.HORIZONTAL_BREAKPOINTS[-1][0]
"""Minimum width for parts side by side, in cells: the breakpoint of `-wide`."""


MOST_OF_COLUMN = 0.6
"""The largest share of its column that a growing panel takes; the styles repeat it."""

FRAME_ROWS = 3
"""Rows of the header, the tabs and the keys."""

PANEL_ROWS = 4
"""Rows of a panel's border and of its buttons with the line above them."""


class PageTabs(Segments, can_focus=False):
    """The names of the pages."""


class PagedScreen(WorkbenchScreen):
    """Has a `PageTabs` and parts; narrow terminals show one part at a time."""

    PAGES: ClassVar[tuple[str, ...]] = ()
    PARTS: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Selectors of the parts of each page."""

    SCROLLED: ClassVar[str] = ""
    """Selector of the scrolling part in a panel that grows with its contents, up to `MOST_OF_COLUMN`."""

    page: str = ""
    """The current page."""

    def go_to(self, page: str, *, focus: bool = True) -> None:
        """Go to a part of the screen; `focus` focuses it too."""
        self.page = page
        self.query_one(PageTabs).chosen = self.PAGES.index(page)
        self._arrange()
        if focus:
            self.focus_page(page)

    def focus_page(self, page: str) -> None:
        """Focus the main widget of a page."""
        raise NotImplementedError

    @property
    def one_at_a_time(self) -> bool:
        """Whether there is room for only one part."""
        return self.size.width < ROOMY

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        # Not by classes: each would make every widget of the screen recompute its styles.
        shown = set(self.PARTS.get(self.page, ())) if self.one_at_a_time else None
        for selector in {part for parts in self.PARTS.values() for part in parts}:
            for part in self.query(selector):
                part.display = shown is None or selector in shown
        for scroll in self.query(self.SCROLLED) if self.SCROLLED else ():
            # The panel's own limit would clip it: the scrolling widget must know how much is visible.
            column = self.size.height - FRAME_ROWS
            bound = max(3, int(column * MOST_OF_COLUMN) - PANEL_ROWS)
            scroll.styles.max_height = None if self.one_at_a_time else bound
        # Never leave the focus on a hidden widget: keys would go there unseen.
        focused = self.focused
        if focused is not None and not all(node.display for node in focused.ancestors_with_self):
            self.focus_page(self.page)

    @on(PageTabs.Chosen, "PageTabs")
    def _page_chosen(self, event: PageTabs.Chosen) -> None:
        event.stop()
        self.go_to(self.PAGES[event.place])
