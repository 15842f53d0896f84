"""The Tools screen: select a tool, fill in its form, run it, see the result."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from workbench.forms import FormError, JsonError
from workbench.records import CallRecord
from workbench.screens.calling import CallingScreen, Job, Progressed
from workbench.screens.faults.kinds import names_with_faults
from workbench.screens.paged import PagedScreen, PageTabs
from workbench.state import Snapshot
from workbench.text import one_line
from workbench.widgets.binding import bind
from workbench.widgets.callview import CallView
from workbench.widgets.filterline import FilterLine
from workbench.widgets.formview import Draft, FormView
from workbench.widgets.whole import whole

from .entries import entries_of
from .keys import TOOLS
from .toolform import ToolForm
from .toollist import EntryRows, ToolList
from .work import Work

LIMITS: tuple[float | None, ...] = (None, 5.0, 30.0, 300.0)
SETTLE_SECONDS = 0.04
"""How long the highlight stays on a tool before its form is built: it may be moving on."""

PAINT_SECONDS = 0.1
"""How long the form waits for the list's paint."""

NOTHING_YET = "Select a tool or prompt in the list."
READY = "Press f5 to run it. The result shows here, with a trace\nof where the time went and the messages on the wire."


class ToolsScreen(PagedScreen, CallingScreen):
    """Tools and prompts."""

    MODE = "tools"
    CSS_PATH = [  # noqa: RUF012 - Textual declares it so
        "tools.tcss",
        "../../widgets/formview/formview.tcss",
        "../../widgets/callview/callview.tcss",
        "../../widgets/textview/textview.tcss",
    ]
    AUTO_FOCUS = "EntryRows"
    PAGES = ("list", "form", "result")
    SCROLLED = "#form VerticalScroll"
    PARTS: ClassVar = {"list": ("#list",), "form": ("#right", "#form"), "result": ("#right", "#result")}
    BINDINGS = bind(*TOOLS)
    HELP = (
        "Call the server's tools and render its prompts. Select one, fill in its form and press f5. The result comes "
        "with a trace of where the time went and the messages on the wire; arguments are remembered for each tool."
    )

    def __init__(self) -> None:
        super().__init__()
        self._works: dict[str, Work] = {}
        self._revisions: tuple[object, ...] = ()
        self._entering: Work | None = None
        self._is_open = False

    def body(self) -> ComposeResult:
        yield PageTabs(["Tools", "Form", "Result"])
        yield ToolList()
        with Vertical(id="right"):
            yield Static(NOTHING_YET, classes="panel", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.go_to("list", focus=False)

    async def _list_painted(self) -> None:
        """Wait until the list is painted: the user needs it before the form."""
        painted = asyncio.Event()
        self.call_after_refresh(painted.set)
        with contextlib.suppress(TimeoutError):  # another screen is shown
            await asyncio.wait_for(painted.wait(), PAINT_SECONDS)

    @whole
    async def _open(self) -> None:
        """Build the form and the result."""
        if self._is_open:
            return
        right = self.query_one("#right", Vertical)
        await right.remove_children()
        await right.mount_all([ToolForm(), CallView("Result", empty=READY, id="result")])
        self._tool_form.show_entry(None)
        self.go_to("list", focus=False)
        self._is_open = True

    @property
    def _tool_form(self) -> ToolForm:
        return self.query_one(ToolForm)

    @property
    def _rows(self) -> EntryRows:
        return self.query_one(EntryRows)

    @property
    def _work(self) -> Work | None:
        """The selected entry."""
        return self.shown if isinstance(self.shown, Work) else None

    # -- the list

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        self.show_log(old, new)
        if new.faults is not old.faults:
            self.query_one(ToolList).mark_faults(names_with_faults(new.faults))
        revisions = (new.started, new.tools_revision, new.prompts_revision)
        if new.phase == "running" and revisions != self._revisions:
            self._revisions = revisions
            self._list()

    @work(exclusive=True, group="list")
    async def _list(self) -> None:
        from workbench.engine import NEWEST, EngineError

        self.protocol = self.protocol or NEWEST
        try:
            tools = await self.engine.list_tools(self.protocol)
            prompts = await self.engine.list_prompts(self.protocol)
            owners = await self.engine.owners()
        except EngineError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        entries = entries_of(tools, prompts, owners)
        known = {entry.key for entry in entries}
        changed = {
            entry.key
            for entry in entries
            if entry.key in self._works and self._works[entry.key].change_to(entry)
        }
        for entry in entries:
            self._works.setdefault(entry.key, Work(entry))
        for key in [key for key in self._works if key not in known]:
            del self._works[key]
        self.query_one(ToolList).show(entries)
        if not self._is_open:
            await self._list_painted()
            await self._open()
        self._tool_form.show_choices(self.protocol, self.limit)
        shown = self.shown
        if isinstance(shown, Work) and shown.entry.key in changed:
            self.notify(
                f"{one_line(shown.entry.name)} has different arguments now; the ones that still fit were kept",
                markup=False,
            )
            self._show(shown)
        else:
            self._choose(self._rows.current_key)

    def job_changed(self, job: Job) -> None:
        marks = {
            key: "running" if work.under_way else work.record.outcome if work.record else ""
            for key, work in self._works.items()
        }
        self.query_one(ToolList).mark(marks)
        self._tool_form.show_running(self.runs)

    @on(EntryRows.Moved, "EntryRows")
    def _moved(self, event: EntryRows.Moved) -> None:
        self._choose(event.key)

    @on(EntryRows.Opened, "EntryRows")
    def _opened(self, event: EntryRows.Opened) -> None:
        self._choose(event.key, enter=True)

    def _choose(self, key: str, *, enter: bool = False) -> None:
        if not self._is_open:
            return  # `_list` handles it later
        work = self._works.get(key)
        if work is not self.shown or work is None:
            self.shown = work
            self._show(work, enter=enter)
        elif enter and self._tool_form.view.draft is work.draft:
            self.go_to("form")
        elif enter:
            self._entering = work

    @work(exclusive=True, group="show")
    async def _show(self, work: Work | None, *, enter: bool = False) -> None:
        """Show a tool; with `enter`, focus its form."""
        if not enter:
            await asyncio.sleep(SETTLE_SECONDS)
        form = self._tool_form
        form.show_running(self.runs)
        form.show_entry(work.entry if work is not None else None)
        if work is None:
            self.query_one(CallView).show_nothing("")
            return
        self.query_one(PageTabs).set_options(
            ["Tools", work.entry.name, "Result"], self.PAGES.index(self.page)
        )
        if not work.looked_up:
            await self.look_up(work)
            if work.earlier and not work.touched:
                work.draft.fill(work.earlier[0].arguments)
        await form.view.show(work.draft, self.complete if work.entry.kind == "prompt" else None)
        self.show_call(work)
        if enter or self._entering is work:
            self.go_to("form")
        self._entering = None

    @on(FormView.Changed)
    def _edited(self) -> None:
        if self._work is not None:
            self._work.touched = True

    # -- pages

    def focus_page(self, page: str) -> None:
        if page == "list" or not self._is_open:
            self._rows.focus()
        elif page == "result":
            self.query_one(CallView).focus_view()
        elif self._tool_form.view.has_fields:
            self._tool_form.view.focus_first()
        else:
            self.query_one("#run").focus()

    async def action_back(self) -> None:
        focused = self.focused
        here = focused.ancestors_with_self if focused is not None else []
        if any(isinstance(node, ToolForm) for node in here):
            self.go_to("list")
        elif any(isinstance(node, CallView) for node in here):
            self.go_to("form" if self.one_at_a_time else "list")
        elif self.query_one(FilterLine).value:
            self.query_one(FilterLine).value = ""
        else:
            await self.workbench.action_back()

    def action_filter(self) -> None:
        self.go_to("list", focus=False)
        self.query_one(FilterLine).focus()

    # -- actions

    @on(ToolForm.Wanted)
    async def _wanted(self, event: ToolForm.Wanted) -> None:
        event.stop()
        if event.action == "json":
            await self._tool_form.view.action_json()
        else:
            await self.run_action(event.action)

    @on(FormView.Submitted)
    def _submitted(self) -> None:
        self.query_one("#run").focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("run", "clear", "fault"):
            return self.shown is not None
        return super().check_action(action, parameters)

    def action_run(self) -> None:
        work = self._work
        if work is None:
            return
        if work.under_way is not None:
            self.notify(f"{one_line(work.entry.name)} is still running; press ctrl+g to cancel", markup=False)
            return
        arguments = self._arguments(work)
        if arguments is None:
            self.go_to("form", focus=False)
            self.notify("Can't send yet: fix the fields marked with ✗", severity="error")
            return
        work.touched = True
        if self.query_one(CallView).view == "earlier":
            self.query_one(CallView).view = "result"
        self.begin(work, arguments, lambda key, progressed: self._make(work, arguments, key, progressed))
        self.go_to("result", focus=self.one_at_a_time)

    def _arguments(self, work: Work) -> dict[str, Any] | None:
        """The arguments to send; `None` if they can't be sent, which the form explains."""
        view = self._tool_form.view
        if view.draft is work.draft:
            return view.ready()
        try:
            return work.draft.arguments()  # its form is not mounted yet
        except (FormError, JsonError):
            return None

    def _make(
        self, work: Work, arguments: dict[str, Any], key: str, progressed: Progressed
    ) -> Awaitable[CallRecord]:
        options: Any = {"protocol": self.protocol, "timeout": self.limit, "key": key}
        if work.entry.kind == "tool":
            return self.engine.call_tool(work.entry.name, arguments, on_progress=progressed, **options)
        return self.engine.get_prompt(work.entry.name, arguments, **options)

    async def complete(self, argument: str, typed: str, others: Mapping[str, Any]) -> Sequence[str]:
        """The server's suggestions for an argument of the selected prompt."""
        if self._work is None:
            return []
        known = {name: value for name, value in others.items() if isinstance(value, str)}
        reference = {"type": "ref/prompt", "name": self._work.entry.name}
        return await self.engine.complete(reference, argument, typed, known, protocol=self.protocol)

    @on(CallView.Chosen)
    async def _earlier_chosen(self, event: CallView.Chosen) -> None:
        work = self._work
        if work is not None:
            work.record, work.touched = event.record, True
            await self._tool_form.view.fill(event.record.arguments)
            self.show_call(work)
            self.notify("The form now has that call's arguments")

    async def action_clear(self) -> None:
        work = self._work
        if work is not None:
            work.draft, work.touched = Draft(work.empty_form()), True
            await self._tool_form.view.show(work.draft)
            self.go_to("form")

    def action_fault(self) -> None:
        from workbench.screens.faults.setting import FaultScreen

        work = self._work
        if work is not None:
            entry = work.entry
            self.app.push_screen(FaultScreen(self.workbench, (entry.name, entry.owner.module)))

    async def action_json(self) -> None:
        if self._is_open and self._work is not None:
            await self._tool_form.view.action_json()

    def action_protocol(self) -> None:
        from workbench.engine import PROTOCOLS

        known = list(PROTOCOLS)
        self.protocol = (
            known[(known.index(self.protocol) + 1) % len(known)] if self.protocol in known else known[-1]
        )
        self._list()

    def action_limit(self) -> None:
        if not self._is_open:
            return
        self.limit = LIMITS[(LIMITS.index(self.limit) + 1) % len(LIMITS)]
        self._tool_form.show_choices(self.protocol, self.limit)
