"""What isn't a message, or asks for what isn't there, is answered with the right error: by both transports, in both
revisions, and the next request is served."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from server_core import FunctionsModule, Server, tool
from server_core.protocol.intake import Refusal, read_message
from server_core.protocol.stdio import IncomingLines, OutgoingLines, serve_lines
from server_core.testing import NEWEST, OLDEST, ProtocolRevision
from server_core.workers import WorkerThreads
from tests.hostile.lines_for_tests import line_client
from tests.server_core.protocol.http_for_tests import INITIALIZE, RawClient, raw_client, served
from tests.waiting import PATIENCE_SECONDS, within

pytestmark = pytest.mark.anyio

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
LONG = "x" * 20_000


class Row(NamedTuple):
    """Bytes from a client, the code of the error, and the id under which it comes."""

    sent: bytes
    code: int
    id: object = None


def asking(rest: str, given: str = "7") -> bytes:
    """A request with the JSON `given` as its id and whatever `rest` is."""
    return b'{"jsonrpc":"2.0","id":%s,"method":"tools/call",%s}' % (given.encode(), rest.encode())


UNREADABLE = {
    "no JSON": Row(b"hello", PARSE_ERROR),
    "cut off": Row(b'{"jsonrpc":"2.0","id":7,"method":"ping"', PARSE_ERROR),
    "two messages in one": Row(b'{"jsonrpc":"2.0","id":7,"method":"ping"}{}', PARSE_ERROR),
    "invalid UTF-8": Row(asking('"params":{"name":"\xff"}').decode().encode("latin-1"), PARSE_ERROR),
    "a surrogate as UTF-8": Row(b'{"jsonrpc":"2.0","id":7,"method":"\xed\xa0\x80"}', PARSE_ERROR),
    "a control character": Row(asking('"params":{"name":"\x00"}'), PARSE_ERROR),
    "NaN": Row(asking('"params":{"name":NaN}'), PARSE_ERROR),
    "an empty batch": Row(b"[]", INVALID_REQUEST),
    "a batch": Row(b'[{"jsonrpc":"2.0","id":7,"method":"ping"}]', INVALID_REQUEST),
    "a number": Row(b"7", INVALID_REQUEST),
    "a text": Row(b'"ping"', INVALID_REQUEST),
    "null": Row(b"null", INVALID_REQUEST),
    "id null": Row(asking('"params":{}', "null"), INVALID_REQUEST),
    "id 1.5": Row(asking('"params":{}', "1.5"), INVALID_REQUEST),
    "id 1e3": Row(asking('"params":{}', "1e3"), INVALID_REQUEST),
    "id true": Row(asking('"params":{}', "true"), INVALID_REQUEST),
    "id []": Row(asking('"params":{}', "[]"), INVALID_REQUEST),
    "id {}": Row(asking('"params":{}', "{}"), INVALID_REQUEST),
    "id null under a name with an escape": Row(
        b'{"jsonrpc":"2.0","\\u0069d":null,"method":"ping"}', INVALID_REQUEST
    ),
    "an id of 5,001 digits": Row(asking('"params":{}', "9" * 5001), PARSE_ERROR),
    "an id that is a lone surrogate": Row(asking('"params":{}', '"\\ud800"'), PARSE_ERROR),
    "an argument of 5,001 digits": Row(asking('"params":{"a":%s}' % ("9" * 5001)), INVALID_REQUEST, 7),
    "a lone surrogate in an argument": Row(
        asking('"params":{"name":"echo","arguments":{"text":"\\ud800"}}', '"b"'), INVALID_REQUEST, "b"
    ),
    "half a pair in an argument's name": Row(asking('"params":{"\\udc00x":1}'), INVALID_REQUEST, 7),
    "brackets without end": Row(b"[" * 100_000, PARSE_ERROR),
    "arguments nested 10,000 deep": Row(
        b'{"method":"tools/call","jsonrpc":"2.0","params":%s%s,"id":7}' % (b'{"id":[' * 5000, b"]}" * 5000),
        INVALID_REQUEST, 7,
    ),
    "no jsonrpc": Row(b'{"id":7,"method":"ping"}', INVALID_REQUEST, 7),
    "jsonrpc 1.0": Row(b'{"jsonrpc":"1.0","id":7,"method":"ping"}', INVALID_REQUEST, 7),
    "a number as method": Row(b'{"jsonrpc":"2.0","id":7,"method":1}', INVALID_REQUEST, 7),
    "neither method nor result": Row(b'{"jsonrpc":"2.0","id":7}', INVALID_REQUEST, 7),
    "params that are a list": Row(asking('"params":[1]'), INVALID_PARAMS, 7),
    "params that are 0": Row(asking('"params":0'), INVALID_PARAMS, 7),
    "a notification with a list": Row(b'{"jsonrpc":"2.0","method":"x","params":[1]}', INVALID_PARAMS),
    # Under the id of a response the client would take the error for the answer to a request of its own.
    "a response without an object": Row(b'{"jsonrpc":"2.0","id":7,"result":1}', INVALID_REQUEST),
    "a response to nothing": Row(b'{"jsonrpc":"2.0","id":null,"result":{}}', INVALID_REQUEST),
    "an error without a message": Row(b'{"jsonrpc":"2.0","id":7,"error":{"code":1}}', INVALID_REQUEST),
    "a response with a lone surrogate": Row(
        b'{"jsonrpc":"2.0","id":7,"result":{"text":"\\ud800"}}', PARSE_ERROR
    ),
}  # fmt: skip

WRONG: dict[str, tuple[str, dict[str, Any], int]] = {
    "an unknown method": (f"{LONG}/{LONG}", {}, METHOD_NOT_FOUND),
    "an unknown tool": ("tools/call", {"name": LONG, "arguments": {}}, INVALID_PARAMS),
    "an unknown prompt": ("prompts/get", {"name": LONG}, INVALID_PARAMS),
    "an unknown cursor": ("tools/list", {"cursor": LONG}, INVALID_PARAMS),
    "a cursor of another type": ("tools/list", {"cursor": 5}, INVALID_PARAMS),
    "arguments that are a list": ("tools/call", {"name": "echo", "arguments": [1]}, INVALID_PARAMS),
    "an unknown reference": (
        "completion/complete",
        {"ref": {"type": "ref/prompt", "name": LONG}, "argument": {"name": "a", "value": ""}},
        INVALID_PARAMS,
    ),
    "a reference of an unknown type": (
        "completion/complete",
        {"ref": {"type": LONG, "name": LONG}, "argument": 5},
        INVALID_PARAMS,
    ),
}


@tool
def echo(text: str) -> str:
    return text


class Asking(Protocol):
    """How a transport is asked."""

    async def refused(self, sent: bytes) -> Any:
        """The error that answers `sent`."""

    async def request(self, method: str, **params: Any) -> Any:
        """The message that answers a request."""


class ByHttp:
    def __init__(self, client: RawClient) -> None:
        self._client = client

    async def refused(self, sent: bytes) -> Any:
        response = await self._client.post(sent)
        assert (response.status_code, response.headers["content-type"]) == (400, "application/json")
        return response.json()

    async def request(self, method: str, **params: Any) -> Any:
        self._client.headers["mcp-name"] = str(params.get("name", ""))
        return (await self._client.post(self._client.request(method, **params))).json()


class ByStdio:
    def __init__(self, client: Any) -> None:
        self._client = client

    async def refused(self, sent: bytes) -> Any:
        return await self._client.ask(sent)

    async def request(self, method: str, **params: Any) -> Any:
        return await self._client.ask(self._client.request(method, **params))


@pytest.fixture(
    scope="module",
    params=[("http", OLDEST), ("http", NEWEST), ("stdio", OLDEST), ("stdio", NEWEST)],
    ids="-".join,
)
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Asking]:
    """A client of one transport and one revision, for all the rows."""
    way, protocol = request.param
    server = Server("wire")
    server.add(FunctionsModule("tools", functions=[echo]))
    async with AsyncExitStack() as stack:
        if way == "http":
            url = await stack.enter_async_context(served(server))
            yield ByHttp(await stack.enter_async_context(raw_client(url, protocol)))
        else:
            await stack.enter_async_context(server.running())
            yield ByStdio(await stack.enter_async_context(line_client(server, protocol)))


@pytest.mark.parametrize("row", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_is_no_message_is_answered_with_an_error(row: Row, client: Asking) -> None:
    answer = await client.refused(row.sent)
    assert (answer["error"]["code"], answer["id"]) == (row.code, row.id)
    assert len(answer["error"]["message"]) < 150
    assert "\n" not in answer["error"]["message"]
    echoed = await client.request("tools/call", name="echo", arguments={"text": "next"})
    assert echoed["result"]["content"][0]["text"] == "next"


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_a_wrong_request_is_answered_in_a_sentence(
    wrong: tuple[str, dict[str, Any], int], client: Asking
) -> None:
    method, params, code = wrong
    answer = await client.request(method, **params)
    assert (answer["error"]["code"], answer["id"]) == (code, 1)
    assert len(answer["error"]["message"]) < 200
    assert len(json.dumps(answer)) < 2000


@pytest.mark.parametrize(
    "sent",
    [
        b'{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}',
        b'{"jsonrpc":"2.0","id":"\\u00e9","method":"x","params":null}',
    ],
)
def test_what_the_protocol_allows_is_read(sent: bytes) -> None:
    assert not isinstance(read_message(sent), Refusal)


async def test_a_line_over_the_limit_is_answered_under_its_id_and_the_next_one_read() -> None:
    server, sink = Server("s"), io.BytesIO()
    long = b'{"jsonrpc":"2.0","id":"long","method":"ping","params":{"a":"%s"}}\n' % (b"0" * 5_000_000)
    source = io.BytesIO(long + b"\n  \r\n" + b'{"jsonrpc":"2.0","method":"x"}\n' + long[:1_000_000])
    outgoing = OutgoingLines(sink, WorkerThreads())
    incoming = IncomingLines(source, WorkerThreads(), outgoing, most=1000)
    assert [item.message.method async for item in incoming] == ["x"]  # type: ignore[union-attr]
    await outgoing.aclose()
    await within(outgoing.run(), "all is written")
    for answer in map(json.loads, sink.getvalue().splitlines()):
        assert (answer["id"], answer["error"]["code"]) == ("long", INVALID_REQUEST)
        assert "over the limit" in answer["error"]["message"]
    assert not server.inspect().running


async def test_stderr_has_a_line_for_each_of_the_first_offences_and_then_a_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = Server("s")
    async with server.running():
        await within(serve_lines(server.protocol, io.BytesIO(b"{\n" * 100), io.BytesIO()), "it has ended")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Refused a message from the client: The message is not valid JSON: EOF")
    assert (len(lines), lines[-1]) == (6, "95 more like the last line")


HTTP_FORMS: dict[str, tuple[str, str, dict[str, str], int, str]] = {
    "another path": ("POST", "/", {}, 404, "the server is at /mcp"),
    "a method that is none": ("PUT", "/mcp", {}, 405, "served here"),
    "one kind of answer": ("POST", "/mcp", {"accept": "application/json"}, 406, "text/event-stream"),
    "no kind of answer": ("POST", "/mcp", {"accept": "image/png"}, 406, "Accept must include both"),
    "another kind of body": ("POST", "/mcp", {"content-type": "text/plain"}, 415, "application/json"),
    "a body that is too large": ("POST", "/mcp", {}, 413, "over the limit"),
    "another host": ("POST", "/mcp", {"host": LONG}, 421, "is not called"),
    "another page": ("POST", "/mcp", {"origin": f"http://{LONG}"}, 403, "may not use"),
}


@pytest.fixture(scope="module", name="url")
async def server_url() -> AsyncIterator[str]:
    async with served(Server("s")) as url:
        yield url


@pytest.mark.parametrize("protocol", [OLDEST, NEWEST])
@pytest.mark.parametrize("form", HTTP_FORMS.values(), ids=HTTP_FORMS)
async def test_each_status_has_an_error_that_says_what_is_expected(
    form: tuple[str, str, dict[str, str], int, str], protocol: ProtocolRevision, url: str
) -> None:
    method, path, headers, status, said = form
    body = b"x" * 5_000_000 if status == 413 else b"{}"
    async with raw_client(url, protocol) as client:
        address, headers = url.replace("/mcp", path), {**client.headers, **headers}
        response = await within(
            client.http.request(method, address, headers=headers, content=body), "a response"
        )
    assert (response.status_code, response.json()["id"]) == (status, None)
    assert said in response.json()["error"]["message"]
    assert len(response.content) < 600


@pytest.mark.parametrize(("protocol", "allowed"), [(OLDEST, "GET, POST, DELETE"), (NEWEST, "POST")])
async def test_a_method_that_is_not_served_is_answered_with_those_that_are(
    protocol: ProtocolRevision, allowed: str, url: str
) -> None:
    async with raw_client(url, protocol) as client:
        response = await within(client.http.patch(url, headers=client.headers), "a response")
    assert response.headers["allow"] == allowed


PROGRAM = """
from server_core import FunctionsModule, Server, tool

@tool
async def later(text: str) -> str:
    import asyncio
    await asyncio.sleep(0.01)
    return text

server = Server("piped")
server.add(FunctionsModule("tools", functions=[later]))
server.run()
"""


def test_a_process_answers_all_that_was_piped_into_it() -> None:
    def line(given: object, method: str, **params: Any) -> bytes:
        return json.dumps({"jsonrpc": "2.0", "id": given, "method": method, "params": params}).encode()

    sent = [
        line(0, "initialize", **INITIALIZE),
        b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
        b"{",
        line("a", "tools/call", name="later", arguments={"text": "\ud800"}),
        line("b", "tools/call", name="later", arguments={"text": "x"}),
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=b"\n".join(sent),
        capture_output=True,
        cwd=Path(__file__).parents[2],
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert answers[None]["error"]["code"] == PARSE_ERROR
    assert answers["a"]["error"]["code"] == INVALID_REQUEST
    assert answers["b"]["result"]["content"][0]["text"] == "x"
    assert len(done.stderr.splitlines()) == 2
