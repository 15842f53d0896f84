"""What a client is told when a database fails, and what of it speaks against the database."""

from __future__ import annotations

from ..errors import CoreError, DeniedError, InvalidArgumentsError, TimeLimitError, UnavailableError
from .backend import DatabaseBackend


class StatementError(InvalidArgumentsError):
    """A statement that the database does not take, in its own words: the caller's mistake, not the database's."""


class MissingTableError(StatementError):
    """A statement on a table that is not there."""


class StatementTimeLimitError(TimeLimitError, InvalidArgumentsError):
    """A statement that was stopped since it took too long. The database answered to that, so it is not to
    blame: a breaker does not count it."""


class StaleConnectionError(Exception):
    """An idle connection that no longer leads to the database; another one may."""


def database_failure(backend: DatabaseBackend, error: BaseException, password: str) -> CoreError:
    """The error for a client, made of one out of SQLAlchemy or a driver. `password` is taken out of its text."""
    verdict = backend.verdict(error)
    text = backend.text(error)
    if password:
        text = text.replace(password, "***")
    if verdict == "lost":
        return UnavailableError(f"{backend.label} does not answer: {text}")
    if verdict == "limit":
        return time_limit_failure(backend.bounds.seconds)
    if verdict == "denied":
        # Who is not let in at all has not tried to write.
        why = "" if "(using password" in text else " It is only read here."
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
