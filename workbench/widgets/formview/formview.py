"""A form on the screen: the arguments as fields or as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Static

from server_core.masking import contains_mask
from workbench.forms import JsonError, ObjectField
from workbench.widgets.binding import bind
from workbench.widgets.whole import whole

from .checked import CheckedForm
from .draft import Draft
from .editor import FieldEditor
from .fieldrow import INDENT
from .keys import FORM
from .views import AddButton, FieldView, views_of

CHECK_SECONDS = 0.25
"""Delay after typing before the arguments are checked, in seconds."""

SUGGEST_SECONDS = 0.12
"""Delay after typing before suggestions are requested, in seconds."""

MOST_COLUMN = 32

Complete = Callable[[str, str, Mapping[str, Any]], Awaitable[Sequence[str]]]
"""`(field, typed so far, the other arguments) -> suggestions`."""


class FormView(CheckedForm):
    """Shows a draft for editing."""

    BINDINGS = bind(*FORM)
    HELP = (
        "A form for the arguments. Tab moves between fields. Omitted fields are not sent; omitted, empty and null "
        "are different values, and f2 switches between them. f3 shows everything as JSON."
    )

    class Changed(Message):
        """The arguments changed."""

    class Submitted(Message):
        """Enter was pressed in the last field."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._complete: Complete | None = None
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Vertical(classes="fields")
        with Vertical(classes="json"):
            yield FieldEditor(lines=True)
        yield Static(classes="trouble", markup=False)

    # -- the draft

    async def show(self, draft: Draft, complete: Complete | None = None) -> None:
        """Show `draft`; `complete` returns suggestions."""
        self.draft = draft
        self._complete = complete
        self.tried = False
        await self._rebuild()
        self.check()

    async def fill(self, arguments: Mapping[str, Any]) -> None:
        """Fill in arguments."""
        self.draft.fill(arguments)
        await self._rebuild()
        self._noted()

    @whole
    async def _rebuild(self) -> None:
        raw = self.draft.text is not None
        self.set_class(raw, "-json")
        fields = self.query_one(".fields", Vertical)
        await fields.remove_children()
        await fields.mount_all(self._views())
        self._align()
        if raw:
            self.json_editor.show(self.draft.text or "")

    def _views(self) -> list[Widget]:
        root = self.draft.form.root
        if isinstance(root, ObjectField) and root.state == "value":
            found = views_of(root, 0)
            return found or [Static("No arguments.", classes="none", markup=False)]
        return [FieldView(root, 0, label="arguments")]

    def _align(self) -> None:
        """Align all inputs at one column."""
        views = list(self.query(FieldView))
        deepest = max((INDENT * view.depth for view in views), default=0)
        column = max((view.wanted for view in views), default=0)
        column = min(column, MOST_COLUMN + deepest)
        for view in views:
            view.align(column)

    @on(FieldView.Changed)
    def _field_changed(self, event: FieldView.Changed) -> None:
        event.stop()
        if event.rearranged:
            self.call_after_refresh(self._align)
            self.refresh_bindings()
        self._noted()

    def _noted(self) -> None:
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(CHECK_SECONDS, self.check)
        self.post_message(self.Changed())

    # -- keys

    def focus_first(self) -> None:
        """Focus the first field."""
        if self.draft.text is not None:
            self.json_editor.focus()
            return
        first = next(iter(self.query(FieldView).results()), None)
        if first is not None:
            first.control.focus()
        elif buttons := list(self.query(AddButton)):
            buttons[0].focus()

    @property
    def has_fields(self) -> bool:
        """Whether it has anything to focus."""
        return self.draft.text is not None or bool(self.query(FieldView)) or bool(self.query(AddButton))

    @property
    def _here(self) -> FieldView | None:
        """The focused field."""
        focused = self.screen.focused
        if focused is None:
            return None
        return next((node for node in focused.ancestors_with_self if isinstance(node, FieldView)), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        here = self._here
        if action in ("state", "field_json"):
            return here is not None
        if action == "reveal":
            return here is not None and here.field.secret
        if action == "add":
            return here is not None and self._group_here() is not None
        if action in ("remove", "move_item"):
            return self._item_here() is not None
        return super().check_action(action, parameters)

    def _group_here(self) -> FieldView | None:
        here = self._here
        nodes = here.ancestors_with_self if here is not None else []
        return next((node for node in nodes if isinstance(node, FieldView) and node.group is not None), None)

    def _item_here(self) -> FieldView | None:
        here = self._here
        nodes = here.ancestors_with_self if here is not None else []
        return next((node for node in nodes if isinstance(node, FieldView) and node.is_item), None)

    async def action_state(self) -> None:
        if self._here is not None:
            await self._here.cycle()

    async def action_field_json(self) -> None:
        if self._here is not None:
            await self._here.toggle_json()

    def action_reveal(self) -> None:
        if self._here is not None and isinstance(self._here.control, FieldEditor):
            self._here.control.reveal()

    async def action_add(self) -> None:
        group = self._group_here()
        if group is not None:
            await group.add()

    def action_remove(self) -> None:
        item = self._item_here()
        if item is not None:
            item.remove_it()

    def action_move_item(self, by: int) -> None:
        item = self._item_here()
        if item is not None:
            item.move_it(by)

    async def action_json(self) -> None:
        """Edit everything as JSON, or return to the form if the JSON is valid."""
        if self.draft.text is None:
            self.draft.text = self.draft.form.to_json()
        else:
            try:
                self.draft.form.from_json(self.draft.text)
            except JsonError as error:
                self._tell_json(error)
                self.notify("Invalid JSON. Fix it to return to the form", severity="warning")
                return
            self.draft.text = None
        await self._rebuild()
        self.focus_first()
        self._noted()

    # -- messages of the fields

    @on(FieldEditor.Changed)
    def _json_typed(self, event: FieldEditor.Changed) -> None:
        event.stop()
        editor = event.text_area
        if isinstance(editor, FieldEditor) and editor.text != editor.known and self.draft.text is not None:
            editor.known = self.draft.text = editor.text
            self._noted()

    @on(FieldEditor.Unseen)
    def _unseen_json(self, event: FieldEditor.Unseen) -> None:
        event.stop()
        self.notify(
            "The text has invisible characters. Write them as JSON escapes, such as \\u001b",
            severity="warning",
        )

    @on(FieldEditor.Next)
    def _next(self, event: FieldEditor.Next) -> None:
        event.stop()
        controls = [view.control for view in self.query(FieldView)]
        focused = self.screen.focused
        if focused is controls[-1]:
            self.post_message(self.Submitted())
        else:
            self.screen.focus_next()

    @on(FieldView.Rearranged)
    async def _rearranged(self, event: FieldView.Rearranged) -> None:
        event.stop()
        owner = next(
            (view for view in self.query(FieldView) if event.group in (view.field, view.chosen_part)), None
        )
        if owner is None:
            await self._rebuild()
            self.focus_first()
        else:
            await owner.rebuild_parts()
            self._align()
            owner.focus_part(event.then)
        self._noted()

    @on(Button.Pressed)
    async def _add_at_root(self, event: Button.Pressed) -> None:
        event.stop()
        root = self.draft.form.root
        if isinstance(root, ObjectField):
            new = root.add_entry()
            await self._rebuild()
            for view in self.query(FieldView):
                if view.entry is new:
                    (view.name_line or view.control).focus()
            self._noted()

    # -- suggestions

    @on(FieldView.Typed)
    def _suggest(self, event: FieldView.Typed) -> None:
        event.stop()
        if self._complete is not None:
            self._ask(self._complete, event.view)

    @work(exclusive=True, group="complete", exit_on_error=False)
    async def _ask(self, complete: Complete, view: FieldView) -> None:
        await asyncio.sleep(SUGGEST_SECONDS)
        editor = view.control
        drafts = self.draft.form.root.draft()
        others = {
            name: value
            for name, value in drafts.items()
            if name != view.field.key and not contains_mask(value)
        }
        if isinstance(editor, FieldEditor):
            typed = editor.text
            found = await complete(str(view.field.key), typed, others)
            if editor.is_attached and editor.has_focus and editor.text == typed:
                await view.suggest([word for word in found if word != typed])
