"""Finds patterns that may take exponential time in backtracking engines such as Python's and JavaScript's.

Our own validation does not backtrack; the validators of clients do, as does pydantic for compiled patterns.
"""

from __future__ import annotations

import math
import re
import re._parser as parser  # type: ignore[import-not-found]  # the only access to a pattern's structure
import string
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from server_core.schemas.references import mapping
from server_core.schemas.wording import Path, path_text

_MANY = 10
"""A repeat with this upper bound is as bad as an unbounded one."""

_SAMPLE = frozenset(string.printable + "é٣中")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def pattern_problems(schema: Any) -> Iterator[str]:
    """Describe the problems in the patterns of a valid JSON schema, each with its path."""
    from server_core.schemas.patterns import MOST_CHARACTERS, pattern

    for path, expression, most in _patterns(schema, ()):
        where = f"the pattern {expression}{f' (at {path_text(path)})' if path else ''}"
        if backtracks_exponentially(expression):
            yield (
                f"{where} takes exponential time in backtracking engines such as Python's and JavaScript's: "
                "avoid a repeat within a repeat"
            )
        elif not pattern(expression).linear and most > MOST_CHARACTERS:
            yield (
                f"{where} has a lookaround or a backreference, so strings longer than {MOST_CHARACTERS:,} characters "
                "can't be validated: give it a maxLength"
            )


def _patterns(part: Any, path: Path) -> Iterator[tuple[Path, str, float]]:
    """Yield each pattern with its path and the maximum length of the strings it applies to."""
    if isinstance(part, list):
        for place, each in enumerate(part):
            yield from _patterns(each, (*path, place))
    if not isinstance(part, Mapping):
        return
    if isinstance(part.get("pattern"), str):
        most = part.get("maxLength")
        yield path, part["pattern"], most if isinstance(most, int) else math.inf
    for expression in mapping(part.get("patternProperties")):
        yield path, expression, 0
    for word, each in part.items():
        yield from _patterns(each, (*path, word))


def backtracks_exponentially(expression: str) -> bool:
    """Whether a repeat can match the same text in ever more ways as it grows: `(a+)+`, `(a|a)*`."""
    try:
        parsed = parser.parse(re.sub(r"\\[pP]\{[^}]*\}", r"\\w", expression))
    except (re.error, RecursionError, OverflowError):
        return False
    return any(_is_ambiguous(body) for body in _repeated(parsed))


def _repeated(sequence: Any) -> Iterator[list[Any]]:
    """Yield the bodies of all repeats, at any depth."""
    for item in sequence:
        if _is_long(item):
            yield _flat(item[1][2])
        for part in _inside(item):
            yield from _repeated(part)


def _is_long(item: Any) -> bool:
    return str(item[0]) in _REPEATS and item[1][1] >= _MANY


def _inside(item: Any) -> list[Any]:
    """Return the sequences inside an item."""
    word, value = str(item[0]), item[1]
    if word == "BRANCH":
        return list(value[1])
    if word in ("SUBPATTERN", *_REPEATS):
        return [value[-1]]
    return [value[1]] if word in ("ASSERT", "ASSERT_NOT") else []


def _flat(sequence: Any) -> list[Any]:
    """Return the items of a sequence, including those of its groups."""
    found: list[Any] = []
    for item in sequence:
        found += _flat(item[1][-1]) if str(item[0]) == "SUBPATTERN" else [item]
    return found


def _is_ambiguous(body: list[Any]) -> bool:
    """Whether the body of a repeat can end at more than one position in a text that it matches completely."""
    if len(body) == 1 and str(body[0][0]) == "BRANCH":
        single = [_flat(part) for part in body[0][1][1]]
        firsts = [_firsts(part) for part in single if len(part) == 1]
        return any(one & other for one, other in combinations(firsts, 2)) or any(map(_is_ambiguous, single))
    for item in body:
        if _is_long(item):
            inner = _firsts(_flat(item[1][2]))
            needed = [other for other in body if other is not item and _is_needed(other)]
            if all(inner & _firsts([other]) for other in needed):
                return True
    return False


def _is_needed(item: Any) -> bool:
    """Whether it matches at least one character."""
    word, value = str(item[0]), item[1]
    if word in ("AT", "ASSERT", "ASSERT_NOT"):
        return False
    if word in _REPEATS:
        return value[0] > 0 and any(map(_is_needed, value[2]))
    return word not in ("BRANCH", "SUBPATTERN") or all(any(map(_is_needed, part)) for part in _inside(item))


def _firsts(sequence: list[Any]) -> frozenset[str]:
    """Return which characters of a sample a match may begin with."""
    found: frozenset[str] = frozenset()
    for item in sequence:
        word, value = str(item[0]), item[1]
        if word == "LITERAL":
            found |= {chr(value)}
        elif word == "NOT_LITERAL":
            found |= _SAMPLE - {chr(value)}
        elif word in ("ANY", "GROUPREF"):
            found |= _SAMPLE
        elif word == "IN":
            found |= _set(value)
        else:
            found = found.union(*map(_firsts, _inside(item)))
        if _is_needed(item):
            break
    return found


def _set(items: Any) -> frozenset[str]:
    found: set[str] = set()
    for kind, value in items:
        word = str(kind)
        if word == "LITERAL":
            found.add(chr(value))
        elif word == "RANGE":
            found |= {char for char in _SAMPLE if value[0] <= ord(char) <= value[1]}
        elif word == "CATEGORY":
            found |= {char for char in _SAMPLE if re.match(_CATEGORIES[str(value)], char)}
    negated = bool(items) and str(items[0][0]) == "NEGATE"
    return _SAMPLE - found if negated else frozenset(found)
