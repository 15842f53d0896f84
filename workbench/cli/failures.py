"""Command failures: one line on stderr and an exit code for scripts."""

from __future__ import annotations

from collections.abc import Iterable

FINE = 0
FAILED = 1
USAGE = 2
NOT_FOUND = 3
PROTOCOL = 4
TIMED_OUT = 5
INTERRUPTED = 130


class CommandError(Exception):
    """A failed command: exit code `code` and one line that says what is wrong, where, and what to do."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def not_found(what: str, name: str, known: Iterable[str], *, listed: bool = True) -> CommandError:
    """Build the error for an unknown name; it suggests the nearest names, or lists all if there are only a few.

    Args:
        listed: Whether `workbench list` shows these names; the message says so if there are many.
    """
    from server_core.error_texts import shortened
    from server_core.errors import nearest

    names = sorted(known)
    close = nearest(name, names)
    if close:
        hint = f"; did you mean {' or '.join(close)}?"
    elif names and (len(names) <= 8 or not listed):
        hint = f"; there {'is' if len(names) == 1 else 'are'} {', '.join(names)}"
    else:
        hint = f"; run `workbench list {what}s` to see them all"
    return CommandError(NOT_FOUND, f"Unknown {what}: {shortened(name)}{hint}")
