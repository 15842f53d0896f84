"""The marks that turn functions of a plain Python file into tools, resources, prompts, tasks and streams.

A decorator returns the function as it is, so that it can be called, tested and imported like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

MarkedT = TypeVar("MarkedT", bound=Callable[..., Any])

MARK = "__server_core_mark__"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a decorator says of its function."""

    kind: Literal["tool", "resource", "prompt", "stream"]
    name: str | None = None
    title: str | None = None
    description: str | None = None
    uri: str = ""
    mime_type: str | None = None
    read_only: bool = False
    destructive: bool | None = None
    idempotent: bool | None = None
    open_world: bool | None = None
    cached: bool = False
    breaker: str = ""
    seconds: float | None = None
    task: bool = False
    task_only: bool = False
    structured: bool | None = None


def mark_of(function: Any) -> Mark | None:
    """The mark on `function`, if it has one."""
    mark = getattr(function, MARK, None)
    return mark if isinstance(mark, Mark) else None


def _marked(function: MarkedT, mark: Mark) -> MarkedT:
    if isinstance(function, staticmethod | classmethod) or not callable(function):
        raise TypeError(f"@{mark.kind} goes on a function, not on {function!r}")
    function.__dict__[MARK] = mark
    return function


@overload
def tool(function: MarkedT) -> MarkedT: ...
@overload
def tool(
    *,
    name: str | None = None,
    title: str | None = None,
    description: str | None = None,
    read_only: bool = False,
    destructive: bool | None = None,
    idempotent: bool | None = None,
    open_world: bool | None = None,
    cached: bool = False,
    breaker: str = "",
    seconds: float | None = None,
    structured: bool | None = None,
) -> Callable[[MarkedT], MarkedT]: ...
def tool(function: Any = None, **words: Any) -> Any:
    """Offer the function as a tool; its signature is the schema, its docstring the description.

    Args:
        read_only: it changes nothing (the client may be told, and the workbench may call it to compare).
        cached: its results are kept in the server's cache, by its arguments.
        breaker: the name of the thing that it depends on and may fail with it.
        seconds: the time limit of a call, instead of the server's.
        structured: whether the result is also sent as data; by default where the return annotation allows it.
    """
    return _decorator(function, lambda: Mark("tool", **words))


@overload
def task(function: MarkedT) -> MarkedT: ...
@overload
def task(
    *,
    name: str | None = None,
    title: str | None = None,
    description: str | None = None,
    destructive: bool | None = None,
    idempotent: bool | None = None,
    open_world: bool | None = None,
    breaker: str = "",
    seconds: float | None = None,
    only: bool = False,
    structured: bool | None = None,
) -> Callable[[MarkedT], MarkedT]: ...
def task(function: Any = None, **words: Any) -> Any:
    """Offer the function as a tool that may run as a long task: by `start_long_task`, or at its call by a client that
    declares the extension `io.modelcontextprotocol/tasks`. Takes what `tool` takes.

    Its time limit counts from its last report of progress, and stands still while it waits for its client.

    Args:
        idempotent: to run it twice is as good as once. If its process dies, it is run again at the next start, until
            it was begun three times; other tasks are marked `interrupted`. Clients are told, too.
        only: it runs as a task and nothing else: a call of it by another client is refused (-32021).
    """
    task_only = words.pop("only", False)
    return _decorator(function, lambda: Mark("tool", task=True, task_only=task_only, **words))


def resource(
    uri: str,
    *,
    name: str | None = None,
    title: str | None = None,
    description: str | None = None,
    mime_type: str | None = None,
    cached: bool = False,
    breaker: str = "",
    seconds: float | None = None,
) -> Callable[[MarkedT], MarkedT]:
    """Offer the function as a resource at `uri`, or as a template if that has variables (`note://{id}`).

    It returns text, bytes, or anything that JSON can hold.
    """
    mark = Mark(
        "resource",
        name=name,
        title=title,
        description=description,
        uri=uri,
        mime_type=mime_type,
        cached=cached,
        breaker=breaker,
        seconds=seconds,
    )
    return lambda function: _marked(function, mark)


@overload
def prompt(function: MarkedT) -> MarkedT: ...
@overload
def prompt(
    *, name: str | None = None, title: str | None = None, description: str | None = None
) -> Callable[[MarkedT], MarkedT]: ...
def prompt(function: Any = None, **words: Any) -> Any:
    """Offer the function as a prompt; it returns text, messages, or a list of them."""
    return _decorator(function, lambda: Mark("prompt", **words))


def stream(
    name: str, *, description: str | None = None, mime_type: str | None = None
) -> Callable[[MarkedT], MarkedT]:
    """Offer the async generator function as a streamed resource `stream://NAME`; it yields pieces of text."""
    mark = Mark("stream", name=name, uri=f"stream://{name}", description=description, mime_type=mime_type)
    return lambda function: _marked(function, mark)


def _decorator(function: Any, mark: Callable[[], Mark]) -> Any:
    if function is None:
        made = mark()
        return lambda decorated: _marked(decorated, made)
    if isinstance(function, str):
        raise TypeError(f"Write name={function!r}: the decorator takes keywords only")
    return _marked(function, mark())
