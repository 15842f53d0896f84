"""Forms for JSON Schemas, without an interface: what can be filled in, what was typed, what is sent."""

from __future__ import annotations

from server_core.schemas.wording import Path, Problem, path_text, sentence

from .field import NOT_STORED, OMITTED, Field, State
from .form import Form, FormError, arguments_of
from .groups import EntryName, ListField, ObjectField, UnionField, make_field
from .jsontext import JsonError, dump_json, parse_json
from .scalars import ChoiceField, JsonField, NumberField, TextField
from .shape import MISSING, Choice, Kind, Shape
from .wording import constraints, default_text, example_text, type_text

__all__ = [
    "MISSING",
    "NOT_STORED",
    "OMITTED",
    "Choice",
    "ChoiceField",
    "EntryName",
    "Field",
    "Form",
    "FormError",
    "JsonError",
    "JsonField",
    "Kind",
    "ListField",
    "NumberField",
    "ObjectField",
    "Path",
    "Problem",
    "Shape",
    "State",
    "TextField",
    "UnionField",
    "arguments_of",
    "constraints",
    "default_text",
    "dump_json",
    "example_text",
    "make_field",
    "parse_json",
    "path_text",
    "sentence",
    "type_text",
]
