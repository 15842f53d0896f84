"""HTTP requests go to checked addresses, are bounded in time and size, and stop at a host that fails."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server_core.errors import (
    BreakerOpenError,
    DeniedError,
    InvalidArgumentsError,
    TimeLimitError,
    TooLargeError,
    UnavailableError,
)
from server_core.settings import BreakerSettings
from server_core.workflows.addresses import AllowedHosts
from server_core.workflows.api_calls import ApiCaller, ApiRequest, ApiServerError, ApiStatusError
from tests.server_core.workflows.hosts_for_tests import Asked, context, host, reply
from tests.waiting import until

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def caller(*allowed: str, limit: int = 1000, failures: int = 5) -> AsyncIterator[ApiCaller]:
    made = ApiCaller(context(result_bytes=limit), AllowedHosts(allowed), BreakerSettings(failures, 60))
    try:
        yield made
    finally:
        await made.aclose()


async def test_a_json_answer_comes_parsed_with_its_status_and_headers() -> None:
    def answer(_asked: Asked) -> bytes:
        return reply(b'{"books": [1, 2]}', content_type="application/json; charset=utf-8", x_page="3")

    async with host(answer) as there, caller("127.0.0.1") as calls:
        request = ApiRequest("GET", there.url("/books?a=1"), {"X-Key": "k"}, {"limit": 2})
        answered = await calls.call(request)
    assert answered["status"] == 200
    assert answered["body"] == {"books": [1, 2]}
    assert answered["headers"]["x-page"] == "3"
    (asked,) = there.asked
    assert asked.line == "GET /books?a=1&limit=2 HTTP/1.1"
    assert asked.headers["host"] == f"127.0.0.1:{there.port}"
    assert asked.headers["x-key"] == "k"


async def test_a_body_is_sent_and_a_text_answer_comes_as_text() -> None:
    async with (
        host(
            lambda asked: reply("grüße".encode("latin-1"), content_type="text/plain; charset=latin-1")
        ) as there,
        caller("127.0.0.1") as calls,
    ):
        answered = await calls.call(ApiRequest("POST", there.url(), content=b"abc"))
    assert answered["body"] == "grüße"
    assert there.asked[0].body == b"abc"


async def test_a_private_host_is_not_even_connected_to() -> None:
    async with host(lambda _asked: reply()) as there, caller() as calls:
        with pytest.raises(DeniedError, match="allow_hosts"):
            await calls.call(ApiRequest("GET", there.url()))
        assert there.asked == []


async def test_a_redirect_to_a_private_host_is_refused() -> None:
    async with host(lambda _asked: reply(b"secret")) as inner:
        there_is = reply(status="302 Found", location=inner.url("/admin"))
        async with host(lambda _asked: there_is) as outer, caller(f"127.0.0.1:{outer.port}") as calls:
            with pytest.raises(DeniedError):
                await calls.call(ApiRequest("GET", outer.url()))
        assert len(outer.asked) == 1
        assert inner.asked == []


async def test_a_redirect_is_followed_without_the_secrets_of_another_host() -> None:
    async with host(lambda _asked: reply(b"here")) as inner:
        there_is = reply(status="307 Temporary Redirect", location=inner.url("/new?x=1"))
        async with host(lambda _asked: there_is) as outer, caller("127.0.0.1") as calls:
            request = ApiRequest(
                "POST",
                outer.url(),
                {"Authorization": "Bearer s", "X-Key": "k", "Accept": "a/b"},
                content=b"x",
            )
            assert (await calls.call(request))["body"] == "here"
    (asked,) = inner.asked
    assert asked.line == "POST /new?x=1 HTTP/1.1"
    assert asked.body == b"x"
    assert asked.headers["accept"] == "a/b"
    assert not asked.headers.keys() & {"authorization", "x-key"}


async def test_after_a_303_it_is_a_get_without_a_body() -> None:
    def answer(asked: Asked) -> bytes:
        return reply(b"done") if "/done" in asked.line else reply(status="303 See Other", location="/done")

    async with host(answer) as there, caller("127.0.0.1") as calls:
        request = ApiRequest("POST", there.url("/make"), {"Authorization": "Bearer s"}, content=b"x")
        assert (await calls.call(request))["body"] == "done"
    assert there.asked[1].line == "GET /done HTTP/1.1"
    assert there.asked[1].body == b""
    assert there.asked[1].headers["authorization"] == "bearer s"


async def test_redirects_in_a_circle_end() -> None:
    async with (
        host(lambda _asked: reply(status="302 Found", location="/again")) as there,
        caller("127.0.0.1") as calls,
    ):
        with pytest.raises(UnavailableError, match="more than 5 times"):
            await calls.call(ApiRequest("GET", there.url()))
    assert len(there.asked) == 6


@pytest.mark.parametrize("status", ["404 Not Found", "422 Unprocessable"])
async def test_a_4xx_is_told_with_its_body_and_counts_for_nothing_in_the_breaker(status: str) -> None:
    async with (
        host(lambda _asked: reply(b"no\nsuch book", status=status)) as there,
        caller("127.0.0.1", failures=1) as calls,
    ):
        for _ in range(3):
            with pytest.raises(ApiStatusError, match=f"returned {status[:3]}: no such book"):
                await calls.call(ApiRequest("GET", there.url()))
    assert len(there.asked) == 3


async def test_a_host_that_fails_is_left_alone() -> None:
    async with (
        host(lambda _asked: reply(b"oops", status="503 Unavailable")) as there,
        caller("127.0.0.1", failures=2) as calls,
    ):
        for _ in range(2):
            with pytest.raises(ApiServerError, match="returned 503: oops"):
                await calls.call(ApiRequest("GET", there.url()))
        with pytest.raises(BreakerOpenError):
            await calls.call(ApiRequest("GET", there.url()))
    assert len(there.asked) == 2


async def test_a_host_that_hangs_is_given_up_and_counts_in_the_breaker() -> None:
    gone = asyncio.Event()

    async def answer(_asked: Asked) -> bytes:
        await gone.wait()
        return b""

    async with host(answer) as there, caller("127.0.0.1", failures=1) as calls:
        with pytest.raises(TimeLimitError, match=r"did not answer within 0\.05 s"):
            await calls.call(ApiRequest("GET", there.url(), seconds=0.05))
        with pytest.raises(BreakerOpenError):
            await calls.call(ApiRequest("GET", there.url()))
        gone.set()


async def test_a_cancelled_call_closes_its_connection() -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        gone.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, caller("127.0.0.1") as calls:
        call = asyncio.create_task(calls.call(ApiRequest("GET", f"http://127.0.0.1:{port}/")))
        await until(asked.is_set, "the host was asked")
        call.cancel()
        await until(gone.is_set, "the connection was closed")
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_a_host_that_is_not_there_is_unavailable() -> None:
    async with host(lambda _asked: reply()) as there:
        url = there.url()
    async with caller("127.0.0.1") as calls:
        with pytest.raises(UnavailableError, match=r"127\.0\.0\.1 can't be reached"):
            await calls.call(ApiRequest("GET", url))


@pytest.mark.parametrize(
    "packed",
    [
        reply(b"x" * 1001),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000,
        reply(gzip.compress(b"x" * 10_000_000), content_encoding="gzip"),
        reply(zlib.compress(b"x" * 10_000_000), content_encoding="deflate"),
    ],
    ids=["length", "endless", "gzip bomb", "deflate bomb"],
)
async def test_an_answer_over_the_limit_is_refused(packed: bytes) -> None:
    async with host(lambda _asked: packed) as there, caller("127.0.0.1") as calls:
        with pytest.raises(TooLargeError, match="over 1000 bytes"):
            await calls.call(ApiRequest("GET", there.url()))


async def test_a_packed_answer_is_unpacked() -> None:
    packed = reply(gzip.compress(b'"hello"'), content_type="application/json", content_encoding="gzip")
    async with host(lambda _asked: packed) as there, caller("127.0.0.1") as calls:
        assert (await calls.call(ApiRequest("GET", there.url())))["body"] == "hello"


@pytest.mark.parametrize("body", [b"{", b"NaN", b"[" * 100_000], ids=["broken", "NaN", "deep"])
async def test_json_that_is_none_is_told(body: bytes) -> None:
    async with (
        host(lambda _asked: reply(body, content_type="application/problem+json")) as there,
        caller("127.0.0.1", limit=200_000) as calls,
    ):
        with pytest.raises(UnavailableError, match="sent invalid JSON"):
            await calls.call(ApiRequest("GET", there.url()))


async def test_a_broken_answer_is_unavailable() -> None:
    async with host(lambda _asked: b"nonsense\r\n\r\n") as there, caller("127.0.0.1") as calls:
        with pytest.raises(UnavailableError, match="was lost"):
            await calls.call(ApiRequest("GET", there.url()))


@pytest.mark.parametrize("url", ["ftp://x/", "file:///etc/passwd", "x", "http://", "http://[::1"])
async def test_a_url_that_is_none_is_told(url: str) -> None:
    async with caller() as calls:
        with pytest.raises(InvalidArgumentsError):
            await calls.call(ApiRequest("GET", url))


async def test_a_header_that_would_end_the_request_is_refused() -> None:
    async with host(lambda _asked: reply()) as there, caller("127.0.0.1") as calls:
        with pytest.raises(InvalidArgumentsError):
            await calls.call(ApiRequest("GET", there.url(), {"X-A": "1\r\nX-B: 2"}))
    assert there.asked == []


async def test_the_same_parameters_reach_the_host_encoded() -> None:
    async with host(lambda _asked: reply()) as there, caller("127.0.0.1") as calls:
        await calls.call(ApiRequest("GET", there.url(), params={"q": "a&b=c", "n": [1, 2]}))
    assert there.asked[0].line == "GET /?q=a%26b%3Dc&n=1&n=2 HTTP/1.1"


async def test_no_cookie_of_one_call_is_sent_with_the_next() -> None:
    async with host(lambda _asked: reply(set_cookie="session=s3cret")) as there, caller("127.0.0.1") as calls:
        await calls.call(ApiRequest("GET", there.url()))
        await calls.call(ApiRequest("GET", there.url()))
    assert "cookie" not in there.asked[1].headers
