"""What an error says, whatever its class does."""

from __future__ import annotations

from .masking import without_passwords

SHOWN_CHARACTERS = 100
"""How much of a name from outside an error repeats."""


def shortened(text: str, most: int = SHOWN_CHARACTERS) -> str:
    """`text`, cut after `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def error_text(error: BaseException) -> str:
    """What `error` says, even where its class's own `__str__` fails."""
    try:
        return str(error)
    except Exception as trouble:
        return f"(its text could not be made: {type(trouble).__name__})"


def error_line(error: BaseException) -> str:
    """`ValueError: what it says`, or the class alone; without the passwords of URLs."""
    text = without_passwords(error_text(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
