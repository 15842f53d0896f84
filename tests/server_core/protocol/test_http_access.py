"""A server by HTTP is open only to those who know its token, and to web pages of allowed origins."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server_core import Server
from server_core.protocol.http_access import AccessError, check_access
from server_core.testing import NEWEST, OLDEST, ProtocolRevision
from tests.server_core.protocol.http_for_tests import connected, raw_client, served
from tests.waiting import PATIENCE_SECONDS, within

pytestmark = pytest.mark.anyio

TOKEN = "correct-horse-battery-staple"
PAGE = "http://localhost:3000"


@pytest.fixture(scope="module", name="url")
async def guarded_url() -> AsyncIterator[str]:
    async with served(Server("guarded"), token=TOKEN) as url:
        yield url


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.2"])
def test_this_machine_needs_no_token(host: str) -> None:
    check_access(host, "", False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "tools.example", "127.example"])
def test_other_machines_need_one_or_a_word_that_says_otherwise(host: str) -> None:
    with pytest.raises(AccessError, match="can be reached from other machines: set T"):
        check_access(host, "", False, token_name="T")
    check_access(host, TOKEN, False)
    check_access(host, "", True)


@pytest.mark.parametrize(
    "token", ["short", "with spaces all over it", "ünïcödé-ünïcödé-ünïcödé", "x" * 20 + "\n"]
)
def test_a_token_that_protects_nothing_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(AccessError, match="T is not a usable token: use 16 or more") as failed:
        check_access("127.0.0.1", token, False, token_name="T")
    assert token not in str(failed.value)


@pytest.mark.parametrize("protocol", [OLDEST, NEWEST])
@pytest.mark.parametrize(
    ("given", "challenge"),
    [
        (None, 'Bearer realm="mcp"'),
        ("Bearer wrong", 'Bearer realm="mcp", error="invalid_token"'),
        (f"Basic {TOKEN}", 'Bearer realm="mcp", error="invalid_token"'),
        (f"Bearer {TOKEN}x", 'Bearer realm="mcp", error="invalid_token"'),
        ("Bearer ÿ", 'Bearer realm="mcp", error="invalid_token"'),
    ],
)
async def test_a_request_without_the_token_is_challenged(
    given: str | None, challenge: str, protocol: ProtocolRevision, url: str
) -> None:
    async with raw_client(url, NEWEST) as client:
        client.headers["mcp-protocol-version"] = protocol
        for method in ("GET", "POST", "DELETE", "PUT"):
            headers: dict[str, str | bytes] = {**client.headers}
            if given is not None:
                headers["authorization"] = given.encode("latin-1")
            response = await within(client.http.request(method, url, headers=headers), "a response")
            assert (response.status_code, response.headers["www-authenticate"]) == (401, challenge)
            assert "oken" in response.json()["error"]["message"]
            assert TOKEN not in response.text


@pytest.mark.parametrize("protocol", [OLDEST, NEWEST])
async def test_a_client_with_the_token_is_served(protocol: ProtocolRevision, url: str) -> None:
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    async with (
        httpx2.AsyncClient(headers={"Authorization": f"bearer {TOKEN}"}) as http,
        connected(streamable_http_client(url, http_client=http), protocol) as client,  # type: ignore[arg-type]
    ):
        assert (await within(client.list_tools(), "an answer")).tools == []


async def test_a_page_of_an_allowed_origin_may_ask_and_read(url: str) -> None:
    asked = {
        "origin": PAGE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,mcp-param-x",
    }
    async with raw_client(url, NEWEST) as client:
        response = await within(client.http.options(url, headers=asked), "a response")
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["access-control-allow-origin"] == PAGE
        assert response.headers["access-control-allow-headers"] == "authorization,mcp-param-x"
        assert response.headers["access-control-allow-methods"] == "GET, POST, DELETE"
        refused = await client.post(client.request("tools/list"), origin=PAGE)
        served = await client.post(client.request("tools/list"), origin=PAGE, authorization=f"Bearer {TOKEN}")
    assert (refused.status_code, served.status_code) == (401, 200)
    for response in (refused, served):
        assert response.headers["access-control-allow-origin"] == PAGE
        assert "mcp-session-id, mcp-protocol-version" in response.headers["access-control-expose-headers"]
        assert response.headers["vary"] == "Origin"


async def test_a_page_of_another_origin_gets_no_permission(url: str) -> None:
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    async with raw_client(url, NEWEST) as client:
        preflight = await within(client.http.options(url, headers=asked), "a response")
        posted = await client.post(client.request("tools/list"), origin="http://evil.example")
    for response in (preflight, posted):
        assert response.status_code == 403
        assert "access-control-allow-origin" not in response.headers


async def test_without_an_origin_there_are_no_headers_for_pages(url: str) -> None:
    async with raw_client(url, NEWEST) as client:
        response = await client.post(client.request("tools/list"), authorization=f"Bearer {TOKEN}")
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("access-control")]


SCRIPT = "from server_core import Server; from server_core.script import run_script; run_script(Server('s'))"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--http", "0.0.0.0:0"], "0.0.0.0 can be reached from other machines: set MCP_TOKEN"),
        (["--http", ""], "Invalid listen address ''"),
    ],
)
def test_an_exported_script_refuses_with_a_line_and_status_2(arguments: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
