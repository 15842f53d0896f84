"""The resources screen: browse, read, subscribe; see what is kept in the cache and what changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical

from workbench.forms import Form, FormError, JsonError
from workbench.screens.calling import CallingScreen, Job
from workbench.screens.paged import PagedScreen, PageTabs
from workbench.state import Snapshot
from workbench.text import one_line
from workbench.widgets.binding import bind
from workbench.widgets.callview import CallView
from workbench.widgets.filterline import FilterLine
from workbench.widgets.formview import Draft, FormView

from .changes import Changes
from .details import About, Cached, ResourceDetails
from .keys import RESOURCES
from .resourcelist import ResourceList, ResourceRows
from .tree import Leaf, ResourceTree, leaves_of
from .variables import schema_of, uri_of

if TYPE_CHECKING:
    from textual.timer import Timer

LIST_SECONDS = 0.3
"""The list is taken anew at most this often, however fast files come and go."""

READY = (
    "Enter or r reads it. What comes shows here, with the trace\nthat tells whether it came from the cache."
)


class Reading(Job):
    """A resource or template with its reads; a template also with its variables."""

    def __init__(self, leaf: Leaf) -> None:
        super().__init__("resources/read", leaf.uri)
        self.leaf = leaf
        self.draft = Draft(Form(schema_of(leaf.uri))) if leaf.kind == "template" else None

    @property
    def uri(self) -> str:
        """What would be read; empty while a template's variables are missing."""
        if self.draft is None:
            return self.leaf.uri
        try:
            return uri_of(self.leaf.uri, self.draft.arguments())
        except (FormError, JsonError):
            return ""


