"""Fields that contain fields: objects and maps, lists, and choices between shapes."""

from __future__ import annotations

from typing import Any

from server_core.schemas.wording import Problem, Step

from .field import OMITTED, Field
from .jsontext import JsonError, dump_json, is_visible, parse_json
from .matching import best_alternative
from .scalars import ChoiceField, JsonField, NumberField, TextField
from .shape import MISSING, Shape

MOST_PARTS = 200
"""Longer lists and maps are shown as JSON text: nobody fills in thousands of fields."""

MOST_MADE = 300
"""While a form has fewer fields, required objects in it expand automatically."""


def make_field(
    shape: Shape, owner: Field | None, key: Step = "", *, required: bool = False, omittable: bool = True
) -> Field:
    """Create the field for a shape, in its state in a new form: only required parts are present."""
    field = _CLASSES[shape.kind](shape, owner, key, required=required, omittable=omittable)
    if required and shape.default is not MISSING:
        field.fill(shape.default)
    elif required and shape.fixed is not MISSING:
        field.present()
    elif isinstance(field, ObjectField | ListField | UnionField):
        if required and _expands(field) and (not omittable or _is_group(field)):
            field.present()
    elif not omittable and not isinstance(field, ChoiceField):
        field.present()
    return field


def make_part(shape: Shape, owner: Field, key: Step) -> Field:
    """Create the field for an item or entry that the user adds: it is always expanded."""
    field = make_field(shape, owner, key, required=True, omittable=False)
    if isinstance(field, ObjectField | ListField | UnionField) and field.state == "omit":
        field.present()
    return field


def _is_group(field: Field) -> bool:
    """Whether it has parts to fill in, unlike a choice between text and a number."""
    return not isinstance(field, UnionField) or isinstance(field.part, ObjectField | ListField | UnionField)


def _expands(field: Field) -> bool:
    """Whether a required object may expand automatically: not inside its own type, nor without end."""
    if field.tree.made > MOST_MADE:
        return False
    owner = field.owner
    while owner is not None:
        if owner.shape.refs & field.shape.refs:
            return False
        owner = owner.owner
    return True


class ObjectField(Field):
    """An object: a field for each property, and for a map also entries with free names.

    Attributes:
        properties: Created when the object is first present.
        entries: Additional entries; the user types their names.
    """

    def __init__(self, *arguments: Any, **words: Any) -> None:
        super().__init__(*arguments, **words)
        self.properties: list[Field] = []
        self.entries: list[EntryName] = []

    @property
    def parts(self) -> tuple[Field, ...]:
        return (*self.properties, *(entry.field for entry in self.entries))

    def present(self) -> None:
        self.state = "value"
        if not self.properties:
            self.properties = [
                make_field(part, self, name, required=name in self.shape.required)
                for name, part in self.shape.properties.items()
            ]

    def add_entry(self, name: str | None = None) -> EntryName:
        """Add an entry named `name`; without it, the name is yet to be typed."""
        self.present()
        entry = EntryName(self, name)
        self.entries.append(entry)
        return entry

    def remove(self, field: Field) -> None:
        """Remove an entry."""
        self.entries = [entry for entry in self.entries if entry.field is not field]

    def entry_of(self, field: Field) -> EntryName | None:
        """Return the entry whose value `field` is; `None` for a property's field."""
        return next((entry for entry in self.entries if entry.field is field), None)

    def _fit(self, value: Any) -> bool:
        if not isinstance(value, dict) or sum(key not in self.shape.properties for key in value) > MOST_PARTS:
            return False
        self.present()
        for field in self.properties:
            if field.key in value:
                field.fill(value[field.key])
            else:
                field.set_state("omit")
        self.entries = []
        for name in value:
            if name not in self.shape.properties:
                self.add_entry(name).field.fill(value[name])
        return True

    def _read(self, problems: list[Problem]) -> Any:
        found: dict[str, Any] = {}
        for field in self.properties:
            value = field.read(problems)
            if value is not OMITTED:
                found[str(field.key)] = value
        for entry in self.entries:
            value = entry.field.read(problems)
            trouble = entry.trouble or (
                f"the name {entry.name!r} appears twice" if entry.name in found else ""
            )
            if trouble:
                problems.append(Problem((*self.path, entry.name), trouble))
            elif value is not OMITTED:
                found[entry.name] = value
        return found

    def _draft(self) -> Any:
        drafts = [(str(field.key), field.draft()) for field in self.properties]
        drafts += [(entry.name, entry.field.draft()) for entry in self.entries]
        return {name: value for name, value in drafts if value is not OMITTED}


