"""The marks that turn functions of a plain Python file into tools, resources, prompts, tasks and streams.

A decorator returns the function as it is, so that it can be called, tested and imported like any other.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple, TypeVar, overload

from ..errors import nearest

MarkedT = TypeVar("MarkedT", bound=Callable[..., Any])

MARK = "__server_core_mark__"

Suggest = Callable[[str, Mapping[str, str]], Sequence[str] | Awaitable[Sequence[str]]]
"""`(typed so far, other arguments) -> suggestions`, for one argument; may be async."""

Suggestions = Mapping[str, Suggest | Sequence[str]]
"""By argument: a function, or the values to choose from."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a decorator says about its function. `home` is the module that it was used in, `source` its `file:line`."""

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
    complete: Suggestions | None = None
    home: str = ""
    source: str = ""
    examples: Sequence[Mapping[str, Any]] = ()


class Marking(NamedTuple):
    """One use of a decorator while a file was loaded; without a mark, `problem` says why."""

    name: str
    mark: Mark | None
    source: str
    problem: str = ""


_markings: ContextVar[list[Marking] | None] = ContextVar("markings", default=None)


@contextmanager
def collected_markings() -> Iterator[list[Marking]]:
    """Collect every use of a decorator while the block runs. Wrong uses become problems instead of errors, so that
    one mistake doesn't stop the whole file."""
    markings: list[Marking] = []
    token = _markings.set(markings)
    try:
        yield markings
    finally:
        _markings.reset(token)


def mark_of(function: Any) -> Mark | None:
    """The mark on `function`, if it has one."""
    try:
        mark = getattr(function, MARK, None)
    except Exception:  # a user's object whose attributes raise
        return None
    return mark if isinstance(mark, Mark) else None


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
    examples: Sequence[Mapping[str, Any]] = (),
) -> Callable[[MarkedT], MarkedT]: ...
def tool(function: Any = None, **words: Any) -> Any:
    """Offer the function as a tool; its signature is the schema, its docstring the description.

    Args:
        read_only: it changes nothing. Clients see that, and the workbench may call it to compare.
        cached: its results are kept in the server's cache, by its arguments.
        breaker: the name of the thing that it depends on and may fail with it.
        seconds: the time limit of a call, instead of the server's.
        structured: whether the result is also sent as data; by default where the return annotation allows it.
        examples: arguments that work, for clients to see in its schema and for `workbench export --check` to try.
    """
    return _decorated("tool", function, words)


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
    """Offer the function as a tool that may run as a long task: by `start_long_task`, or when it is called by a client
    that declares the extension `io.modelcontextprotocol/tasks`. Takes what `tool` takes.

    Its time limit counts from its last report of progress, and stands still while it waits for its client.

    Args:
        idempotent: running it twice does no harm. If its process dies, it is run again at the next start, up to
            three times; other tasks are marked `interrupted`. Clients see it as a hint.
        only: it runs as a task and nothing else: a call of it by another client is refused (-32021).
    """
    words["task_only"] = words.pop("only", False)
    return _decorated("tool", function, {**words, "task": True})


@overload
def resource(uri: MarkedT) -> MarkedT: ...
@overload
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
    complete: Suggestions | None = None,
) -> Callable[[MarkedT], MarkedT]: ...
def resource(uri: Any = None, **words: Any) -> Any:
    """Offer the function as a resource at `uri`, or as a template if that has variables (`note://{id}`).

    It returns text, bytes, an `Image` or `Audio` of the SDK, or anything that JSON can hold.

    Args:
        complete: suggestions for a template's variables, as for `prompt`.
    """
    if not isinstance(uri, str):
        return _refused("resource", uri, 'needs a URI: write @resource("note://name")')
    return _decorated("resource", None, {**words, "uri": uri})


@overload
def prompt(function: MarkedT) -> MarkedT: ...
@overload
def prompt(
    *,
    name: str | None = None,
    title: str | None = None,
    description: str | None = None,
    complete: Suggestions | None = None,
) -> Callable[[MarkedT], MarkedT]: ...
def prompt(function: Any = None, **words: Any) -> Any:
    """Offer the function as a prompt; it returns text, messages, or a list of them.

    Args:
        complete: suggestions by argument: a list of values, or a function (async or not) that takes what is typed so
            far and the other arguments, and returns values. Arguments of a `Literal` or `Enum` type have their own.
    """
    return _decorated("prompt", function, words)


@overload
def stream(name: MarkedT) -> MarkedT: ...
@overload
def stream(
    name: str | None = None, *, description: str | None = None, mime_type: str | None = None
) -> Callable[[MarkedT], MarkedT]: ...
def stream(name: Any = None, **words: Any) -> Any:
    """Offer the async generator function as a streamed resource `stream://NAME`; it yields pieces of text.

    NAME is the function's own if not given.
    """
    if name is None or isinstance(name, str):
        return _decorated("stream", None, {**words, "name": name})
    return _decorated("stream", name, words)


def _decorated(kind: str, function: Any, words: dict[str, Any]) -> Any:
    """Mark `function`, or return the decorator that will."""
    if isinstance(function, str):
        return _refused(kind, None, f"takes keywords only: write name={function!r}")
    known = [field.name for field in fields(Mark) if field.name not in ("kind", "home", "source")]
    unknown = next((word for word in words if word not in known), None)
    if unknown is not None:
        near = nearest(unknown, known)
        hint = f"; did you mean {near[0]}?" if near else ""
        return _refused(kind, function, f"doesn't know {unknown!r}{hint}")
    if function is None:
        return lambda decorated: _marked(kind, decorated, words)
    return _marked(kind, function, words)


def _marked(kind: str, function: Any, words: dict[str, Any]) -> Any:
    target = function.__func__ if isinstance(function, staticmethod | classmethod) else function
    if isinstance(target, type) or not callable(target):
        return _refused(kind, function, f"goes on a function, not on {function!r}")
    if not hasattr(target, "__dict__") or inspect.ismethod(target):
        # A bound method shares its attributes with the class's function: what is marked stands for it.
        target = function = functools.update_wrapper(functools.partial(target), target)
    home, source = _where_marked()
    if hasattr(target, "__code__"):
        # Not where the decorator was used: that may be a helper of the user's own.
        home, source = target.__module__, f"{target.__code__.co_filename}:{target.__code__.co_firstlineno}"
    mark = Mark(kind, home=home, source=source, **words)  # type: ignore[arg-type]
    target.__dict__[MARK] = mark
    _note(Marking(_name_of(target), mark, source))
    return function


def _refused(kind: str, function: Any, text: str) -> Any:
    """A wrong use: a problem of the file that is being loaded, else an error at once."""
    if _markings.get() is None:
        raise TypeError(f"@{kind} {text}")

    def refuse(decorated: Any) -> Any:
        _note(Marking(_name_of(decorated), None, _where_marked()[1], f"@{kind} {text}"))
        return decorated

    return refuse if function is None else refuse(function)


def _note(marking: Marking) -> None:
    markings = _markings.get()
    if markings is not None:
        markings.append(marking)


def _name_of(target: Any) -> str:
    return str(getattr(target, "__qualname__", None) or type(target).__qualname__).rpartition(".<locals>.")[2]


def _where_marked() -> tuple[str, str]:
    """The module and the `file:line` that used the decorator."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals is globals():
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")), f"{frame.f_code.co_filename}:{frame.f_lineno}"
