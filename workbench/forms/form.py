"""A form for the arguments of a tool: built from any JSON Schema, it sends exactly what was typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from server_core.schemas.validation import SchemaValidator
from server_core.schemas.wording import Path, Problem, sentence

from .field import OMITTED, Field
from .groups import ObjectField, make_field
from .jsontext import JsonError, dump_json, parse_json
from .shape import Shape

_DEEPEST_CHOICE = 3
NO_OBJECT = "arguments must be a JSON object: {…}"


class FormError(Exception):
    """What was typed can't be sent; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(sentence, problems)))
        self.problems = problems


class Form:
    """The arguments of a tool while they are filled in.

    Attributes:
        schema: The tool's input schema, unchanged.
        root: The top-level field; an object, or a choice between objects.
    """

    def __init__(self, schema: Any, arguments: Mapping[str, Any] | None = None) -> None:
        self.schema = schema
        shape = Shape(_closed(schema), schema)
        if not _is_object(shape):
            shape = Shape({"type": "object"}, schema)
        self.root = make_field(shape, None, required=True, omittable=False)
        if arguments is not None:
            self.from_arguments(arguments)

    # -- values

    def to_arguments(self) -> dict[str, Any]:
        """Return exactly what was typed.

        Raises:
            FormError: Some of it can't be sent at all. Values that merely violate the schema can.
        """
        problems: list[Problem] = []
        value = self.root.read(problems)
        if not problems and not isinstance(value, dict):
            problems.append(Problem((), NO_OBJECT))
        if problems:
            raise FormError(problems)
        return dict(value)

    def from_arguments(self, arguments: Mapping[str, Any]) -> None:
        """Fill in `arguments`, so that `to_arguments` returns the same; all other fields are omitted."""
        self.root.fill(dict(arguments))

    def to_json(self) -> str:
        """Return the arguments as JSON text; what can't be sent yet appears as the typed text."""
        value = self.root.draft()
        if value is OMITTED:
            value = {}
        return value if isinstance(value, str) else dump_json(value, indent=2)

    def from_json(self, text: str) -> None:
        """Fill in the arguments from JSON; empty text means no arguments.

        Raises:
            JsonError: It is not JSON, or not an object. Nothing changes then.
        """
        self.from_arguments(arguments_of(text))

    def changed_to(self, schema: Any) -> Form:
        """Return a form with the same arguments for another schema, for a tool that was edited in the meantime."""
        form = Form(schema)
        draft = self.root.draft()
        if isinstance(draft, dict):
            form.from_arguments(draft)
        return form

    # -- what is wrong

    def problems(self) -> list[Problem]:
        """Return what can't be sent; empty if `to_arguments` would succeed."""
        try:
            self.to_arguments()
        except FormError as error:
            return error.problems
        return []

    def warnings(self) -> list[Problem]:
        """Return what violates the schema, for arguments that can be sent. Takes up to half a second."""
        try:
            arguments = self.to_arguments()
        except FormError:
            return []
        return self.validator.problems(arguments)

    @cached_property
    def validator(self) -> SchemaValidator:
        """The validator, which works as the server's does."""
        return SchemaValidator(self.schema)

    # -- fields

    def fields(self) -> Iterator[Field]:
        """Yield all active fields in the order of the form, starting with the root."""
        return self.root.walk()

    def find(self, path: Path) -> Field:
        """Find the field at `path`, or the nearest one above it; for a union, the choice itself."""
        found = self.root
        for field in self.fields():
            if field.path == path[: len(field.path)] and len(field.path) > len(found.path):
                found = field
        return found

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to fill in."""
        root = self.root
        return isinstance(root, ObjectField) and not (root.parts or root.shape.open)


def arguments_of(text: str) -> dict[str, Any]:
    """Parse arguments from JSON; empty text means no arguments.

    Raises:
        JsonError: It is not JSON, or not an object.
    """
    if not text.strip():
        return {}
    value = parse_json(text)
    if not isinstance(value, dict):
        raise JsonError(NO_OBJECT)
    return value


def _closed(schema: Any) -> Any:
    """Give the schema of a tool without arguments empty properties."""
    if isinstance(schema, Mapping) and schema.get("properties") == {}:
        return {"additionalProperties": False, **schema}
    return schema


def _is_object(shape: Shape, depth: int = 0) -> bool:
    if shape.kind == "union" and depth < _DEEPEST_CHOICE:
        return all(_is_object(part, depth + 1) for part in shape.alternatives)
    return shape.kind == "object"
