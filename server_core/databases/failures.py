"""Maps database failures to errors for clients, and to those that count against the database."""

from __future__ import annotations

from ..errors import CoreError, DeniedError, InvalidArgumentsError, TimeLimitError, UnavailableError
from .backend import DatabaseBackend


class StatementError(InvalidArgumentsError):
    """A statement that the database rejected, in its own words: the caller's mistake, not the database's."""


class MissingTableError(StatementError):
    """A statement on a table that does not exist."""


class StatementTimeLimitError(TimeLimitError, InvalidArgumentsError):
    """A statement that was stopped because it took too long. The database responded to that, so a breaker does not
    count it as a failure."""


class StaleConnectionError(Exception):
    """An idle connection that no longer leads to the database; another one may."""


def database_failure(backend: DatabaseBackend, error: BaseException, password: str) -> CoreError:
    """The client's error for one raised by SQLAlchemy or a driver. `password` is removed from its text."""
    verdict = backend.verdict(error)
    text = backend.text(error)
    if password:
        text = text.replace(password, "***")
    if verdict == "lost":
        return UnavailableError(f"{backend.label} does not answer: {text}")
    if verdict == "limit":
        return time_limit_failure(backend.bounds.seconds)
    if verdict == "denied":
        # A failed login was not an attempt to write.
        why = "" if "(using password" in text else " This database is read-only here."
        return DeniedError(f"{backend.label} refused: {text}.{why}")
    if verdict == "missing":
        return MissingTableError(f"{backend.label}: {text}")
    return StatementError(f"{backend.label}: {text}")


def time_limit_failure(seconds: float) -> StatementTimeLimitError:
    """The error for a statement that was stopped after `seconds`."""
    return StatementTimeLimitError(
        f"The statement was stopped after {seconds:g} s. Ask for less (WHERE, LIMIT, an index), "
        "or raise [limits] query_seconds."
    )
