"""Regular expressions of JSON schemas, matched in bounded time whatever the pattern and the text.

Most run in linear time. One with a lookaround or a backreference can't: it gets a limited number of steps, on a text
of limited length.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

MOST_STEPS = 10_000
"""How many times a pattern that can't run in linear time may backtrack."""

MOST_CHARACTERS = 2_000
"""The longest text for such a pattern: even without backtracking, its time grows quadratically."""

MOST_BYTES = 1 << 20
"""The size limit of a compiled pattern; `(a{1000}){1000}` is larger."""

_PYTHON_ONLY = {r"\Z": "$", r"\A": "^"}


class TooMuchWorkError(Exception):
    """Something can't be validated within its time; the text says what."""


class Pattern:
    """A regular expression as defined by JSON Schema (ECMA-262).

    Attributes:
        text: the original pattern.
        trouble: why it can't be used; else empty.
        linear: whether it runs in linear time.
    """

    def __init__(self, text: str) -> None:
        from jsonschema_rs import FancyRegexOptions, RegexOptions

        self.text = text
        self.trouble = ""
        readable = re.sub(r"\\[\s\S]", lambda escape: _PYTHON_ONLY.get(escape[0], escape[0]), text)
        self._matcher = _compiled(readable, RegexOptions(size_limit=MOST_BYTES))
        self.linear = self._matcher is not None
        if not self.linear:
            options = FancyRegexOptions(backtrack_limit=MOST_STEPS, size_limit=MOST_BYTES)
            self._matcher = _compiled(readable, options)
        if self._matcher is None:
            self.trouble = _why_not(text)

    def found_in(self, text: str) -> bool:
        """Whether it matches anywhere in `text`; a pattern that can't be used never does.

        Raises:
            TooMuchWorkError: it can't be decided within the limits.
        """
        text = text.encode("utf-8", "replace").decode()
        if self._matcher is None or self.linear:
            return self._matcher is not None and bool(self._matcher.is_valid(text))
        from jsonschema_rs import ValidationError, ValidationErrorKind

        if len(text) > MOST_CHARACTERS:
            raise TooMuchWorkError(
                f"the pattern {self.text} has a lookaround or a backreference, "
                f"and can't be matched with more than {MOST_CHARACTERS:,} characters"
            )
        try:
            self._matcher.validate(text)
        except ValidationError as error:
            if isinstance(error.kind, ValidationErrorKind.Pattern):
                return False
            raise TooMuchWorkError(f"the pattern {self.text} takes too long") from error
        return True


@lru_cache(maxsize=512)
def pattern(text: str) -> Pattern:
    """The regular expression `text`, compiled once."""
    return Pattern(text)


def _compiled(text: str, options: Any) -> Any:
    from jsonschema_rs import ValidationError, validator_for

    try:
        return validator_for({"pattern": text}, pattern_options=options, offline=True)
    except (ValidationError, ValueError):  # a lone surrogate raises ValueError
        return None


def _why_not(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        return f"the pattern {text[:100]} is invalid: {error}"
    return f"the pattern {text[:100]} is too large, or does not follow JSON Schema (ECMA-262)"
