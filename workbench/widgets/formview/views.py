"""A field on the screen: its label, input, notes, and the fields below it."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input

from workbench.forms import (
    Field,
    JsonField,
    ListField,
    NumberField,
    ObjectField,
    TextField,
    UnionField,
    dump_json,
)
from workbench.widgets.segments import Segments
from workbench.widgets.whole import whole

from .choices import choose, chosen_of, options_of
from .editor import FieldEditor
from .fieldrow import FieldRow, NameLine, Told
from .saying import has_lines, hint_of, is_part_of_choice, is_typed, text_of
from .suggestions import Suggestions

MOST_SAID = 60
"""Longer notes may be truncated and are shown in full in a tooltip."""


class FieldView(FieldRow):
    """One field with the fields below it."""

    class Changed(Message):
        """A value was typed or selected; `rearranged` if the set of fields changed."""

        def __init__(self, *, rearranged: bool = False) -> None:
            super().__init__()
            self.rearranged = rearranged

    class Typed(Message):
        """Text was typed into the field of `view`."""

        def __init__(self, view: FieldView) -> None:
            super().__init__()
            self.view = view

    class Rearranged(Message):
        """The items or entries of `group` changed; `then` is the one to focus."""

        def __init__(self, group: Field, then: Field | None = None) -> None:
            super().__init__()
            self.group = group
            self.then = then

    # -- composition

    def compose(self) -> ComposeResult:
        if self.entry is not None:
            self.name_line = NameLine(self.entry.text, placeholder="name", compact=True)
            yield Horizontal(self.name_line, self._make_control())
        else:
            yield self._make_control()
        if isinstance(self.field, ObjectField | ListField | UnionField):
            below = list(self._parts())
            with Vertical(classes="parts") as parts:
                parts.display = bool(below)
                yield from below

    def _make_control(self) -> FieldEditor | Segments:
        if is_typed(self.field):
            self.edited = editor = FieldEditor(lines=has_lines(self.field))
            editor.masked = self.field.secret
            editor.show(text_of(self.field), hint_of(self.field))
            editor.set_class(self.field.state in ("omit", "null"), "-off")
        else:
            options = options_of(self.field)
            self.edited = Segments([option.label for option in options], chosen_of(self.field, options))
        if self.said:
            self.edited.HELP = f"{self.label}: {self.said}\n\n{self.edited.HELP}"  # type: ignore[misc]
            self.edited.tooltip = Content(self.said) if len(self.said) > MOST_SAID else None
        self.place()
        return self.edited

    def _parts(self) -> ComposeResult:
        field = self.field
        if field.state != "value":
            return
        if isinstance(field, ObjectField):
            yield from views_of(field, self.depth + 1)
        elif isinstance(field, ListField):
            for item in field.items:
                yield FieldView(item, self.depth + 1, label=f"[{item.key}]")
            yield AddButton("+ item", shown=field.can_grow)
        elif isinstance(field, UnionField):
            part = field.part
            if isinstance(part, ObjectField) and part.state == "value":
                yield from views_of(part, self.depth + 1)
            else:
                yield FieldView(part, self.depth + 1)

    # -- refreshing

    def refresh_state(self) -> None:
        """Show the field's current state and text."""
        control = self.edited
        if isinstance(control, FieldEditor):
            control.show(text_of(self.field), hint_of(self.field))
            control.set_class(self.field.state in ("omit", "null"), "-off")
            self.refresh(Region(0, 0, self.size.width, 1))
        elif isinstance(control, Segments):
            control.chosen = chosen_of(self.field, options_of(self.field))

    async def rebuild(self, *, focus: bool = True) -> None:
        """Rebuild the field after its kind of input changed."""
        await self._rebuild_control(focus)
        await self.rebuild_parts()

    @whole
    async def _rebuild_control(self, focus: bool) -> None:
        old = self.edited
        if old is not None and isinstance(old, FieldEditor) is not is_typed(self.field):
            await old.parent.mount(self._make_control(), after=old)  # type: ignore[union-attr]
            await old.remove()
            if focus:
                self.control.focus()
        else:
            self.refresh_state()

    @whole
    async def rebuild_parts(self) -> None:
        """Rebuild the fields below this one."""
        for parts in self.query_children(".parts"):
            await parts.remove_children()
            below = list(self._parts())
            parts.display = bool(below)
            await parts.mount_all(below)

    def _told_owner(self, *, rearranged: bool = False) -> None:
        """Update the parent choice, which shows the filled-in alternative."""
        owner = next((node for node in self.ancestors if isinstance(node, FieldView)), None)
        if owner is not None and isinstance(owner.field, UnionField):
            owner.refresh_state()
        self.post_message(self.Changed(rearranged=rearranged))

    # -- user input

    @on(FieldEditor.Changed)
    def _typed(self, event: FieldEditor.Changed) -> None:
        event.stop()
        editor = event.text_area
        if not isinstance(editor, FieldEditor) or editor.text == editor.known:
            return
        editor.known = editor.text
        if self.field.state == "json" or isinstance(self.field, JsonField):
            self.field.type_json(editor.text)
        elif isinstance(self.field, TextField | NumberField):
            self.field.type(editor.text)
            self.post_message(self.Typed(self))
        self.refresh_state()
        self._told_owner()

    @on(FieldEditor.Emptied)
    def _emptied(self, event: FieldEditor.Emptied) -> None:
        event.stop()
        if self.field.omittable:
            self.field.set_state("omit")
            self.field.part_changed(self.field)
            self.refresh_state()
            self._told_owner()

    @on(FieldEditor.Unseen)
    async def _unseen(self, event: FieldEditor.Unseen) -> None:
        event.stop()
        self.field.type_json(dump_json(event.text))
        self.notify("Invisible characters pasted: the field is now JSON and shows them as escapes")
        await self.rebuild()
        self._told_owner(rearranged=True)

    @on(Segments.Chosen)
    async def _chosen(self, event: Segments.Chosen) -> None:
        event.stop()
        choose(self.field, options_of(self.field)[event.place])
        await self.rebuild_parts()
        self._told_owner(rearranged=True)

    @on(Input.Changed)
    async def _named(self, event: Input.Changed) -> None:
        event.stop()
        if self.entry is not None and event.value != self.entry.text:
            self.entry.rename(event.value)
            if self.field is not self.entry.field:
                self.field = self.entry.field
                await self.rebuild(focus=False)
            self._told_owner()

    async def on_click(self, event: events.Click) -> None:
        event.stop()
        mark = self.mark_at(event.x, event.y)
        if mark == "remove":
            self.remove_it()
        elif mark == "state":
            await self.cycle()
        else:
            self.control.focus()

    async def cycle(self) -> None:
        """Switch to the field's next state."""
        self.field.cycle()
        if isinstance(self.field.owner, UnionField):
            self.field.owner.part_changed(self.field)
        await self.rebuild()
        self._told_owner(rearranged=True)

    async def toggle_json(self) -> None:
        """Edit this field as JSON, or return to its parts."""
        if self.field.state == "json":
            trouble = self.field.leave_json()
            if trouble:
                self.notify(f"Can't leave JSON: {trouble}", severity="warning", markup=False)
        else:
            self.field.use_json()
        await self.rebuild()
        self._told_owner(rearranged=True)

    # -- suggestions

    @whole
    async def suggest(self, words: list[str]) -> None:
        """Show suggestions; an empty list hides them."""
        editor = self.control
        if isinstance(editor, FieldEditor):
            editor.suggesting = bool(words)
        shown = next(iter(self.query_children(Suggestions).results()), None)
        if shown is not None and words:
            shown.show_words(words)
        elif shown is not None:
            await shown.remove()
        elif words:
            shown = Suggestions(words)
            shown.styles.margin = (0, 0, 0, self._column)
            await self.mount(shown, after=self.edited)

    @on(FieldEditor.Asked)
    async def _asked(self, event: FieldEditor.Asked) -> None:
        event.stop()
        shown = next(iter(self.query_children(Suggestions).results()), None)
        if shown is None or event.key == "escape":
            await self.suggest([])
        elif event.key in ("enter", "tab"):
            await self._take(shown.current_key)
        else:
            shown.action_move(1 if event.key == "down" else -1)

    @on(Suggestions.Opened, "Suggestions")
    async def _suggested(self, event: Suggestions.Opened) -> None:
        event.stop()
        await self._take(event.key)

    async def _take(self, word: str) -> None:
        await self.suggest([])
        if isinstance(self.field, TextField):
            self.field.type(word)
            self.refresh_state()
            editor = self.control
            if isinstance(editor, FieldEditor):
                editor.move_cursor(editor.document.end)
            self._told_owner()

    # -- items and entries

    @on(Button.Pressed)
    async def _add_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        await self.add()

    @property
    def group(self) -> ListField | ObjectField | None:
        """The list or map to add an item to."""
        field = self.field.part if isinstance(self.field, UnionField) else self.field
        if field.state != "value":
            return None
        if isinstance(field, ListField) and field.can_grow:
            return field
        return field if isinstance(field, ObjectField) and field.shape.open else None

    async def add(self) -> None:
        """Add an item or an entry and focus it."""
        group = self.group
        if group is None:
            return
        new = group.add() if isinstance(group, ListField) else group.add_entry().field
        await self.rebuild_parts()
        self.post_message(self.Changed(rearranged=True))
        for view in self.query(FieldView):
            if view.field is new:
                (view.name_line or view.control).focus()

    def remove_it(self) -> None:
        """Remove this item or entry."""
        owner = self.field.owner
        if isinstance(owner, ListField | ObjectField):
            owner.remove(self.field)
            self.post_message(self.Rearranged(owner))

    def move_it(self, by: int) -> None:
        """Move this item up or down."""
        owner = self.field.owner
        if isinstance(owner, ListField) and owner.move(self.field, by):
            self.post_message(self.Rearranged(owner, self.field))

    def tell(self, told: Told) -> None:
        """Show the errors and warnings of this field and those below it."""
        for view in (self, *self.query(FieldView)):
            if view is self or not is_part_of_choice(view.field):
                view.say(*told.get(view.field.path, ((), ())))

    @property
    def chosen_part(self) -> Field | None:
        """The selected field of a choice."""
        return self.field.part if isinstance(self.field, UnionField) and self.field.state == "value" else None

    def focus_part(self, field: Field | None) -> None:
        """Focus the field below, or the button that adds one."""
        for view in self.query(FieldView):
            if view.field is field:
                view.control.focus()
                return
        (next(iter(self.query(AddButton).results()), None) or self.control).focus()


class AddButton(Button):
    """Adds an item or an entry."""

    HELP = "Adds an item to the list, or an entry to the map."

    def __init__(self, label: str, *, shown: bool = True) -> None:
        super().__init__(label, compact=True, classes="add")
        self.display = shown


def views_of(group: ObjectField, depth: int) -> list[Widget]:
    """The views of an object's fields and entries, and the button that adds an entry."""
    found: list[Widget] = [FieldView(field, depth, label=str(field.key)) for field in group.properties]
    found += [FieldView(entry.field, depth, entry) for entry in group.entries]
    if group.shape.open or group.entries:
        found.append(AddButton("+ entry"))
    return found
