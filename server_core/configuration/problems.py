"""Problems in a config, each in one line that says where it is and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

KeyPath = tuple[str | int, ...]
"""The path to a value: `("modules", "shop", "pool", "max_size")`; a number is an index into an array, from 0."""


class ConfigError(Exception):
    """A config that can't be used; its text is `server.toml:12: …`. `line` is 0 if there is none.

    Attributes:
        others: the other problems, ordered by line.
    """

    def __init__(self, file: str, line: int, message: str, others: Sequence[tuple[int, str]] = ()) -> None:
        """`others` are line numbers with their messages."""
        super().__init__(file, line, message)
        self.others = tuple(ConfigError(file, *other) for other in others)
        self.file = file
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


def dotted(path: Sequence[str | int]) -> str:
    """A key path as written in a config: `modules.shop.pool`, `steps[2].tool`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step + 1}]"
        else:
            bare = step and all(character.isalnum() or character in "_-" for character in step)
            text += ("." if text else "") + (step if bare else f'"{step}"')
    return text


def unknown_text(what: str, key: str, where: str, known: Iterable[str]) -> str:
    """`unknown key "urll" in modules.shop; did you mean url?`, or all known keys if none is similar."""
    names = sorted(known)
    near = difflib.get_close_matches(key.casefold(), names, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(names)}"
    return f"unknown {what} {key!r}{f' in {where}' if where else ''}; {hint}"


def existing_part(path: Sequence[str | int], data: Any) -> KeyPath:
    """The steps of `path` that exist in `data`; the others are left out.

    Validators insert steps of their own (the branch of a union).
    """
    found: list[str | int] = []
    for step in path:
        if isinstance(data, Mapping) and step in data:
            data = data[str(step)]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            continue
        found.append(step)
    return tuple(found)
