"""A monkey at the keyboard of the real application: random keys, pastes, mouse, resizes and closings, faster than the
screen can follow, while tools.py is saved again and again and calls are under way.

`python -m tests.acceptance.monkey --seeds 50 --keys 2000` takes the projects in turn and prints a line for each seed;
`--seed N --project NAME` runs one again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.terminal import Terminal
from tests.waiting import OutOfTimeError

from .watched import ANSWER, MARK_KEY

PROJECTS = ("demo", "300", "5000")
BURST = 30
"""At most so many keys before the monkey looks whether the screen answers."""

ANSWER_SECONDS = 20.0
"""However busy the machine is, the screen answers within this; freezes are measured inside."""

START_SECONDS = 60.0
END_SECONDS = 30.0

MOVES = [
    "j",
    "k",
    "j",
    "k",
    "j",
    "g",
    "G",
    *(f"\x1b[{end}" for end in ("A", "B", "C", "D", "5~", "6~", "H", "F")),
]
LETTERS = list("abcdefhilmnoprstuvwxyz?./ -_\"'{}[]0") + list("ABFNPRSTXY")
CONTROLS = [chr(ord(letter) - 64) for letter in "ABDEFGJKLNOPRTY"]
"""Without those that quit or suspend, or empty a line: a path that is typed leads nowhere else then."""

FUNCTIONS = [
    "\x1bOP",
    "\x1bOQ",
    "\x1bOR",
    "\x1bOS",
    *(f"\x1b[{number}~" for number in (15, 17, 18, 20, 21, 24)),
]
PASTES = [
    "select * from books; -- ' \" \\",
    "[/bold] [@click=app.quit]x[/] [red",
    "\x1b[31mred\x1b[0m \x07\x00 \u202egnirts\u202c \u200b",
    '{"a": [1, 2, {"b": null}], "c": "' + "x" * 300 + '"}',
    "line\n" * 60,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301 \ud7ff \uffff 漢字",
    "9" * 400,
]
SIZES = [(120, 40), (80, 24), (200, 60), (100, 30), (40, 10), (10, 4), (300, 80)]


def press(rng: random.Random) -> str:
    """One key, paste or touch of the mouse."""
    kind = rng.choices(
        (
            "move",
            "place",
            "enter",
            "esc",
            "tab",
            "f5",
            "letter",
            "control",
            "function",
            "edit",
            "paste",
            "mouse",
        ),
        (36, 11, 8, 6, 7, 4, 12, 4, 3, 2, 1, 6),
    )[0]
    match kind:
        case "move":
            return rng.choice(MOVES)
        case "place":
            return rng.choice("1234567")
        case "enter":
            return "\r"
        case "esc":
            return "\x1b"
        case "tab":
            return rng.choice(["\t", "\t", "\x1b[Z"])
        case "f5":
            return "\x1b[15~"
        case "letter":
            return rng.choice(LETTERS)
        case "control":
            return rng.choice(CONTROLS)
        case "function":
            return rng.choice(FUNCTIONS)
        case "edit":
            return rng.choice(["\x7f", "\x1b[3~"])
        case "paste":
            return f"\x1b[200~{rng.choice(PASTES)}\x1b[201~"
        case _:
            return touch(rng)


def touch(rng: random.Random) -> str:
    """The mouse: moves, clicks, the wheel, drags."""
    x, y = rng.randint(1, 120), rng.randint(1, 40)
    button = rng.choice([0, 0, 0, 2, 35, 35, 64, 65, 32])
    there = f"\x1b[<{button};{x};{y}M"
    return there + (f"\x1b[<{button};{x};{y}m" if button in (0, 2) else "")


@dataclass
class Figures:
    """What came of a run."""

    keys: int = 0
    starts: int = 0
    slowest: float = 0.0
    troubles: list[str] = field(default_factory=list)


class Monkey:
    """Drives one project with one seed."""

    def __init__(self, seed: int, project: Path, folder: Path) -> None:
        """`folder` is for what the application keeps, and for the reports."""
        self._rng = random.Random(seed)
        self._project = project
        self._folder = folder
        self._tools = project / "tools.py"
        self._source = self._tools.read_text("utf-8")
        self.figures = Figures()

    def run(self, keys: int) -> Figures:
        """Press so many keys, in as many sessions as it takes."""
        while self.figures.keys < keys and not self.figures.troubles:
            share = keys - self.figures.keys
            self._session(min(share, self._rng.randint(max(1, keys // 3), keys)))
        return self.figures

    def _session(self, keys: int) -> None:
        self.figures.starts += 1
        report = self._folder / f"report-{self.figures.starts}.jsonl"
        report.touch()
        command = [sys.executable, "-m", "tests.acceptance.watched", str(report), str(self._project)]
        data = str(self._folder)
        environment = {
            "XDG_DATA_HOME": data,
            "XDG_CONFIG_HOME": data,
            "XDG_CACHE_HOME": data,
            "EDITOR": "true",
            "VISUAL": "true",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        with Terminal(command, environment=environment, folder=str(self._folder)) as terminal:
            try:
                self._play(terminal, keys, report)
            except OutOfTimeError as error:
                self.figures.troubles.append(str(error))
            self.figures.troubles += troubles_in(report, bytes(terminal.raw))

    def _play(self, terminal: Terminal, keys: int, report: Path) -> None:
        if not terminal.drain_until("\x1b[?1049h", START_SECONDS):
            raise OutOfTimeError("It did not start")
        before = self.figures.keys
        while self.figures.keys - before < keys and not terminal.ended:
            try:
                self._burst(terminal)
            except OutOfTimeError:
                raise
            except OSError:  # it has ended meanwhile
                break
        if terminal.ended or asked_to_leave(report):
            self._ended(terminal, report, (0,))
            return
        self._leave(terminal, report)

    def _burst(self, terminal: Terminal) -> None:
        rng = self._rng
        pause = rng.choice([0.0, 0.0, 0.002, 0.01, 0.03])
        for _ in range(rng.randint(1, BURST)):
            terminal.send(press(rng))
            self.figures.keys += 1
            terminal.drain(pause)
        if rng.random() < 0.1:
            terminal.resize(*rng.choice(SIZES))
        if rng.random() < 0.05:
            self._save()
        self._wait_for_answer(terminal)

    def _wait_for_answer(self, terminal: Terminal) -> None:
        started = time.monotonic()
        while not terminal.ended:
            terminal.send(MARK_KEY)  # again and again: what is typed while an editor has the terminal is lost
            if terminal.drain_until(ANSWER, 2.0):
                break
            if time.monotonic() - started > ANSWER_SECONDS:
                os.kill(terminal.pid, signal.SIGUSR1)
                terminal.drain_until("no such mark", 1.0)
                raise OutOfTimeError(f"It did not answer within {ANSWER_SECONDS:g} s")
        self.figures.slowest = max(self.figures.slowest, time.monotonic() - started)

    def _save(self) -> None:
        """Save tools.py: with another tool, or with a mistake."""
        more = self._rng.choice(
            [
                "",
                "\n\n@tool\ndef one_more(a: int = 1) -> int:\n    return a\n",
                "\n\n@tool\ndef broken(:\n",
                f"\n\n@tool\ndef changing(x{self._rng.randint(0, 9)}: str = '') -> str:\n    return 'changed'\n",
            ]
        )
        self._tools.write_text(self._source + more, "utf-8")

    def _leave(self, terminal: Terminal, report: Path) -> None:
        """Quit in the middle of something, by the keyboard or by a signal."""
        how = self._rng.choice(["ctrl+q", "ctrl+q", "SIGHUP", "SIGTERM"])
        terminal.send("".join(press(self._rng) for _ in range(5)))
        if how == "ctrl+q":
            end = time.monotonic() + END_SECONDS
            while not terminal.ended and time.monotonic() < end:
                try:
                    terminal.send("\x1b[27u\x1b[27u\x11y")  # out of what is open; y answers the question
                except OSError:
                    break
                terminal.drain_until("no such mark", 0.5)
            self._ended(terminal, report, (0,))
        else:
            number = getattr(signal, how)
            os.kill(terminal.pid, number)
            self._ended(terminal, report, (0, 128 + number))

    def _ended(self, terminal: Terminal, report: Path, codes: tuple[int, ...]) -> None:
        end = time.monotonic() + END_SECONDS
        while not terminal.ended and time.monotonic() < end:
            terminal.drain(0.05)
        if not terminal.ended:
            os.kill(terminal.pid, signal.SIGUSR1)
            terminal.drain_until("no such mark", 1.0)
            raise OutOfTimeError(f"It did not end within {END_SECONDS:g} s")
        code = terminal.wait_for_end(END_SECONDS)
        while terminal.drain(0.05):
            pass
        if not asked_to_leave(report):
            self.figures.troubles.append(f"It ended by itself, with code {code}")
        elif code not in codes:
            last = report.with_name(f"{report.name}.fault").read_text("utf-8") or terminal.raw[-500:].decode(
                errors="replace"
            )
            self.figures.troubles.append(f"It ended with code {code}: {last}")
        elif (left := unrestored(bytes(terminal.raw))) is not None:
            self.figures.troubles.append(f"It left the terminal with {left!r}")


def unrestored(written: bytes) -> str | None:
    """The first mode of the terminal that the program did not take back."""
    for on, off in (
        ("\x1b[?1049h", "\x1b[?1049l"),
        ("\x1b[?25l", "\x1b[?25h"),
        ("\x1b[?1000h", "\x1b[?1000l"),
    ):
        if written.rfind(off.encode()) < written.rfind(on.encode()):
            return on
    return None


def events_in(report: Path) -> list[dict[str, object]]:
    """What the application reported."""
    return [json.loads(line) for line in report.read_text("utf-8").splitlines()]


def asked_to_leave(report: Path) -> bool:
    """Whether the application was left by somebody."""
    return any(event["kind"] == "exit" for event in events_in(report))


def troubles_in(report: Path, written: bytes) -> list[str]:
    """Errors and freezes, and tracebacks on the terminal."""
    found = [
        f"{event['kind']}: {event}" if event["kind"] == "freeze" else str(event["text"])
        for event in events_in(report)
        if event["kind"] in ("error", "freeze", "waits")
    ]
    behind = written[written.rfind(b"\x1b[?1049l") :]
    return found + (
        [f"On the terminal: {behind.decode(errors='replace')[-2000:]}"] if b"Traceback" in behind else []
    )


# -- the projects

TOOLS = '''"""Many tools, and some that take their time."""

import asyncio
import time

from server_core import Context, ToolError, prompt, tool


@tool
async def aa_slow(ctx: Context, seconds: float = 3.0) -> str:
    """Takes its time."""
    for step in range(10):
        await ctx.report_progress(step, 10, f"step {step}")
        await asyncio.sleep(seconds / 10)
    return "done"


@tool
def ab_thread(seconds: float = 0.5) -> str:
    """Takes its time on a thread."""
    time.sleep(seconds)
    print("printed")
    return "done"


@tool
def ac_fails(how: str = "") -> str:
    """Fails."""
    raise ValueError(how) if how else ToolError("as it should")


@tool
def ad_large(rows: int = 2000) -> list[dict[str, int]]:
    """A large result."""
    return [{"row": row, "square": row * row} for row in range(rows)]


@prompt
def ask(topic: str, tone: str = "formal") -> str:
    """A prompt."""
    return f"Write about {topic}, {tone}"


def _make(number: int):
    def many(words: str, count: int = number, flags: list[bool] | None = None) -> str:
        return f"{words} {count} {flags}"

    many.__name__ = many.__qualname__ = f"tool_{number:04}"
    many.__doc__ = f"Tool number {number}, which does what it can with words."
    return tool(many)


for _number in range(COUNT):
    globals()[f"tool_{_number:04}"] = _make(_number)
'''


def make_project(name: str, folder: Path) -> Path:
    """The project of that name: the sample, or one with so many tools."""
    project = folder / "project"
    if name == "demo":
        from workbench.demo import make_demo

        make_demo(project)
        return project
    project.mkdir()
    (project / "server.toml").write_text(
        '[server]\nname = "many"\n\n[modules.tools]\nkind = "functions"\npath = "tools.py"\n\n'
        '[modules.jobs]\nkind = "tasks"\n',
        "utf-8",
    )
    (project / "tools.py").write_text(TOOLS.replace("COUNT", name), "utf-8")
    return project


def run_seed(seed: int, name: str, keys: int, folder: Path) -> Figures:
    """One seed on a fresh project in `folder`."""
    return Monkey(seed, make_project(name, folder), folder).run(keys)


def main(tell: Callable[[str], None] = print) -> int:
    """Run seeds, tell of each; 1 where one found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.monkey", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds, from --seed on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keys", type=int, default=500, help="keys for each seed")
    parser.add_argument("--project", choices=PROJECTS, help="one project only; otherwise in turn")
    options = parser.parse_args()
    failed = total = 0
    for seed in range(options.seed, options.seed + options.seeds):
        name = options.project or PROJECTS[seed % len(PROJECTS)]
        with tempfile.TemporaryDirectory(prefix="monkey-") as folder:
            figures = run_seed(seed, name, options.keys, Path(folder).resolve())
        total += figures.keys
        failed += bool(figures.troubles)
        tell(
            f"seed {seed} {name}: {figures.keys} keys, {figures.starts} starts, slowest answer {figures.slowest:.2f} s"
            + "".join(f"\n  {trouble}" for trouble in figures.troubles)
        )
    tell(f"{total} keys, {options.seeds} seeds, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
