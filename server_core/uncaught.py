"""Reports uncaught errors: from the loop's tasks and callbacks, from threads, and those that Python can't raise."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .reporting import ErrorReporter


class UnhandledError(RuntimeError):
    """Something the event loop reported without an exception; the text is its message."""


@contextmanager
def reported_uncaught(reporter: ErrorReporter) -> Iterator[None]:
    """Report uncaught errors to `reporter` while the block runs. Call it on the running loop that it should cover.

    The process-wide hooks (`threading.excepthook`, `sys.unraisablehook`) and the loop's handler wrap the existing ones:
    custom hooks are still called, Python's own, which print, are not. Afterwards the previous ones are restored, unless
    someone else has wrapped these.
    """
    hooks = UncaughtHooks(reporter, asyncio.get_running_loop())
    hooks.install()
    try:
        yield
    finally:
        hooks.remove()


class UncaughtHooks:
    """The three hooks of one loop. Install and remove them on that loop; they are called on any thread."""

    def __init__(self, reporter: ErrorReporter, loop: asyncio.AbstractEventLoop) -> None:
        self._reporter = reporter
        self._loop = loop
        self._installed = False
        self._of_loop = self._on_loop
        self._of_thread = self._on_thread
        self._of_python = self._on_unraisable
        self._loop_before: Any = None
        self._thread_before: Any = None
        self._python_before: Any = None

    def install(self) -> None:
        """Install the hooks."""
        self._installed = True
        self._loop_before = self._loop.get_exception_handler()
        self._thread_before = threading.excepthook
        self._python_before = sys.unraisablehook
        self._loop.set_exception_handler(self._of_loop)
        threading.excepthook = self._of_thread
        sys.unraisablehook = self._of_python

    def remove(self) -> None:
        """Restore the previous hooks; one that has been wrapped since then just passes calls on."""
        self._installed = False
        if self._loop.get_exception_handler() is self._of_loop:
            self._loop.set_exception_handler(self._loop_before)
        if threading.excepthook is self._of_thread:
            threading.excepthook = self._thread_before
        if sys.unraisablehook is self._of_python:
            sys.unraisablehook = self._python_before

    def _on_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if self._installed:
            self._report_soon(*_loop_trouble(context))
        if self._loop_before is not None:
            self._loop_before(loop, context)
        elif not self._installed:
            loop.default_exception_handler(context)

    def _on_thread(self, args: threading.ExceptHookArgs) -> None:
        # A thread that ends by `sys.exit` has not failed, as in Python's own hook.
        if self._installed and args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            name = args.thread.name if args.thread is not None else "unknown"
            self._reporter.report(args.exc_value, f"thread {name}", source="uncaught")
        if not self._installed or self._thread_before is not threading.__excepthook__:
            self._thread_before(args)

    def _on_unraisable(self, unraisable: Any) -> None:
        if self._installed:
            error = unraisable.exc_value or UnhandledError(unraisable.err_msg or "unraisable")
            self._report_soon(error, _unraisable_place(unraisable.object))
        if not self._installed or self._python_before is not sys.__unraisablehook__:
            self._python_before(unraisable)

    def _report_soon(self, error: BaseException, where: str) -> None:
        """Report on the loop's next turn: the garbage collector may call from anywhere, with any lock held."""

        def report() -> None:
            self._reporter.report(error, where, source="uncaught")

        with suppress(RuntimeError):  # the loop is closed: the process is ending
            self._loop.call_soon_threadsafe(report)


def _loop_trouble(context: dict[str, Any]) -> tuple[BaseException, str]:
    """The error that the loop reported, and where it occurred."""
    message = str(context.get("message") or "an error in the event loop")
    error = context.get("exception")
    task = context.get("task") or context.get("future")
    where = "accepting a connection" if message.startswith("socket.accept()") else "the event loop"
    if isinstance(task, asyncio.Task):
        coroutine = task.get_coro()
        where = f"task {getattr(coroutine, '__qualname__', '') or task.get_name()}"
    elif context.get("handle") is not None:
        callback = getattr(context["handle"], "_callback", None)
        where = f"callback {getattr(callback, '__qualname__', '')}".strip()
    return (error if isinstance(error, BaseException) else UnhandledError(message)), where


def _unraisable_place(thing: object) -> str:
    name = getattr(thing, "__qualname__", "") or type(thing).__name__
    return str(name) if thing is not None else "Python"
