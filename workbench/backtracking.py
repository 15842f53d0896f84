"""Patterns for which an engine that backtracks, as Python's and JavaScript's do, may need exponential time.

Our own validation does not backtrack; what clients validate with does, and pydantic where a compiled pattern is given.
"""

from __future__ import annotations

import math
import re
import re._parser as parser  # type: ignore[import-not-found]  # the only way to a pattern's structure
import string
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from server_core.schemas.references import mapping
from server_core.schemas.wording import Path, path_text

_MANY = 10
"""A repeat of so many times is as bad as one without end."""

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
    """What is wrong with the patterns of a valid JSON schema, in words with their places."""
    from server_core.schemas.patterns import MOST_CHARACTERS, pattern

    for path, expression, most in _patterns(schema, ()):
        where = f"the pattern {expression}{f' (at {path_text(path)})' if path else ''}"
        if backtracks_exponentially(expression):
            yield (
                f"{where} takes exponential time in engines that backtrack, as Python's and JavaScript's: "
                "avoid a repeat within a repeat"
            )
        elif not pattern(expression).linear and most > MOST_CHARACTERS:
            yield (
                f"{where} has a lookaround or a backreference, so longer texts than {MOST_CHARACTERS:,} characters "
                "can't be validated: give it a maxLength"
            )


def _patterns(part: Any, path: Path) -> Iterator[tuple[Path, str, float]]:
    """Each pattern with its place, and how long a text may be that it is for."""
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
    """Whether a repeat in the expression can match one text in more ways the longer it is: `(a+)+`, `(a|a)*`."""
    try:
        parsed = parser.parse(re.sub(r"\\[pP]\{[^}]*\}", r"\\w", expression))
    except (re.error, RecursionError, OverflowError):
        return False
    return any(_is_ambiguous(body) for body in _repeated(parsed))


def _repeated(sequence: Any) -> Iterator[list[Any]]:
    """The bodies of all repeats, at any depth."""
    for item in sequence:
        if _is_long(item):
            yield _flat(item[1][2])
        for part in _inside(item):
            yield from _repeated(part)


def _is_long(item: Any) -> bool:
    return str(item[0]) in _REPEATS and item[1][1] >= _MANY


def _inside(item: Any) -> list[Any]:
    """The sequences that an item is made of."""
    word, value = str(item[0]), item[1]
    if word == "BRANCH":
        return list(value[1])
    if word in ("SUBPATTERN", *_REPEATS):
        return [value[-1]]
    return [value[1]] if word in ("ASSERT", "ASSERT_NOT") else []


def _flat(sequence: Any) -> list[Any]:
    """The items of a sequence, those of groups in it among them."""
    found: list[Any] = []
    for item in sequence:
        found += _flat(item[1][-1]) if str(item[0]) == "SUBPATTERN" else [item]
    return found


def _is_ambiguous(body: list[Any]) -> bool:
    """Whether the body of a repeat can end at more than one place of a text that it matches as a whole."""
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
    """With which characters, of a sample, a match may begin."""
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
