"""A program in a pseudo-terminal of a fixed size, its keys and its screen: for tests of the real thing.

The screen is kept by `pyte`, a terminal emulator: what a test sees is what a person would.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

import pyte

from tests.waiting import OutOfTimeError


class Terminal:
    """Runs `arguments` in a pseudo-terminal; use it as a context manager. Not for Windows."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 40,
        environment: Mapping[str, str] | None = None,
        folder: str | None = None,
    ) -> None:
        self._arguments = list(arguments)
        # The size is the terminal's own: what a test runner says of its own would count more than that.
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self._environment = {
            **inherited,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "TEXTUAL_ANIMATIONS": "none",
            # As on a user's machine: compiled once, not at every start.
            "PYTHONDONTWRITEBYTECODE": "",
            **(environment or {}),
        }
        self._folder = folder
        self._size = (columns, rows)
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self._lines: list[str] | None = None
        self.pid = 0
        self._fd = -1
        self._status: int | None = None

    def __enter__(self) -> Terminal:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                # Before the program can ask: its first frame has the right size already.
                _set_size(0, *self._size)
                if self._folder is not None:
                    os.chdir(self._folder)
                os.execvpe(self._arguments[0], self._arguments, self._environment)
            finally:
                os._exit(127)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, as a person who drags its corner."""
        _set_size(self._fd, columns, rows)
        self.screen.resize(rows, columns)
        self._lines = None

    def send(self, keys: str) -> None:
        """Type `keys`."""
        os.write(self._fd, keys.encode())

    def read(self, seconds: float) -> bool:
        """Take in what the program wrote, waiting at most `seconds` for it; whether there was anything."""
        ready, _write, _error = select.select([self._fd], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # Linux says so when the program has ended
            return False
        self.raw += data
        self._stream.feed(data)
        self._lines = None
        return bool(data)

    def drain(self, seconds: float) -> bool:
        """Swallow what the program writes within `seconds`, without showing it; whether there was anything."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        self.raw += data
        return bool(data)

    def drain_until(self, mark: str, seconds: float) -> bool:
        """Swallow output until `mark` comes, or the program's end; whether it came within `seconds`."""
        wanted, start = mark.encode(), len(self.raw)
        end = time.monotonic() + seconds
        while wanted not in self.raw[start:]:
            left = end - time.monotonic()
            if left <= 0 or (not self.drain(min(left, 0.05)) and self.ended):
                return False
        return True

    @property
    def ended(self) -> bool:
        """Whether the program has ended."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is not None

    @property
    def lines(self) -> list[str]:
        """The screen. As `pyte` has it, but looked at once for all that came, and without asking for widths:
        the cell behind a wide character is empty."""
        if self._lines is None:
            columns = range(self.screen.columns)
            self._lines = [
                "".join([row[column].data for column in columns])
                for row in (self.screen.buffer[number] for number in range(self.screen.lines))
            ]
        return self._lines

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def bold(self, line: int) -> str:
        """What stands in bold on a line, counted from 0."""
        row = self.screen.buffer[line]
        return "".join([row[column].data for column in range(self.screen.columns) if row[column].bold])

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
        """Take in output until `condition` holds.

        Raises:
            OutOfTimeError: it does not within `seconds`; the text has the screen.
            AssertionError: the program has ended before.
        """
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                raise OutOfTimeError(f"{what} did not come within {seconds:g} s; the screen:\n{self.text}")
            if not self.read(min(left, 0.05)) and self.ended and not condition():
                raise AssertionError(
                    f"The program ended before {what}, with code {self._status}:\n{self.text}"
                )

    def answer(self, keys: str, mark: str, seconds: float) -> float | None:
        """Milliseconds from typing `keys` to the arrival of `mark` from the program; `None` if it takes longer.

        The bytes are looked at as they come: the emulator, slower than any terminal, takes them in afterwards.
        """
        wanted = mark.encode()
        came = bytearray()
        started = time.perf_counter()
        self.send(keys)
        while wanted not in came:
            left = started + seconds - time.perf_counter()
            if left <= 0 or not select.select([self._fd], [], [], left)[0]:
                break
            came += os.read(self._fd, 65536)
        took = (time.perf_counter() - started) * 1000
        self.raw += came
        self._stream.feed(bytes(came))
        return took if wanted in came else None

    def wait_for_bytes(self, mark: str, seconds: float = 30.0) -> None:
        """Wait for `mark` in what the program writes from now on, without showing it: for measuring.

        Raises:
            OutOfTimeError: it does not come within `seconds`.
        """
        wanted, came = mark.encode(), bytearray()
        end = time.monotonic() + seconds
        while wanted not in came:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._fd], [], [], left)[0]:
                raise OutOfTimeError(f"{mark!r} did not come within {seconds:g} s")
            came += os.read(self._fd, 65536)
        self.raw += came

    def wait_for(self, text: str, seconds: float = 30.0) -> None:
        """Take in output until `text` stands on the screen. Raises like `wait_until`."""
        self.wait_until(lambda: text in self.text, repr(text), seconds)

    def wait_for_end(self, seconds: float = 30.0) -> int:
        """Wait for the program's end; returns its exit code. Raises like `wait_until`."""
        self.wait_until(lambda: self.ended, "the program's end", seconds)
        assert self._status is not None
        return self._status


def _set_size(fd: int, columns: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
