"""The text of any error, whatever its class does."""

from __future__ import annotations

from .masking import without_passwords

SHOWN_CHARACTERS = 100
"""How many characters of an outside name an error repeats."""


def shortened(text: str, most: int = SHOWN_CHARACTERS) -> str:
    """Shorten `text` to `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def error_text(error: BaseException) -> str:
    """The text of `error`, even if its own `__str__` fails."""
    try:
        return str(error)
    except Exception as trouble:
        return f"(no text: its __str__ raised {type(trouble).__name__})"


def error_line(error: BaseException) -> str:
    """`ValueError: message`, or the class alone; passwords in URLs are masked."""
    text = without_passwords(error_text(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
