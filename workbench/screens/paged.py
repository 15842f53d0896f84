"""A screen whose parts stand beside each other where there is room, and are pages with tabs where there is not."""

from __future__ import annotations

from typing import ClassVar

from textual import on

from workbench.screens.frame import WorkbenchScreen
from workbench.widgets.segments import Segments


class PageTabs(Segments, can_focus=False):
    """The names of the pages."""


class PagedScreen(WorkbenchScreen):
    """Has a `PageTabs`; the class `-page-NAME` says which part is shown in narrow terminals."""

    PAGES: ClassVar[tuple[str, ...]] = ()

    page: str = ""
    """Where the user is."""

    def go_to(self, page: str, *, focus: bool = True) -> None:
        """Go to a part of the screen; `focus` gives it the focus too."""
        self.page = page
        for other in self.PAGES:
            self.set_class(other == page, f"-page-{other}")
        self.query_one(PageTabs).chosen = self.PAGES.index(page)
        if focus:
            self.focus_page(page)

    def focus_page(self, page: str) -> None:
        """Give the focus to what is most wanted on a page."""
        raise NotImplementedError

    @property
    def one_at_a_time(self) -> bool:
        """Whether there is room for one part only."""
        return self.has_class("-narrow")

    @on(PageTabs.Chosen, "PageTabs")
    def _page_chosen(self, event: PageTabs.Chosen) -> None:
        event.stop()
        self.go_to(self.PAGES[event.place])