class EntryName:
    """An entry of a map: its name as typed, and the field of its value.

    A name that begins with a quote is read as a JSON string, so that any name can be typed, even the empty one.
    """

    def __init__(self, owner: ObjectField, name: str | None) -> None:
        self.owner = owner
        plain = name and is_visible(name) and not name.startswith('"') and not {"\n", "\t"} & set(name)
        self.text = "" if name is None else name if plain else dump_json(name)
        self.field = make_part(owner.shape.entry(name or ""), owner, name or "")

    @property
    def name(self) -> str:
        """The entry's key."""
        return self._name()[0]

    @property
    def trouble(self) -> str:
        """Why the entry can't be sent under its name; empty if it can."""
        return self._name()[1]

    def rename(self, text: str) -> None:
        """Rename the entry to `text`; the field is replaced if the new name has another shape."""
        self.text = text
        shape = self.owner.shape.entry(self.name)
        if shape.schema != self.field.shape.schema:
            value = self.field.draft()
            self.field = make_part(shape, self.owner, self.name)
            if value is not OMITTED:
                self.field.fill(value)
        self.field.key = self.name

    def _name(self) -> tuple[str, str]:
        if not self.text:
            return "", 'needs a name (the empty name is written "")'
        if not self.text.startswith('"'):
            return self.text, ""
        try:
            name = parse_json(self.text)
        except JsonError:
            return self.text, "the name begins with a quote but is not a JSON string"
        return (name, "") if isinstance(name, str) else (self.text, "the name is not a string")


class ListField(Field):
    """A list whose items can be added, removed and moved."""

    def __init__(self, *arguments: Any, **words: Any) -> None:
        super().__init__(*arguments, **words)
        self.items: list[Field] = []
        self._begun = False

    @property
    def parts(self) -> tuple[Field, ...]:
        return tuple(self.items)

    @property
    def can_grow(self) -> bool:
        """Whether the schema allows one more item."""
        most = self.shape.schema.get("maxItems")
        room = not isinstance(most, int | float) or len(self.items) < most
        return room and (self.shape.rest is not None or len(self.items) < len(self.shape.places))

    def present(self) -> None:
        self.state = "value"
        if not self._begun:
            self._begun = True
            self.items = [self._item(place) for place in range(len(self.shape.places))]

    def add(self) -> Field:
        """Add an item at the end."""
        self.present()
        self.items.append(self._item(len(self.items)))
        return self.items[-1]

    def remove(self, field: Field) -> None:
        """Remove an item."""
        self.items = [item for item in self.items if item is not field]
        self._number()

    def move(self, field: Field, by: int) -> bool:
        """Move an item up (-1) or down (1); return whether it moved: items of a tuple can't."""
        here = self.items.index(field)
        there = here + by
        if not len(self.shape.places) <= min(here, there) or there >= len(self.items):
            return False
        self.items[here], self.items[there] = self.items[there], self.items[here]
        self._number()
        return True

    def _item(self, place: int) -> Field:
        fixed = self.shape.places
        shape = fixed[place] if place < len(fixed) else self.shape.rest or Shape({}, self.shape.root)
        return make_part(shape, self, place)

    def _number(self) -> None:
        for place, item in enumerate(self.items):
            item.key = place

    def _fit(self, value: Any) -> bool:
        if not isinstance(value, list) or len(value) > MOST_PARTS:
            return False
        self.state, self._begun = "value", True
        self.items = []
        for item in value:
            self.add().fill(item)
        return True

    def _read(self, problems: list[Problem]) -> Any:
        values = [item.read(problems) for item in self.items]
        return [value for value in values if value is not OMITTED]

    def _draft(self) -> Any:
        drafts = [item.draft() for item in self.items]
        return ["" if value is OMITTED else value for value in drafts]


class UnionField(Field):
    """A choice between shapes; what was typed for the alternatives not chosen is kept."""

    chosen = 0

    def __init__(self, *arguments: Any, **words: Any) -> None:
        super().__init__(*arguments, **words)
        self._made: dict[int, Field] = {}

    @property
    def part(self) -> Field:
        """The field of the chosen alternative."""
        if self.chosen not in self._made:
            shape = self.shape.alternatives[self.chosen]
            part = make_field(shape, self, self.key, required=True, omittable=self.omittable)
            self._made[self.chosen] = part
        return self._made[self.chosen]

    @property
    def parts(self) -> tuple[Field, ...]:
        return (self.part,)

    def step_to(self, part: Field) -> tuple[Step, ...]:
        """Return no steps: the part has the same path."""
        return ()

    def choose(self, place: int) -> None:
        """Choose the alternative with index `place`."""
        self.chosen = place
        self.present()

    def present(self) -> None:
        self.state = "value"
        part = self.part
        if part.state == "omit" and not isinstance(part, NumberField | ChoiceField | JsonField):
            part.present()

    def part_changed(self, part: Field) -> None:
        self.state = "omit" if part.state == "omit" and self.omittable else "value"
        self._changed()

    def _fit(self, value: Any) -> bool:
        place = best_alternative(self.shape, value)
        if place is None:
            return False
        before, self.chosen = self.chosen, place
        if not self.part.fit(value):
            self.chosen = before
            return False
        self.state = "value"
        return True

    def _read(self, problems: list[Problem]) -> Any:
        return self.part.read(problems)

    def _draft(self) -> Any:
        return self.part.draft()


_CLASSES: dict[str, type[Field]] = {
    "text": TextField,
    "integer": NumberField,
    "number": NumberField,
    "boolean": ChoiceField,
    "choice": ChoiceField,
    "null": ChoiceField,
    "object": ObjectField,
    "array": ListField,
    "union": UnionField,
    "any": JsonField,
}
