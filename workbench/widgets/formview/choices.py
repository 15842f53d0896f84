"""The options of a field: its states, and its values if there are a few to choose from."""

from __future__ import annotations

from typing import NamedTuple

from workbench.forms import ChoiceField, Field, ListField, ObjectField, State, UnionField, type_text


class Option(NamedTuple):
    """An option: its state and, for a value, the index among the field's values."""

    label: str
    state: State
    place: int = 0


def options_of(field: Field) -> list[Option]:
    """The options of a field, starting with those that send nothing."""
    found = [Option("omit", "omit")] if field.omittable else []
    found += _values(field)
    if field.shape.nullable:
        found.append(Option("null", "null"))
    if len(found) == 1 and isinstance(field, ObjectField | ListField):
        return [Option(type_text(field.shape), "value")]  # an item: nothing to choose
    return found


def _values(field: Field) -> list[Option]:
    if isinstance(field, ChoiceField):
        return [Option(choice.label, "value", place) for place, choice in enumerate(field.choices)]
    if isinstance(field, UnionField):
        shapes = field.shape.alternatives
        return [Option(shape.title or type_text(shape), "value", place) for place, shape in enumerate(shapes)]
    if isinstance(field, ListField):
        return [Option("list", "value")]
    if isinstance(field, ObjectField):
        return [Option("fill in" if field.shape.properties else "map", "value")]
    return []


def chosen_of(field: Field, options: list[Option]) -> int:
    """The index of the option that the field sends now, or -1."""
    place = field.chosen if isinstance(field, ChoiceField | UnionField) and field.state == "value" else 0
    for index, option in enumerate(options):
        if option.state == field.state and option.place == place:
            return index
    return -1


def choose(field: Field, option: Option) -> None:
    """Set the field to `option`."""
    if option.state != "value":
        field.set_state(option.state)
    elif isinstance(field, ChoiceField | UnionField):
        field.choose(option.place)
    else:
        field.present()
