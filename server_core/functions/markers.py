"""The decorators that turn functions in a plain Python file into tools, resources, prompts, tasks and streams.

A decorator returns the function unchanged, so it can be called, tested and imported like any other.
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
"""`(typed so far, other arguments) -> suggestions` for one argument; may be async."""

Suggestions = Mapping[str, Suggest | Sequence[str]]
"""By argument: a function, or a list of values to choose from."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The options given to a decorator. `home` is the module that it was used in, `source` its `file:line`."""

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
    """One use of a decorator while a file was loaded; if it was not marked, `problem` says why."""

    name: str
    mark: Mark | None
    source: str
    problem: str = ""


_markings: ContextVar[list[Marking] | None] = ContextVar("markings", default=None)


@contextmanager
def collected_markings() -> Iterator[list[Marking]]:
    """Collect every use of a decorator while the block runs. Wrong uses become problems rather than errors, so that
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
    except Exception:  # an object of the user's with failing attributes
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
    """Offer the function as a tool; its signature becomes the schema, its docstring the description.

    Args:
        read_only: it changes nothing. Clients see this, and the workbench may call it for comparisons.
        cached: keep its results in the server's cache, by arguments.
        breaker: the name of the circuit breaker for what it depends on.
        seconds: the time limit of a call, instead of the server's.
        structured: whether to send the result as data, too; by default if the return annotation allows it.
        examples: arguments that work, shown to clients in its schema and tried by `workbench export --check`.
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
    """Offer the function as a tool that may run as a long task: through `start_long_task`, or when it is called by a
    client that declares the extension `io.modelcontextprotocol/tasks`. Takes the same options as `tool`.

    Its time limit counts from its last progress report and is paused while it waits for its client.

    Args:
        idempotent: running it twice does no harm. If its process dies, it runs again at the next start, up to
            three times; other tasks are marked `interrupted`. Clients see this as a hint.
        only: it runs only as a task: a plain call by another client is refused (-32021).
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
    """Offer the function as a resource at `uri`, or as a template if the URI has variables (`note://{id}`).

    It returns text, bytes, an `Image` or `Audio` of the SDK, or anything JSON can represent.

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
        complete: suggestions by argument: a list of values, or a function (async or not) that takes the text typed so
            far and the other arguments, and returns values. `Literal` and `Enum` arguments suggest their own values.
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

    NAME defaults to the function's name.
    """
    if name is None or isinstance(name, str):
        return _decorated("stream", None, {**words, "name": name})
    return _decorated("stream", name, words)


def _decorated(kind: str, function: Any, words: dict[str, Any]) -> Any:
    """Mark `function`, or return the decorator that will."""
    if isinstance(function, str):
        return _refused(kind, None, f"takes keyword arguments only: write name={function!r}")
    known = [field.name for field in fields(Mark) if field.name not in ("kind", "home", "source")]
    unknown = next((word for word in words if word not in known), None)
    if unknown is not None:
        near = nearest(unknown, known)
        hint = f"; did you mean {near[0]}?" if near else ""
        return _refused(kind, function, f"has no option {unknown!r}{hint}")
    if function is None:
        return lambda decorated: _marked(kind, decorated, words)
    return _marked(kind, function, words)


def _marked(kind: str, function: Any, words: dict[str, Any]) -> Any:
    target = function.__func__ if isinstance(function, staticmethod | classmethod) else function
    if isinstance(target, type) or not callable(target):
        return _refused(kind, function, f"must decorate a function, not {function!r}")
    if not hasattr(target, "__dict__") or inspect.ismethod(target):
        # A bound method shares its attributes with the class's function, so mark a stand-in.
        target = function = functools.update_wrapper(functools.partial(target), target)
    home, source = _where_marked()
    if hasattr(target, "__code__"):
        # Not where the decorator was used: that may be inside a user's helper.
        home, source = target.__module__, f"{target.__code__.co_filename}:{target.__code__.co_firstlineno}"
    mark = Mark(kind, home=home, source=source, **words)  # type: ignore[arg-type]
    target.__dict__[MARK] = mark
    _note(Marking(_name_of(target), mark, source))
    return function


def _refused(kind: str, function: Any, text: str) -> Any:
    """Report a wrong use: as a problem of the file being loaded, or else as an immediate error."""
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
    """The module and `file:line` where the decorator was used."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals is globals():
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")), f"{frame.f_code.co_filename}:{frame.f_lineno}"
