"""The Resources screen: browse, read and subscribe; see what is cached and what changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import ContentSwitcher

from workbench.screens.calling import Job
from workbench.screens.faults.kinds import names_with_faults
from workbench.screens.paged import PagedScreen, PageTabs
from workbench.state import Snapshot
from workbench.widgets.binding import bind
from workbench.widgets.callview import CallView
from workbench.widgets.filterline import FilterLine
from workbench.widgets.formview import FormView

from .details import About, ResourceDetails
from .following import FollowingScreen
from .keys import RESOURCES
from .listing import ListingScreen
from .readings import Reading
from .resourcelist import ResourceList, ResourceRows
from .streamview import StreamView

READY = "Press Enter or r to read it. The content shows here, with a trace\nthat shows whether it came from the cache."


class ResourcesScreen(PagedScreen, ListingScreen, FollowingScreen):
    """Resources and templates."""

    MODE = "resources"
    CSS_PATH = [  # noqa: RUF012 - Textual declares it so
        "resources.tcss",
        "../../widgets/formview/formview.tcss",
        "../../widgets/callview/callview.tcss",
        "../../widgets/textview/textview.tcss",
    ]
    AUTO_FOCUS = "ResourceRows"
    PAGES = ("list", "details", "content")
    SCROLLED = "#details VerticalScroll"
    PARTS: ClassVar = {
        "list": ("#list",),
        "details": ("#right", "#details"),
        "content": ("#right", "#content"),
    }
    BINDINGS = bind(*RESOURCES)
    HELP: ClassVar = (
        "The server's resources. Read one and see whether it came from the cache and when it expires; "
        "follow a stream and see its chunks as they arrive; subscribe and see the notifications that both of the "
        "workbench's clients receive. Changes are marked."
    )

    def __init__(self) -> None:
        super().__init__()
        self._readings: dict[str, Reading] = {}
        self._cache_state: object = None
        self._listed_from: object = None
        self._entering: Reading | None = None

    def body(self) -> ComposeResult:
        yield PageTabs(["Resources", "Resource", "Content"])
        yield ResourceList(self.resources)
        with Vertical(id="right"):
            yield ResourceDetails()
            with ContentSwitcher(initial="call", id="content"):
                yield CallView("Content", empty=READY, id="call")
                yield StreamView(id="stream")

    def on_mount(self) -> None:
        super().on_mount()
        rows = self._rows
        rows.subscribed = self.subscribed
        rows.mark_of = lambda uri: self.changes.mark_of(uri, self.workbench.clock.now())
        self._details.show_folder("", 0)
        self.go_to("list", focus=False)

    @property
    def _rows(self) -> ResourceRows:
        return self.query_one(ResourceRows)

    @property
    def _details(self) -> ResourceDetails:
        return self.query_one(ResourceDetails)

    # -- changes

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        self.show_log(old, new)
        self.changes.batches(new.batches)
        noticed = self.changes.notices(new.notices)
        if new.faults is not old.faults:
            self._rows.faulty = names_with_faults(new.faults)
            self._rows.refresh()
        self.list_if_changed(new)
        if new.batches is not old.batches or noticed:
            self._rows.refresh()
            self._show_details()
        if new.cache is not self._cache_state:
            self._cache_state = new.cache
            self.ask_cache()

    def watch_now(self) -> None:
        super().watch_now()
        if self.changes.forget_old(self.now):
            self._rows.refresh()
        self._show_details()

    def listed(self) -> None:
        if self._listed_from is not self.engine:  # it was restarted, and the new one knows no subscription
            self._listed_from = self.engine
            self.subscribed.clear()
        self.query_one(ResourceList).show()
        self._details.show_protocol(self.protocol)
        self._choose(self._rows.current_key)

    # -- selection

    @on(ResourceRows.Moved, "ResourceRows")
    def _moved(self, event: ResourceRows.Moved) -> None:
        self._choose(event.key)

    @on(ResourceRows.Opened, "ResourceRows")
    def _opened(self, event: ResourceRows.Opened) -> None:
        self._choose(event.key)
        reading = self.reading
        if reading is None:
            return
        if reading.draft is None:
            self.action_read()
        elif self._details.view.draft is reading.draft:
            self.go_to("details")
        else:
            self._entering = reading

    def _choose(self, key: str) -> None:
        leaf = self.resources.leaves.get(key)
        if leaf is None:
            row = self._rows.current
            self.shown = None
            self._details.show_folder(row.name if row else "", row.leaves if row else 0)
            self.query_one("#content", ContentSwitcher).current = "call"
            self.query_one(CallView).show_nothing(READY)
            self.refresh_bindings()
            return
        reading = self._readings.get(key)
        if reading is None:
            reading = self._readings[key] = Reading(leaf)
        reading.leaf = leaf
        if reading is not self.shown:
            self.shown = reading
            self._show(reading)

    @work(exclusive=True, group="show")
    async def _show(self, reading: Reading) -> None:
        self._show_details()
        self.query_one(PageTabs).set_options(
            ["Resources", reading.leaf.pieces[-1], "Content"], self.PAGES.index(self.page)
        )
        if reading.draft is not None:
            await self._details.view.show(reading.draft, self._complete)
            if self._entering is reading:
                self.go_to("details")
        self._entering = None
        self.show_content(reading)
        self.refresh_bindings()
        self.ask_cache()
        if not reading.looked_up:
            await self.look_up(reading)
            if reading is self.shown:
                self.query_one(CallView).set_earlier(reading.earlier)

    def chosen_changed(self) -> None:
        self._show_details()

    def marks_changed(self) -> None:
        self._rows.followed = {key for key, reading in self._readings.items() if reading.follows}
        self.query_one(ResourceList).show()
        self._show_details()

    def look_at_content(self) -> None:
        self.go_to("content", focus=self.one_at_a_time)

    def _show_details(self) -> None:
        reading = self.reading
        if reading is None:
            return
        uri = reading.uri
        cached = self.cached[1] if self.cached is not None and self.cached[0] == uri else None
        record = reading.record
        self._details.show(
            About(
                reading.leaf,
                uri,
                self.workbench.clock.now(),
                cached,
                uri in self.subscribed,
                self.changes.notices_of(uri),
                self.changes.changed_at(uri),
                record.started if record is not None and record.target == uri else 0.0,
            )
        )

    @on(FormView.Changed)
    def _edited(self) -> None:
        self._show_details()
        self.refresh_bindings()
        self.ask_cache()

    async def _complete(self, argument: str, typed: str, others: Mapping[str, Any]) -> Sequence[str]:
        """The server's suggestions for a variable of the selected template."""
        if self.reading is None:
            return []
        reference = {"type": "ref/resource", "uri": self.reading.leaf.uri}
        known = {name: value for name, value in others.items() if isinstance(value, str)}
        return await self.engine.complete(reference, argument, typed, known, protocol=self.protocol)

    # -- pages

    def focus_page(self, page: str) -> None:
        if page == "list":
            self._rows.focus()
        elif page == "content":
            self.focus_content()
        elif self._details.view.display and self._details.view.has_fields:
            self._details.view.focus_first()
        else:
            self.query_one("#read").focus()

    async def action_back(self) -> None:
        focused = self.focused
        here = focused.ancestors_with_self if focused is not None else []
        if any(isinstance(node, ResourceDetails | CallView | StreamView) for node in here):
            self.go_to("list")
        elif self.query_one(FilterLine).value:
            self.query_one(FilterLine).value = ""
        else:
            await self.workbench.action_back()

    def action_filter(self) -> None:
        self.go_to("list", focus=False)
        self.query_one(FilterLine).focus()

    # -- actions

    @on(ResourceDetails.Wanted)
    async def _wanted(self, event: ResourceDetails.Wanted) -> None:
        event.stop()
        await self.run_action(event.action)

    @on(FormView.Submitted)
    def action_read(self) -> None:
        reading = self.reading
        if reading is None:
            return
        uri = self.uri_or_ask(reading)
        if not uri:
            return
        if reading.under_way is not None:
            self.notify("Already reading; press ctrl+g to cancel")
            return
        reading.target, reading.looked_at = uri, "call"
        self.show_content(reading)
        if self.query_one(CallView).view == "earlier":
            self.query_one(CallView).view = "result"
        self.begin(
            reading,
            {},
            lambda key, progressed: self.engine.read(
                uri, protocol=self.protocol, timeout=self.limit, on_progress=progressed, key=key
            ),
        )
        self.look_at_content()

    def uri_or_ask(self, reading: Reading) -> str:
        uri = reading.uri
        if not uri:
            self._details.view.ready()
            self.go_to("details")
            self.notify("Fill in the variables first", severity="warning")
        return uri

    def job_ended(self, job: Job) -> None:
        self._show_details()
        self.ask_cache()

    @on(CallView.Chosen)
    def _earlier_chosen(self, event: CallView.Chosen) -> None:
        if self.shown is not None:
            self.shown.record = event.record
            self.show_call(self.shown)

    def action_fault(self) -> None:
        from workbench.screens.faults.setting import FaultScreen

        reading = self.reading
        if reading is not None:
            names = (reading.leaf.uri, reading.uri, reading.leaf.owner.module)
            self.app.push_screen(FaultScreen(self.workbench, names))

    def action_protocol(self) -> None:
        from workbench.engine import PROTOCOLS

        known = list(PROTOCOLS)
        place = known.index(self.protocol) if self.protocol in known else -1
        self.protocol = known[(place + 1) % len(known)]
        self.take_list()
