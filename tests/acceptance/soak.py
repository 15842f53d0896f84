"""`python -m tests.acceptance.soak [--minutes 10]`: an hour of hard use in ten minutes.

The sample project serves by HTTP with faults, and its exported script over stdio, while its files are edited and
clients of both revisions call, leave in the middle, abandon sessions, send half requests and what isn't a
message. Every request that waits for its answer must get one; memory, files and threads of both servers must not grow.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from server_core.testing import NEWEST, OLDEST
from tests.hostile.lines_for_tests import LineClient
from tests.waiting import until
from workbench.demo import make_demo

from .soak_clients import (
    ANSWER_SECONDS,
    Tally,
    abandon_session,
    break_connections,
    call_by_http,
    call_by_stdio,
    edit_files,
    is_served,
    kill_client,
    line_client,
    scripted,
    send_garbage,
)

GROWTH = {"memory": (1.1, 5.0), "files": (1.0, 8.0), "threads": (1.0, 4.0)}
"""How much more than the first quarter's median the last quarter's may be: by a factor, and then by so much (MB)."""

LIMITS = """
[limits]
call_seconds = 5
session_idle_seconds = 15
sessions = 150
"""

FAULTS = ("add=fail:5%", "sell=delay:0.05:10%", "ask_supplier=hang:1%")


@dataclass
class Meter:
    """Memory (MB), open files and threads of a process, once a second."""

    name: str
    pid: int
    samples: list[tuple[float, int, int]] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            self.samples.append(self.read())
            await asyncio.sleep(1)

    def read(self) -> tuple[float, int, int]:
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines()
        )
        files = len(os.listdir(f"/proc/{self.pid}/fd"))
        return int(status["VmRSS"].split()[0]) / 1024, files, int(status["Threads"])

    def problems(self) -> list[str]:
        """What has grown; prints all of it. The first tenth does not count: imports, pools and caches come once."""
        samples = self.samples[len(self.samples) // 10 :]
        quarter = max(1, len(samples) // 4)
        found = []
        print(f"{self.name}: median of the first quarter → of the last")
        for place, name in enumerate(GROWTH):
            values = [sample[place] for sample in samples]
            first, last = statistics.median(values[:quarter]), statistics.median(values[-quarter:])
            factor, more = GROWTH[name]
            grown = last > first * factor + more
            print(
                f"  {name:8} {first:8.1f} → {last:8.1f}   most {max(values):8.1f}{'   GROWS' if grown else ''}"
            )
            if grown:
                found.append(f"{name} of the server {self.name} went from {first:.1f} to {last:.1f}")
        return found


@dataclass
class Soak:
    """The two servers, and what happens to them until `end`."""

    folder: Path
    end: float
    tally: Tally = field(default_factory=Tally)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def project(self) -> Path:
        return self.folder / "bookshop"

    @property
    def script(self) -> Path:
        return self.folder / "script.py"

    async def run(self, stack: AsyncExitStack) -> list[str]:
        """Start both, use them hard, and return what was wrong."""
        make_demo(self.project)
        config = self.project / "server.toml"
        config.write_text(config.read_text("utf-8") + LIMITS, "utf-8")
        self._command("export", "-o", str(self.script)).wait()
        faults = [word for fault in FAULTS for word in ("--fault", fault)]
        log = self.folder / "log"
        with log.open("wb") as written:
            by_http = self._command("serve", "--http", "127.0.0.1:0", *faults, stderr=written)
        by_stdio = scripted(self.script, self.project)
        for process in (by_http, by_stdio):
            stack.callback(process.wait)
            stack.callback(process.terminate)
        url = await until(
            lambda: re.search(r"Serving at (\S+)", log.read_text("utf-8", "replace")), "it serves"
        )
        lines = line_client(by_stdio)
        await lines.shake_hands()
        http = await stack.enter_async_context(httpx2.AsyncClient())
        meters = [Meter("by HTTP", by_http.pid), Meter("over stdio", by_stdio.pid)]
        metering = [asyncio.create_task(meter.run()) for meter in meters]
        await asyncio.gather(*(self._again(*work) for work in self._work(url[1], http, lines)))
        async with asyncio.timeout(ANSWER_SECONDS):
            while not await is_served(url[1], self.project):
                await asyncio.sleep(0.1)
        for task in metering:
            task.cancel()
        ended = [meter.name for meter, task in zip(meters, metering, strict=True) if task.done()]
        print(f"{log.stat().st_size} bytes on stderr of the server by HTTP")
        return [
            *(f"The server {name} has ended" for name in ended),
            *self.tally.unanswered,
            *(problem for meter in meters for problem in meter.problems()),
        ]

    def _work(
        self, url: str, http: httpx2.AsyncClient, lines: LineClient
    ) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        tally, edits = self.tally, itertools.count()
        for protocol in (OLDEST, NEWEST) * 2:
            yield f"http {protocol}", partial(call_by_http, url, protocol, tally)
        yield "stdio", partial(call_by_stdio, lines, tally)
        yield "abandoned", partial(abandon_session, url, http, tally)
        yield "garbage", partial(send_garbage, url, http, tally)
        yield "broken", partial(break_connections, url)
        yield "edits", lambda: edit_files(self.project, next(edits))
        yield "killed", partial(kill_client, self.script, self.project)

    async def _again(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        while time.monotonic() < self.end:
            try:
                await work()
            except Exception as error:
                self.failures[f"{name}: {error!r}"[:300]] += 1
                await asyncio.sleep(0.5)

    def _command(self, *words: str, **pipes: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "workbench", "-p", str(self.project), *words]
        return subprocess.Popen(command, **pipes)


async def soak(minutes: float) -> list[str]:
    """Use both servers hard for some minutes, print what happened, and return what was wrong."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        async with AsyncExitStack() as stack:
            run = Soak(Path(folder), time.monotonic() + 60 * minutes)
            problems = await run.run(stack)
    for kind, asked in sorted(run.tally.asked.items()):
        print(f"{kind:20} {asked:8} asked {run.tally.answered[kind]:8} answered")
    for failure, count in run.failures.most_common():
        print(f"{count:8} × {failure}")
    return [*problems, *run.failures]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    logging.getLogger("mcp.client").setLevel(logging.CRITICAL)  # of clients that left in the middle
    problems = asyncio.run(soak(parser.parse_args().minutes))
    print("\n".join(["", "What is wrong:", *problems] if problems else ["", "Nothing is wrong."]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
