"""The texts that a form shows for a field. No interface."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.forms import (
    Field,
    JsonField,
    NumberField,
    ObjectField,
    Problem,
    TextField,
    UnionField,
    constraints,
    default_text,
    example_text,
    type_text,
)
from workbench.text import Tone, one_line
from workbench.widgets.spans import Line, Span

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
"""Names of multi-line text fields."""

LONG = 200
"""Fields that allow at least this many characters are multi-line."""

CHIPS: dict[str, tuple[str, Tone]] = {
    "omit": ("omit", "dim"),
    "null": ("null", "accent"),
    "empty": ("empty", "accent"),
    "value": ("value", ""),
    "json": ("JSON", "accent"),
    "lost": ("secret", "warn"),
}
"""What a field sends, in one word."""


def is_part_of_choice(field: Field) -> bool:
    """Whether the field is the selected part of a `UnionField`, whose line already describes most of it."""
    return isinstance(field.owner, UnionField)


def is_typed(field: Field) -> bool:
    """Whether the field is currently filled in by typing."""
    return field.state == "json" or isinstance(field, TextField | NumberField | JsonField)


def is_typed_as_json(field: Field) -> bool:
    """Whether the typed text is JSON."""
    return field.state == "json" or isinstance(field, JsonField)


def words_of(field: Field) -> str:
    """The field's type, constraints and description."""
    shape = field.shape
    said_already = (is_part_of_choice(field) and not constraints(shape)) or (
        isinstance(field, ObjectField) and not field.omittable
    )
    words = [] if said_already else [type_text(shape)]
    words += constraints(shape)
    if default := default_text(shape):
        words.append(f"default {default}")
    if example := example_text(shape):
        words.append(f"e.g. {example}")
    if shape.trouble:
        words.append(shape.trouble)
    return " · ".join(filter(None, (", ".join(words), one_line(shape.description, 600))))


def status_of(field: Field) -> str:
    """The field's key in `CHIPS`."""
    if field.state != "value":
        return "lost" if field.lost and field.state == "omit" else field.state
    if isinstance(field, NumberField):
        return "value" if field.text.strip() else "omit"
    return "empty" if isinstance(field, TextField) and not field.text else "value"


def text_of(field: Field) -> str:
    """The text typed."""
    if is_typed_as_json(field):
        return field.json_text
    return field.text if isinstance(field, TextField | NumberField) else ""


def hint_of(field: Field) -> str:
    """The placeholder."""
    if field.lost and field.state == "omit":
        return "not stored (secret)"
    if field.state == "null":
        return "null"
    if is_typed_as_json(field):
        return "JSON"
    return default_text(field.shape) if field.state == "omit" else ""


def has_lines(field: Field) -> bool:
    """Whether the field is multi-line, so that Enter starts a new line."""
    if is_typed_as_json(field):
        return True
    schema = field.shape.schema
    most = schema.get("maxLength")
    return isinstance(field, TextField) and (
        str(field.key).lower() in MULTILINE
        or "contentMediaType" in schema
        or schema.get("format") in ("multiline", "textarea", "markdown")
        or (isinstance(most, int) and most >= LONG)
    )


def notes_of(said: str, problems: Sequence[Problem], warnings: Sequence[Problem]) -> list[Line]:
    """The lines below a field: errors, warnings and the description."""
    notes: list[Line] = [(Span(f"✗ {problem.message}", "bad"),) for problem in problems]
    notes += [(Span(f"! {warning.message}", "warn"),) for warning in warnings]
    return [*notes, (Span(said, "dim"),)] if said else notes