class ResourcesScreen(PagedScreen, CallingScreen):
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
    PARTS: ClassVar = {
        "list": ("#list",),
        "details": ("#right", "#details"),
        "content": ("#right", "#content"),
    }
    BINDINGS = bind(*RESOURCES)
    HELP: ClassVar = (
        "The server's resources. Read one, and see whether it came from the cache and how long it lives there; "
        "subscribe, and see the notices that both of the workbench's clients get. What changes is marked."
    )

    def __init__(self) -> None:
        super().__init__()
        self.resources = ResourceTree()
        self.changes = Changes()
        self.subscribed: set[str] = set()
        self._readings: dict[str, Reading] = {}
        self._cached: tuple[str, Cached] | None = None
        self._revisions: tuple[object, ...] = ()
        self._cache_state: object = None
        self._list_timer: Timer | None = None
        self._listed_at = 0.0
        self._entering: Reading | None = None

    def body(self) -> ComposeResult:
        yield PageTabs(["Resources", "Resource", "Content"])
        yield ResourceList(self.resources)
        with Vertical(id="right"):
            yield ResourceDetails()
            yield CallView("Content", empty=READY, id="content")

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

    @property
    def _reading(self) -> Reading | None:
        """What is chosen."""
        return self.shown if isinstance(self.shown, Reading) else None

    # -- what is new

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        self.changes.batches(new.batches)
        noticed = self.changes.notices(new.notices)
        revisions = (new.started, new.resources_revision)
        if new.phase == "running" and revisions != self._revisions:
            self._revisions = revisions
            self._list_soon()
        if new.batches is not old.batches or noticed:
            self._rows.refresh()
            self._show_details()
        if new.cache is not self._cache_state:
            self._cache_state = new.cache
            self._ask_cache()

    def watch_now(self) -> None:
        super().watch_now()
        if self.changes.forget_old(self.now):
            self._rows.refresh()
        self._show_details()

    def _list_soon(self) -> None:
        if self._list_timer is None:
            wait = self._listed_at + LIST_SECONDS - self.workbench.clock.monotonic()
            self._list_timer = self.set_timer(max(wait, 0.001), self._list)

    @work(exclusive=True, group="list")
    async def _list(self) -> None:
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
        self.query_one(ResourceList).show()
        self._details.show_protocol(self.protocol)
        self._choose(self._rows.current_key)

    # -- choosing

    @on(ResourceRows.Moved, "ResourceRows")
    def _moved(self, event: ResourceRows.Moved) -> None:
        self._choose(event.key)

    @on(ResourceRows.Opened, "ResourceRows")
    def _opened(self, event: ResourceRows.Opened) -> None:
        self._choose(event.key)
        reading = self._reading
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
        self.show_call(reading)
        self.refresh_bindings()
        self._ask_cache()
        if not reading.looked_up:
            await self.look_up(reading)
            if reading is self.shown:
                self.query_one(CallView).set_earlier(reading.earlier)

    def _show_details(self) -> None:
        reading = self._reading
        if reading is None:
            return
        uri = reading.uri
        cached = self._cached[1] if self._cached is not None and self._cached[0] == uri else None
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
        self._ask_cache()

    async def _complete(self, argument: str, typed: str, others: Mapping[str, Any]) -> Sequence[str]:
        """What the server suggests for a variable of the chosen template."""
        if self._reading is None:
            return []
        reference = {"type": "ref/resource", "uri": self._reading.leaf.uri}
        known = {name: value for name, value in others.items() if isinstance(value, str)}
        return await self.engine.complete(reference, argument, typed, known, protocol=self.protocol)

    # -- the cache

    @work(exclusive=True, group="cache")
    async def _ask_cache(self) -> None:
        from workbench.engine import EngineError

        reading = self._reading
        uri = reading.uri if reading is not None else ""
        if reading is None or not uri or not reading.leaf.owner.cached:
            return
        try:
            entry = await self.engine.cache_entry(uri)
        except EngineError:
            return  # there is no server, which the header tells
        self._cached = (uri, Cached(entry, self.workbench.clock.now()))
        self._show_details()

    # -- where one is

    def focus_page(self, page: str) -> None:
        if page == "list":
            self._rows.focus()
        elif page == "content":
            self.query_one(CallView).focus_view()
        elif self._details.view.display and self._details.view.has_fields:
            self._details.view.focus_first()
        else:
            self.query_one("#read").focus()

    async def action_back(self) -> None:
        focused = self.focused
        here = focused.ancestors_with_self if focused is not None else []
        if any(isinstance(node, ResourceDetails | CallView) for node in here):
            self.go_to("list")
        elif self.query_one(FilterLine).value:
            self.query_one(FilterLine).value = ""
        else:
            await self.workbench.action_back()

    def action_filter(self) -> None:
        self.go_to("list", focus=False)
        self.query_one(FilterLine).focus()

    # -- what one can do

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        reading = self._reading
        if action in ("read", "subscribe"):
            return reading is not None
        if action == "evict":
            return reading is not None and reading.leaf.owner.cached
        return super().check_action(action, parameters)

    @on(ResourceDetails.Wanted)
    async def _wanted(self, event: ResourceDetails.Wanted) -> None:
        event.stop()
        await self.run_action(event.action)

    @on(FormView.Submitted)
    def action_read(self) -> None:
        reading = self._reading
        if reading is None:
            return
        uri = self._uri(reading)
        if not uri:
            return
        if reading.under_way is not None:
            self.notify("It is being read; ctrl+g cancels that")
            return
        reading.target = uri
        if self.query_one(CallView).view == "earlier":
            self.query_one(CallView).view = "result"
        self.begin(
            reading,
            {},
            lambda key, progressed: self.engine.read(
                uri, protocol=self.protocol, timeout=self.limit, on_progress=progressed, key=key
            ),
        )
        self.go_to("content", focus=self.one_at_a_time)

    def _uri(self, reading: Reading) -> str:
        """The URI that is chosen; empty, and said why, while a template's variables are missing."""
        uri = reading.uri
        if not uri:
            self._details.view.ready()
            self.go_to("details")
            self.notify("Fill in the variables first", severity="warning")
        return uri

    def job_ended(self, job: Job) -> None:
        self._show_details()
        self._ask_cache()

    @on(CallView.Chosen)
    def _earlier_chosen(self, event: CallView.Chosen) -> None:
        if self.shown is not None:
            self.shown.record = event.record
            self.show_call(self.shown)

    @work(group="subscribe")
    async def action_subscribe(self) -> None:
        from workbench.engine import EngineError

        reading = self._reading
        uri = self._uri(reading) if reading is not None else ""
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
        self.query_one(ResourceList).show()
        self._show_details()

    @work(group="evict")
    async def action_evict(self) -> None:
        from workbench.engine import EngineError

        reading = self._reading
        uri = self._uri(reading) if reading is not None else ""
        if not uri:
            return
        try:
            there = await self.engine.evict(uri)
        except EngineError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.notify(f"{one_line(uri)} is evicted" if there else "It was not in the cache", markup=False)
        self._ask_cache()

    def action_protocol(self) -> None:
        from workbench.engine import PROTOCOLS

        known = list(PROTOCOLS)
        place = known.index(self.protocol) if self.protocol in known else -1
        self.protocol = known[(place + 1) % len(known)]
        self._list()
