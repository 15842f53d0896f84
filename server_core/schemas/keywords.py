"""Validator classes of `jsonschema` with a time budget, and replacements for keywords that could take very long.

The replaced keywords run regular expressions (Python's backtrack), or compare every item with every other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from .formats import format_fits
from .patterns import TooMuchWorkError, pattern

MOST_SECONDS = 0.5
"""The CPU seconds that one validation may take."""

_LOOK_AT_CLOCK = 32


class Effort:
    """The time budget of one validation. The validators carry it as their format checker.

    Attributes:
        formats: whether a `format` is checked, or only descriptive.
    """

    def __init__(self, *, formats: bool, clock: Callable[[], float] = time.thread_time) -> None:
        self.formats = formats
        self._clock = clock
        self._end = clock() + MOST_SECONDS
        self._steps = 0
        self._known: dict[int, frozenset[Any]] = {}

    def spend(self) -> None:
        """Count a step.

        Raises:
            TooMuchWorkError: the time is used up.
        """
        self._steps += 1
        if self._steps % _LOOK_AT_CLOCK == 0 and self._clock() > self._end:
            raise TooMuchWorkError(f"it takes more than {MOST_SECONDS:g} s")

    def found(self, expression: str, text: str) -> bool:
        """Whether the regular expression matches anywhere in `text`.

        Raises:
            TooMuchWorkError: the time is used up.
            ValueError: the expression is invalid.
        """
        self.spend()
        matcher = pattern(expression)
        if matcher.trouble:
            raise ValueError(matcher.trouble)
        return matcher.found_in(text)

    def among(self, value: Any, options: list[Any]) -> bool:
        """Whether `value` is one of an enumeration's values."""
        known = self._known.get(id(options))
        if known is None:
            known = self._known[id(options)] = frozenset(map(identity, options))
        return identity(value) in known


def identity(value: Any) -> Any:
    """A hashable key, equal for values that JSON considers equal: `true` is not 1, but 1 is 1.0."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, list | tuple):
        return (list, *map(identity, value))
    if isinstance(value, Mapping):
        return frozenset((key, identity(part)) for key, part in value.items())
    return value


@cache
def bounded(kind: Any) -> Any:
    """The validator class `kind` with a time budget. Its validators need an `Effort` as their format checker."""
    from jsonschema import validators

    words = {word: _counted(_OWN.get(word, run)) for word, run in kind.VALIDATORS.items()}
    extend: Any = validators.extend  # untyped
    made = extend(kind, words)
    evolve = made.evolve

    def _evolve(self: Any, **changes: Any) -> Any:
        # A nested `$schema` would choose a class without a budget.
        schema = changes.get("schema")
        if isinstance(schema, Mapping) and "$schema" in schema:
            changes["schema"] = {key: value for key, value in schema.items() if key != "$schema"}
        return evolve(self, **changes)

    made.evolve = _evolve
    return made


def _counted(run: Any) -> Any:
    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        validator.format_checker.spend()
        return run(validator, value, instance, schema)

    return counted


def _error(*path: Any) -> Any:
    from jsonschema import ValidationError

    return ValidationError("", path=path)


def _pattern(validator: Any, expression: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if isinstance(instance, str) and not validator.format_checker.found(expression, instance):
        yield _error()


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if not isinstance(instance, Mapping):
        return
    for expression, part in patterns.items():
        for name, value in instance.items():
            if validator.format_checker.found(expression, name):
                yield from validator.descend(value, part, path=name, schema_path=expression)


def _additional_properties(validator: Any, more: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not isinstance(instance, Mapping) or more is True:
        return
    properties, patterns = schema.get("properties", {}), schema.get("patternProperties", ())
    found = validator.format_checker.found
    for name, value in instance.items():
        if name in properties or any(found(expression, name) for expression in patterns):
            continue
        if more is False:
            yield _error(name)
        else:
            yield from validator.descend(value, more, path=name)


def _format(validator: Any, name: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if validator.format_checker.formats and isinstance(instance, str) and not format_fits(name, instance):
        yield _error()


def _enum(validator: Any, options: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if not validator.format_checker.among(instance, options):
        yield _error()


def _unique_items(validator: Any, wanted: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if wanted and isinstance(instance, list) and len(set(map(identity, instance))) < len(instance):
        yield _error()


def _multiple_of(validator: Any, step: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if validator.is_type(instance, "number") and _exact(instance) % _exact(step):
        yield _error()


def _exact(number: int | float) -> Fraction:
    """The exact decimal value as written, so that 0.29 is a multiple of 0.01."""
    return Fraction(number) if isinstance(number, int) else Fraction(str(number))


_OWN: dict[str, Any] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "format": _format,
    "enum": _enum,
    "uniqueItems": _unique_items,
    "multipleOf": _multiple_of,
    "divisibleBy": _multiple_of,
}
