"""A field on the screen: its label, where it is filled in, what there is to say of it, and the fields below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input

from workbench.forms import (
    EntryName,
    Field,
    JsonField,
    ListField,
    NumberField,
    ObjectField,
    Path,
    Problem,
    TextField,
    UnionField,
    constraints,
    default_text,
    dump_json,
    example_text,
    type_text,
)
from workbench.text import Tone, one_line
from workbench.widgets.segments import Segments
from workbench.widgets.spans import Span

from .choices import choose, chosen_of, options_of
from .editor import FieldEditor
from .parts import Label, Mark, Note
from .suggestions import Suggestions

MULTILINE = frozenset(
    (
        "sql",
        "code",
        "script",
        "body",
        "content",
        "text",
        "prompt",
        "markdown",
        "html",
        "xml",
        "yaml",
        "template",
    )
)
"""Names of texts that have lines."""

INDENT = 2
"""Cells that a field lies further to the right than the one that it is a part of."""

LEAST_LABEL = 8
LONG = 200
"""A text that may be so long is given lines."""

CHIPS: dict[str, tuple[str, Tone]] = {
    "omit": ("omit", "dim"),
    "null": ("null", "accent"),
    "empty": ("empty", "accent"),
    "value": ("value", ""),
    "json": ("JSON", "accent"),
}

Told = Mapping[Path, tuple[Sequence[Problem], Sequence[Problem]]]
"""What can't be sent and what does not fit, by the path of the field at which it is told."""


class NameLine(Input):
    """The name of an entry of a map."""

    HELP = "The entry's name. The empty name, and names that begin with a quote, are written in quotes."


