"""The SDK's client validates each tool's structured result; here that takes bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp import ClientSession

from ..schemas.validation import SchemaValidator
from ..schemas.wording import sentence


def bound_validation(session: ClientSession) -> None:
    """Let `session` validate results with `SchemaValidator`, which a pattern in a tool's output schema can't hang.

    The SDK (2.3) has no place to set a validator, but makes all of them in one method.
    """
    known: dict[int, tuple[Any, _ResultValidator]] = {}

    def validator_of(_tool: str, schema: dict[str, Any]) -> _ResultValidator:
        found = known.get(id(schema))
        if found is None or found[0] is not schema:
            found = known[id(schema)] = schema, _ResultValidator(schema)
        return found[1]

    session._output_schema_validator = validator_of  # type: ignore[assignment, method-assign, unused-ignore]


class _ResultValidator:
    """As much of a validator of `jsonschema` as the SDK's client uses."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._validator = SchemaValidator(schema, formats=False)

    def iter_errors(self, value: Any) -> Iterator[Exception]:
        from jsonschema import ValidationError

        for problem in self._validator.problems(value, 1):
            yield ValidationError(sentence(problem))
