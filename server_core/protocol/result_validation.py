"""Makes the SDK's client validate each tool's structured result in bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp import ClientSession

from ..schemas.validation import SchemaValidator
from ..schemas.wording import sentence


def bound_validation(session: ClientSession) -> None:
    """Make `session` validate results with `SchemaValidator`, which no pattern in a tool's output schema can hang.

    The SDK (2.3) has no option for a validator, but creates all of them in one method.
    """
    known: dict[int, tuple[Any, _ResultValidator]] = {}

    def validator_of(_tool: str, schema: dict[str, Any]) -> _ResultValidator:
        found = known.get(id(schema))
        if found is None or found[0] is not schema:
            found = known[id(schema)] = schema, _ResultValidator(schema)
        return found[1]

    session._output_schema_validator = validator_of  # type: ignore[assignment, method-assign, unused-ignore]


class _ResultValidator:
    """The part of a `jsonschema` validator that the SDK's client uses."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._validator = SchemaValidator(schema, formats=False)

    def iter_errors(self, value: Any) -> Iterator[Exception]:
        from jsonschema import ValidationError

        for problem in self._validator.problems(value, 1):
            yield ValidationError(sentence(problem))
