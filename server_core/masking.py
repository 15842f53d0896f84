"""Shows values to developers: shortened, and without secrets."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable
from itertools import islice
from typing import Any

VALUE_CHARACTERS = 300
LONGEST_NAME = 200
MASKED = "••••••"
"""Replaces a secret wherever one is shown or stored. A value that contains it is never sent: see `contains_mask`."""

SECRET_WORDS = (
    r"passw(?:or)?d|passwd|passphrase|secret|token|credential|cookie|authorization"
    r"|(?:api|access|private|signing)[_-]?key"
)
SECRET_NAME = rf"(?i)(?:{SECRET_WORDS})|(?:^|[_-])(?:pwd|auth|pin)(?:$|[_-])"
COUNT_OF_TOKENS = (
    r"(?i)(?:max|min|num|total|input|output|prompt)[_-]?\w*tokens$|tokens?[_-]?(?:count|limit|budget)"
)
"""Names for the tokens that a language model counts, which are not secrets."""
SECRET_INSIDE = rf"(?i)((?:\w*(?:{SECRET_WORDS})\w*)['\"]?\s*[=:]\s*)('[^']*'?|\"[^\"]*\"?|[^\s,)\]}}'\"]+)"
PARAMETER_IN_URL = r"([?&;#]([\w-]++)=)[^&;#\s'\"]+"
SECRET_PARAMETER = rf"(?i){SECRET_WORDS}|^(?:key|sig|signature)$"
PASSWORD_IN_URL = r"(://[^/\s:@'\"]*:)[^/\s@'\"]+(@)"


def is_secret_name(name: str) -> bool:
    """Whether this name looks like that of a secret."""
    # In overlong names, the second search would take quadratic time.
    return re.search(SECRET_NAME, name) is not None and (
        len(name) > LONGEST_NAME or re.search(COUNT_OF_TOKENS, name) is None
    )


def contains_mask(value: object) -> bool:
    """Whether `value` (JSON) contains `MASKED` anywhere, so that it must not be sent or run."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str) and MASKED in part:
            return True
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple):
            waiting.extend(part)
    return False


def masked_repr(value: object, name: str = "") -> str:
    """The `repr` of `value`: shortened, without secrets, whatever its `__repr__` does."""
    if is_secret_name(name) and value is not None and not isinstance(value, bool):
        return MASKED
    text = _Values().repr(value)[: 4 * VALUE_CHARACTERS]
    text = re.sub(SECRET_INSIDE, rf"\1{MASKED}", text)
    text = without_passwords(text)
    return text if len(text) <= VALUE_CHARACTERS else f"{text[: VALUE_CHARACTERS - 1]}…"


def without_passwords(text: str) -> str:
    """Mask the passwords and other secrets in URLs in `text`."""
    if "://" not in text:
        return text
    return re.sub(PARAMETER_IN_URL, _masked_parameter, re.sub(PASSWORD_IN_URL, rf"\1{MASKED}\2", text))


def _masked_parameter(match: re.Match[str]) -> str:
    return f"{match[1]}{MASKED}" if re.search(SECRET_PARAMETER, match[2]) else match[0]


class _Values(reprlib.Repr):
    """Shortens while traversing, so that a huge value costs no more than a small one."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = self.maxdict = 12
        self.maxstring = self.maxother = VALUE_CHARACTERS
        self.maxlong = 80

    def repr1(self, x: Any, level: int) -> str:
        names = getattr(type(x), "_fields", None)
        if isinstance(x, tuple) and isinstance(names, tuple):
            return f"{type(x).__name__}({self._pairs(zip(names, x, strict=False), '{}={}', level)})"
        for kind in (str, dict, list, tuple, set, frozenset):
            if isinstance(x, kind):
                # Subclasses too: their own `__repr__` would traverse everything.
                text = str(getattr(self, f"repr_{kind.__name__}")(x, level))
                return text if type(x) is kind else f"{type(x).__name__}({text})"
        if isinstance(x, bytes | bytearray | memoryview):
            more = "…" if len(x) > VALUE_CHARACTERS // 4 else ""
            return f"{bytes(x[: VALUE_CHARACTERS // 4])!r}{more}"
        return self._other(x, level)

    def _other(self, x: Any, level: int) -> str:
        try:
            return super().repr1(x, level)
        except Exception as error:
            return f"<{type(x).__name__}, whose repr raised {type(error).__name__}>"

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        if level <= 0 and x:
            return "{…}"
        pairs = ((self.repr1(key, level - 1), value) for key, value in x.items())
        return f"{{{self._pairs(pairs, '{}: {}', level)}}}"

    def _pairs(self, pairs: Iterable[tuple[str, Any]], form: str, level: int) -> str:
        shown = [
            form.format(name, MASKED if is_secret_name(name) else self.repr1(value, level - 1))
            for name, value in islice(pairs, self.maxdict + 1)
        ]
        return ", ".join([*shown[: self.maxdict], "…"] if len(shown) > self.maxdict else shown)
