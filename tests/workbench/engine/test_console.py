"""What tools print and log becomes facts, never output."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable

import pytest

from server_core.bus import EventBus
from server_core.clock import SystemClock
from server_core.events import LogWritten
from server_core.request import Request, current_request
from tests.waiting import until_sync
from workbench.engine.console import ConsoleGuard
from workbench.engine.lines import LINE_CHARS, LINES_A_TURN


class Written:
    """The log lines that a guard emits."""

    def __init__(self) -> None:
        self.facts: list[LogWritten] = []

    def emit(self, fact: object) -> None:
        assert isinstance(fact, LogWritten)
        self.facts.append(fact)

    def line(self, text: str) -> LogWritten:
        return until_sync(
            lambda: next((fact for fact in self.facts if fact.text == text), None), f"{text!r} is logged"
        )


@pytest.fixture
def written() -> Written:
    return Written()


def run_as_tool(target: str, work: Callable[[], object]) -> None:
    """Run `work` on a thread of its own, as a tool that serves a request."""

    def serve() -> None:
        current_request.set(Request("tools/call", target, clock=SystemClock(), bus=EventBus()))
        work()

    thread = threading.Thread(target=serve, name="a worker")
    thread.start()
    thread.join()


def test_a_print_is_logged_under_the_name_of_its_tool(written: Written, capsys: pytest.CaptureFixture[str]):
    with ConsoleGuard(written.emit, descriptors=False):
        run_as_tool("add", lambda: print("one", 2))
        assert written.line("one 2") == LogWritten("add", "info", "one 2")
        assert capsys.readouterr().out == ""


def test_what_is_printed_outside_of_a_request_bears_the_threads_name(written: Written):
    with ConsoleGuard(written.emit, descriptors=False):
        thread = threading.Thread(target=lambda: print("hello", file=sys.stderr), name="a worker")
        thread.start()
        thread.join()
        assert written.line("hello") == LogWritten("a worker", "warning", "hello")


def test_the_screens_own_thread_prints_where_it_did(written: Written, capsys: pytest.CaptureFixture[str]):
    with ConsoleGuard(written.emit, descriptors=False):
        print("the screen's")
        assert capsys.readouterr().out == "the screen's\n"


def test_a_line_is_put_together_from_its_pieces(written: Written):
    with ConsoleGuard(written.emit, descriptors=False):

        def work() -> None:
            print("so ", end="")
            print("far", end=" ")
            print("so good")
            sys.stdout.buffer.write("bytes ü\n".encode())

        run_as_tool("add", work)
        written.line("so far so good")
        written.line("bytes ü")


def test_a_line_without_an_end_is_logged_when_it_is_flushed_and_else_after_a_while(written: Written):
    with ConsoleGuard(written.emit, descriptors=False):
        run_as_tool("add", lambda: print("now", end="", flush=True))
        run_as_tool("add", lambda: print("later", end=""))
        written.line("now")
        written.line("later")


def test_a_tool_that_prints_in_a_loop_is_cut_down_to_its_last_lines(written: Written):
    with ConsoleGuard(written.emit, descriptors=False):

        def work() -> None:
            for number in range(5000):
                print(f"line {number}")

        run_as_tool("chatty", work)
        written.line("line 4999")
        said = [fact for fact in written.facts if "lines skipped" in fact.text]
        assert said
        assert len(written.facts) < 5000 / 2
        shown = [fact for fact in written.facts if fact.text.startswith("line")]
        assert len(shown) + sum(int(fact.text.split()[1].replace(",", "")) for fact in said) == 5000


def test_an_error_of_another_source_is_not_lost_in_a_flood(written: Written):
    with ConsoleGuard(written.emit, descriptors=False):
        run_as_tool("quiet", lambda: logging.getLogger("its logger").error("it broke"))
        run_as_tool("chatty", lambda: print("\n".join(f"line {n}" for n in range(10 * LINES_A_TURN))))
    assert LogWritten("quiet (its logger)", "error", "it broke") in written.facts


def test_an_endless_line_is_cut(written: Written):
    with ConsoleGuard(written.emit, descriptors=False):
        run_as_tool("add", lambda: print("x" * 10 * LINE_CHARS))
        fact = until_sync(lambda: written.facts and written.facts[0], "the line is logged")
        assert len(fact.text) == LINE_CHARS + 1


def test_log_records_of_a_tool_are_logged_from_info_and_others_from_warning(written: Written):
    with ConsoleGuard(written.emit, descriptors=False):
        logger = logging.getLogger("some.library")
        logger.info("not about a request")
        logger.warning("a %s", "warning")
        run_as_tool("add", lambda: logger.info("while it runs"))
        assert written.line("a warning") == LogWritten("some.library", "warning", "a warning")
        assert written.line("while it runs") == LogWritten("add (some.library)", "info", "while it runs")
        assert not any(fact.text == "not about a request" for fact in written.facts)


def test_a_log_record_with_an_exception_names_it(written: Written):
    with ConsoleGuard(written.emit, descriptors=False):
        try:
            raise ValueError("bad input")
        except ValueError:
            logging.getLogger("x").exception("it failed")
        written.line("it failed: ValueError: bad input")


def test_leaving_puts_everything_back(written: Written):
    before = (sys.stdout, sys.stderr, list(logging.getLogger().handlers), logging.getLogger().level)
    with ConsoleGuard(written.emit, descriptors=False):
        assert sys.stdout is not before[0]
    assert (sys.stdout, sys.stderr, list(logging.getLogger().handlers), logging.getLogger().level) == before


def test_covering_again_guards_a_stream_that_was_put_in_front(
    written: Written, capsys: pytest.CaptureFixture[str]
):
    with ConsoleGuard(written.emit, descriptors=False) as guard:
        sys.stdout = sys.__stdout__
        guard.cover()
        run_as_tool("add", lambda: print("still guarded"))
        written.line("still guarded")
    assert capsys.readouterr().out == ""


def test_what_a_library_says_by_itself_is_told_apart(written: Written):
    record = logging.LogRecord(
        "lib.part", logging.WARNING, "/x/site-packages/lib/part.py", 1, "mind", (), None
    )
    with ConsoleGuard(written.emit, descriptors=False):
        run_as_tool("add", lambda: logging.getLogger("lib.part").handle(record))
        run_as_tool("add", lambda: logging.getLogger("tools").warning("mine"))
        run_as_tool(
            "add", lambda: warnings.showwarning("old", DeprecationWarning, "tools.py", 5, line="ctx.info()")
        )
        assert written.line("mind") == LogWritten("add (lib.part)", "warning", "mind", library=True)
        assert written.line("mine") == LogWritten("add (tools)", "warning", "mine")
        old = "tools.py:5: DeprecationWarning: old"
        assert written.line(old) == LogWritten("add (py.warnings)", "warning", old, library=True)


def test_what_was_written_before_there_is_an_engine_is_logged_when_it_comes(written: Written):
    with ConsoleGuard(descriptors=False) as guard:
        run_as_tool("add", lambda: print("early"))
        guard.attach(written.emit)
        written.line("early")


GUARDED_PROCESS = """
import os, subprocess, sys, threading
from server_core.events import LogWritten
from workbench.engine.console import ConsoleGuard

def child(code):
    subprocess.run([sys.executable, "-c", code])

lines = []
print("before")
with ConsoleGuard(lines.append) as guard:
    os.write(1, b"from C\\n")
    child("import sys; print('a child'); print('its error', file=sys.stderr)")
    assert sys.stdin.read() == ""
    thread = threading.Thread(target=print, args=("a thread",), name="worker")
    thread.start()
    thread.join()
    sys.__stdout__.write("the screen\\n")
    sys.__stdout__.flush()
    print("its own thread")
    with guard.released():
        child("print('an editor:', input())")
print("after")
print(sorted((line.source, line.level, line.text) for line in lines), file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are guarded on POSIX only")
def test_subprocesses_and_c_code_write_to_the_log_and_the_terminal_is_given_back():
    done = subprocess.run(
        [sys.executable, "-c", GUARDED_PROCESS],
        input="typed\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout.splitlines() == ["before", "the screen", "its own thread", "an editor: typed", "after"]
    assert done.stderr.splitlines() == [
        "[('stderr', 'warning', 'its error'), ('stdout', 'info', 'a child'), "
        "('stdout', 'info', 'from C'), ('worker', 'info', 'a thread')]"
    ]