class FieldView(Vertical):
    """One field, with everything below it."""

    class Changed(Message):
        """Something was typed or chosen."""

    class Typed(Message):
        """Something was typed into the field of `view`."""

        def __init__(self, view: FieldView) -> None:
            super().__init__()
            self.view = view

    class Rearranged(Message):
        """The items or entries of `group` are others now; `then` is the one to go to."""

        def __init__(self, group: Field, then: Field | None = None) -> None:
            super().__init__()
            self.group = group
            self.then = then

    def __init__(self, field: Field, depth: int = 0, entry: EntryName | None = None, label: str = "") -> None:
        super().__init__(classes="field")
        self.field = field
        self.depth = depth
        self.entry = entry
        self._label = label

    # -- making it

    def compose(self) -> ComposeResult:
        with Horizontal(classes="row"):
            if self.entry is not None:
                yield NameLine(self.entry.text, placeholder="name", compact=True, classes="label")
            else:
                yield Label(self._label, required=self.field.required and self.field.omittable)
            with Horizontal(classes="control"):
                yield from self._controls()
            if not self.field.omittable and self.field.owner is not None and not self._is_part_of_choice():
                yield Mark("remove", Span(" ✕", "dim"))
        yield Note(self._type_words(), one_line(self.field.shape.description, 600))
        if isinstance(self.field, ObjectField | ListField | UnionField):
            below = list(self._parts())
            with Vertical(classes="parts") as parts:
                parts.display = bool(below)
                yield from below

    def _is_part_of_choice(self) -> bool:
        return isinstance(self.field.owner, UnionField)

    def _controls(self) -> ComposeResult:
        if isinstance(self.field, TextField | NumberField | JsonField) or self.field.state == "json":
            editor = FieldEditor(lines=self._has_lines())
            editor.show(self._text(), self._hint())
            editor.set_class(self._is_off(), "-off")
            yield editor
            yield Mark("state", Span(*CHIPS[self._status()]))
        else:
            options = options_of(self.field)
            yield Segments([option.label for option in options], chosen_of(self.field, options))

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

    # -- what it says

    def _type_words(self) -> str:
        shape = self.field.shape
        words = [] if self._is_part_of_choice() and not constraints(shape) else [type_text(shape)]
        words += constraints(shape)
        if default := default_text(shape):
            words.append(f"default {default}")
        if example := example_text(shape):
            words.append(f"as {example}")
        if shape.trouble:
            words.append(shape.trouble)
        return ", ".join(words)

    def _status(self) -> str:
        field = self.field
        if field.state != "value":
            return field.state
        text = getattr(field, "text", "")
        if isinstance(field, NumberField):
            return "value" if text.strip() else "omit"
        return "empty" if isinstance(field, TextField) and not text else "value"

    def _is_off(self) -> bool:
        return self.field.state in ("omit", "null")

    def _text(self) -> str:
        if self.field.state == "json" or isinstance(self.field, JsonField):
            return self.field.json_text
        return getattr(self.field, "text", "")

    def _hint(self) -> str:
        if self.field.state == "null":
            return "null"
        if self.field.state == "json" or isinstance(self.field, JsonField):
            return "JSON"
        return default_text(self.field.shape) if self.field.state == "omit" else ""

    def _has_lines(self) -> bool:
        shape = self.field.shape
        if self.field.state == "json" or isinstance(self.field, JsonField):
            return True
        if not isinstance(self.field, TextField):
            return False
        most = shape.schema.get("maxLength")
        return (
            str(self.field.key).lower() in MULTILINE
            or "contentMediaType" in shape.schema
            or shape.schema.get("format") in ("multiline", "textarea", "markdown")
            or (isinstance(most, int) and most >= LONG)
        )

    # -- keeping up with the field

    @property
    def control(self) -> Widget:
        """What has the focus when this field is filled in."""
        return self.query_one(".control", Horizontal).children[0]

    def refresh_state(self) -> None:
        """Show the field's state and text as they are now."""
        control = self.control
        if isinstance(control, FieldEditor):
            control.show(self._text(), self._hint())
            control.set_class(self._is_off(), "-off")
            self.query_one(Mark).show(Span(*CHIPS[self._status()]))
        elif isinstance(control, Segments):
            control.chosen = chosen_of(self.field, options_of(self.field))

    async def rebuild(self, *, focus: bool = True) -> None:
        """Show the field as it is now, where what it is filled in with has changed."""
        controls = self.query_one(".control", Horizontal)
        wanted = list(self._controls())
        if type(wanted[0]) is not type(controls.children[0]):
            await controls.remove_children()
            await controls.mount_all(wanted)
            if focus:
                self.control.focus()
        else:
            self.refresh_state()
        await self.rebuild_parts()

    async def rebuild_parts(self) -> None:
        """Show the fields below this one as they are now."""
        for parts in self.query_children(".parts"):
            await parts.remove_children()
            below = list(self._parts())
            parts.display = bool(below)
            await parts.mount_all(below)

    def _told_owner(self) -> None:
        """A choice shows which of its alternatives is filled in."""
        owner = next((node for node in self.ancestors if isinstance(node, FieldView)), None)
        if owner is not None and isinstance(owner.field, UnionField):
            owner.refresh_state()
        self.post_message(self.Changed())

    # -- what the user does

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
        self.notify("There are characters that can't be seen: the field is JSON now, with their escapes")
        await self.rebuild()
        self._told_owner()

    @on(Segments.Chosen)
    async def _chosen(self, event: Segments.Chosen) -> None:
        event.stop()
        choose(self.field, options_of(self.field)[event.place])
        await self.rebuild_parts()
        self._told_owner()

    @on(Input.Changed)
    async def _named(self, event: Input.Changed) -> None:
        event.stop()
        if self.entry is not None and event.value != self.entry.text:
            self.entry.rename(event.value)
            if self.field is not self.entry.field:
                self.field = self.entry.field
                await self.rebuild(focus=False)
            self._told_owner()

    @on(Mark.Clicked)
    async def _clicked(self, event: Mark.Clicked) -> None:
        event.stop()
        if event.name == "remove":
            self.remove_it()
        else:
            await self.cycle()

    async def cycle(self) -> None:
        """Go on to the field's next state."""
        self.field.cycle()
        if isinstance(self.field.owner, UnionField):
            self.field.owner.part_changed(self.field)
        await self.rebuild()
        self._told_owner()

    async def toggle_json(self) -> None:
        """Take this field as JSON, or go back to its parts."""
        if self.field.state == "json":
            trouble = self.field.leave_json()
            if trouble:
                self.notify(f"It stays JSON: {trouble}", severity="warning", markup=False)
        else:
            self.field.use_json()
        await self.rebuild()
        self._told_owner()

    # -- suggestions

    async def suggest(self, words: list[str]) -> None:
        """Show suggestions; none hides them."""
        for shown in self.query_children(Suggestions):
            await shown.remove()
        editor = self.control
        if isinstance(editor, FieldEditor):
            editor.suggesting = bool(words)
        if words:
            shown = Suggestions(words)
            shown.styles.margin = self.query_one(Note).styles.margin
            await self.mount(shown, after=0)

    @on(FieldEditor.Asked)
    async def _asked(self, event: FieldEditor.Asked) -> None:
        event.stop()
        shown = next(iter(self.query_children(Suggestions).results()), None)
        if shown is None or event.key == "escape":
            await self.suggest([])
        elif event.key == "enter":
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
        """The list or map that an item added here would belong to."""
        field = self.field.part if isinstance(self.field, UnionField) else self.field
        if field.state != "value":
            return None
        if isinstance(field, ListField) and field.can_grow:
            return field
        return field if isinstance(field, ObjectField) and field.shape.open else None

    async def add(self) -> None:
        """Add an item or an entry and go to it."""
        group = self.group
        if group is None:
            return
        new = group.add() if isinstance(group, ListField) else group.add_entry().field
        await self.rebuild_parts()
        self.post_message(self.Changed())
        for view in self.query(FieldView):
            if view.field is new:
                (view.query_one(NameLine) if view.entry is not None else view.control).focus()

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

    def align(self, column: int) -> None:
        """Let what this field is filled in with begin at `column`."""
        width = max(column - INDENT * self.depth, LEAST_LABEL)
        self.query_one(".label").styles.width = width
        self.query_one(Note).styles.margin = (0, 0, 0, width)

    @property
    def wanted(self) -> int:
        """At which column that would begin by itself."""
        label = self.query_one(".label")
        return INDENT * self.depth + (label.wanted if isinstance(label, Label) else LEAST_LABEL + 4)

    def tell(self, told: Told) -> None:
        """Show what is wrong with this field and those below it."""
        self.query_one(Note).show(*told.get(self.field.path, ((), ())))
        for view in self.query(FieldView):
            if not view._is_part_of_choice():
                view.query_one(Note).show(*told.get(view.field.path, ((), ())))

    @property
    def is_item(self) -> bool:
        """Whether it is an item of a list or an entry of a map."""
        owner = self.field.owner
        return self.entry is not None or isinstance(owner, ListField)

    @property
    def chosen_part(self) -> Field | None:
        """Of a choice, the field of what was chosen."""
        return self.field.part if isinstance(self.field, UnionField) and self.field.state == "value" else None

    def focus_part(self, field: Field | None) -> None:
        """Give the focus to the field below, or to what adds one."""
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
    """The views of an object's fields and entries, and of what adds an entry."""
    found: list[Widget] = [FieldView(field, depth, label=str(field.key)) for field in group.properties]
    found += [FieldView(entry.field, depth, entry) for entry in group.entries]
    if group.shape.open or group.entries:
        found.append(AddButton("+ entry"))
    return found
