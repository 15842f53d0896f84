"""What clients do to the two servers of the soak: call, leave, abandon, break off, and edit their files."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, MCPError

from server_core.testing import NEWEST, ProtocolRevision
from tests.hostile.lines_for_tests import LineClient
from tests.server_core.protocol.http_for_tests import INITIALIZE, connected
from tests.waiting import until

ANSWER_SECONDS = 60.0
"""How long an answer may take before it counts as none."""

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("add", {"a": 1, "b": 2}),
    ("query", {"sql": "select * from books", "limit": 50}),
    ("query", {"sql": "select nonsense"}),
    ("find_books", {"words": "the"}),
    ("sell", {"isbn": "none"}),
    ("quote", {"title": "none"}),
    ("ask_supplier", {"title": "none", "reachable": False}),
    ("check_task_status", {"taskId": "none"}),
    ("start_long_task", {"task": "reindex", "arguments": {"pages": 2, "seconds": 0.2}}),
    ("add", {"a": "no number"}),
    ("nothing", {}),
]

GARBAGE = [b"{", b"[]", b"\xff", b"[" * 5000, b'{"jsonrpc":"2.0","id":null,"method":"ping"}', b'"\\ud800"']


@dataclass
class Tally:
    """What was asked and what came of it."""

    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    unanswered: list[str] = field(default_factory=list)

    async def ask(self, kind: str, request: Awaitable[Any], what: str = "") -> Any:
        """Wait for an answer, whatever it is."""
        self.asked[kind] += 1
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await request
        except MCPError as error:
            answer = error
        except TimeoutError:
            self.unanswered.append(f"{kind} {what}: nothing within {ANSWER_SECONDS:g} s")
            return None
        self.answered[kind] += 1
        return answer


async def call_by_http(url: str, protocol: ProtocolRevision, tally: Tally) -> None:
    """A client that calls, reads and lists; every fourth leaves with its last call under way."""
    leaves = False
    try:
        async with connected(url, protocol) as client:
            for _ in range(30):
                await one_request(client, f"http {protocol}", tally)
            leaves = random.random() < 0.25
            if leaves:
                async with asyncio.timeout(0.05):
                    await client.call_tool("find_books", {"words": str(random.random())})
    except Exception:  # of its own: it was cut off in the middle
        if not leaves:
            raise


async def one_request(client: Client, kind: str, tally: Tally) -> None:
    name, arguments = random.choice(CALLS)
    way = random.random()
    if way < 0.7:
        await tally.ask(kind, client.call_tool(name, arguments), name)
    elif way < 0.85:
        await tally.ask(kind, client.read_resource("db://table/books"), "a read")
    else:
        await tally.ask(kind, client.list_tools(), "tools/list")
    await asyncio.sleep(0.02)


async def abandon_session(url: str, http: httpx2.AsyncClient, tally: Tally) -> None:
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": INITIALIZE}
    response = await tally.ask("abandoned session", http.post(url, headers=headers, json=hello))
    assert response is None or response.status_code == 200, response.text
    await asyncio.sleep(0.1)


async def send_garbage(url: str, http: httpx2.AsyncClient, tally: Tally) -> None:
    headers = {"accept": "*/*", "content-type": "application/json"}
    response = await tally.ask("garbage", http.post(url, headers=headers, content=random.choice(GARBAGE)))
    assert response is None or response.status_code == 400, response.text
    await asyncio.sleep(0.1)


async def break_connections(url: str) -> None:
    """Connections that say nothing, or half a request, and then are reset."""
    host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
    with ExitStack() as held:
        for sent in (b"", b"POST /mcp HT", b"POST /mcp HTTP/1.1\r\nhost: x\r\ncontent-length: 90\r\n\r\n{"):
            opened = held.enter_context(socket.create_connection((host, int(port))))
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            opened.sendall(sent)
        await asyncio.sleep(1)


EDITION = """

@tool(read_only=True)
def edition() -> str:
    return "edition {}"
"""


async def edit_files(project: Path, number: int) -> None:
    """Save tools.py with another answer, and documents that come and go."""
    tools = project / "tools.py"
    text = tools.read_text("utf-8").partition(EDITION.partition("def")[0])[0]
    tools.write_text(text + EDITION.format(number), "utf-8")
    (project / "docs" / f"note-{number % 20}.md").write_text(f"# Note {number}\n", "utf-8")
    (project / "docs" / f"note-{(number + 10) % 20}.md").unlink(missing_ok=True)
    await asyncio.sleep(3)


async def is_served(url: str, project: Path) -> bool:
    """Whether the last edition of tools.py is the one that answers."""
    async with connected(url) as client:
        answer = await client.call_tool("edition", {})
    return str(answer.content[0].text) in (project / "tools.py").read_text("utf-8")  # type: ignore[union-attr]


def scripted(script: Path, project: Path) -> subprocess.Popen[bytes]:
    """The exported script, over stdio."""
    return subprocess.Popen(
        [sys.executable, "-I", str(script), "--base", str(project)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def line_client(process: subprocess.Popen[bytes]) -> LineClient:
    """A client of `process`, which has its pipes alone."""
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin as written, process.stdout as read:
        return LineClient(os.dup(written.fileno()), os.dup(read.fileno()), NEWEST)


async def call_by_stdio(client: LineClient, tally: Tally) -> None:
    """A request, sometimes with something unreadable before it."""
    name, arguments = random.choice(CALLS)
    if random.random() < 0.1:
        answer = await tally.ask("stdio garbage", client.ask(random.choice(GARBAGE)))
        assert answer is None or answer["error"]["code"] in (-32700, -32600)
    number = random.randrange(10**9)
    request = client.request("tools/call", number, name=name, arguments=arguments)
    answer = await tally.ask("stdio", client.ask(request), name)
    assert answer is None or answer["id"] == number, answer
    await asyncio.sleep(0.02)


async def kill_client(script: Path, project: Path) -> None:
    """A stdio client that is gone while its call runs: its server must end by itself."""
    process = scripted(script, project)
    client = line_client(process)
    await client.shake_hands()
    await client.send(client.request("tools/call", name="find_books", arguments={"words": "a"}))
    client.leave()
    try:
        await until(lambda: process.poll() is not None, "a server without a client has ended")
    finally:
        process.kill()
        process.wait()
    await asyncio.sleep(5)
