"""HTTP requests of workflows: only to checked addresses, bounded in time and size, with a breaker for each host."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import (
    CoreError,
    InvalidArgumentsError,
    TimeLimitError,
    TooLargeError,
    UnavailableError,
)
from ..module import ModuleContext
from ..settings import BreakerSettings
from .addresses import AllowedHosts, resolved_addresses
from .definition import StepBreaker

if TYPE_CHECKING:
    import httpx2

REDIRECTS_AT_MOST = 5
ADDRESSES_TRIED = 3
HOST_BREAKERS = 200
"""How many hosts have their own breaker; a template may produce any number of hosts."""

KEPT_HEADERS = frozenset({"accept", "accept-language", "content-type", "user-agent"})
"""Headers kept when a redirect leads to another host: none that may contain a secret."""

_ERROR_BODY = 300


class ApiStatusError(CoreError):
    """The host returned an error status caused by the request (4xx)."""


class ApiServerError(UnavailableError):
    """The host returned a server error (5xx)."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request with every variable filled in. `content` is sent as it is; `seconds` limit the whole request."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    content: bytes | None = None
    seconds: float = 30.0


class _RawAnswer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes
    charset: str
    location: str


class ApiCaller:
    """Sends the requests of one module. Open it on the server's loop."""

    def __init__(
        self, context: ModuleContext, allowed: AllowedHosts, breaker: BreakerSettings | None
    ) -> None:
        from http.cookiejar import CookieJar, DefaultCookiePolicy

        import httpx2

        self._context = context
        self._allowed = allowed
        self._breaker_settings = breaker
        self._hosts: set[str] = set()
        # Connections are not reused: one kept for an address could serve another name at that address.
        # Cookies are not kept either: a jar would carry one run's session into the next.
        self._client = httpx2.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            limits=httpx2.Limits(max_keepalive_connections=0),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()

    async def call(self, request: ApiRequest, breaker: StepBreaker | None = None) -> dict[str, Any]:
        """Send `request` and follow redirects; returns `{status, headers, body}`, with JSON parsed.

        `breaker` may name a single breaker, instead of one per host, and have its own settings.

        Raises:
            InvalidArgumentsError: the request can't be sent as it is.
            DeniedError: its host, or one it was redirected to, is neither public nor allowed.
            ApiStatusError, ApiServerError: the response has a status of 400 or more.
            UnavailableError, TimeLimitError, TooLargeError: the host can't be reached, is slow, or sends too much.
        """
        import httpx2

        loop = asyncio.get_running_loop()
        due = loop.time() + request.seconds
        url = _parsed_url(request.url)
        if request.params:
            url = url.copy_merge_params(request.params)
        for _ in range(REDIRECTS_AT_MOST + 1):
            answer = await self._exchange(request, url, due - loop.time(), breaker or StepBreaker())
            if not answer.location:
                return _response_value(answer, url)
            try:
                target = url.join(answer.location)
            except httpx2.InvalidURL as error:
                raise UnavailableError(f"{url.host} redirects to {answer.location!r}: {error}") from error
            request = _redirected(request, answer.status, same_host=_origin(target) == _origin(url))
            url = _parsed_url(str(target))
        raise UnavailableError(f"{url.host} redirects more than {REDIRECTS_AT_MOST} times")

    async def _exchange(
        self, request: ApiRequest, url: httpx2.URL, seconds: float, guarded: StepBreaker
    ) -> _RawAnswer:
        host = guarded.name or _host_and_port(url)
        if not guarded.name:
            if host not in self._hosts and len(self._hosts) >= HOST_BREAKERS:
                host = "other hosts"
            self._hosts.add(host)
        breaker = self._context.breaker(host, guarded.settings or self._breaker_settings)

        async def limited() -> _RawAnswer:
            # Inside the breaker: a host that hangs has failed.
            try:
                async with asyncio.timeout(max(0.0, seconds)):
                    return await self._send(request, url, seconds)
            except TimeoutError as error:
                raise TimeLimitError(
                    f"{url.host} did not answer within {request.seconds:g} s; raise the step's timeout"
                ) from error

        return await breaker.call(limited)

    async def _send(self, request: ApiRequest, url: httpx2.URL, seconds: float) -> _RawAnswer:
        import httpx2

        port = url.port or (443 if url.scheme == "https" else 80)
        name = url.raw_host.decode("ascii")
        addresses = await self._context.run_sync(lambda: resolved_addresses(name, port, self._allowed))
        failure: Exception | None = None
        for address in addresses[:ADDRESSES_TRIED]:
            wire = self._client.build_request(
                request.method,
                url,
                headers={"accept-encoding": "identity", **request.headers},
                content=request.content,
                timeout=seconds,
            )
            # Connect to the address that was checked; Host header and certificate use the name.
            wire.url = url.copy_with(host=address)
            wire.extensions["sni_hostname"] = name
            try:
                return await self._answer(wire)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
            except httpx2.LocalProtocolError as error:
                raise InvalidArgumentsError(f"The request to {url.host} can't be sent: {error}") from error
            except httpx2.TimeoutException as error:
                raise TimeoutError from error
            except httpx2.HTTPError as error:
                raise UnavailableError(
                    f"The connection to {url.host} was lost: {_error_words(error)}"
                ) from error
        raise UnavailableError(f"{url.host} can't be reached: {_error_words(failure)}") from failure

    async def _answer(self, wire: httpx2.Request) -> _RawAnswer:
        response = await self._client.send(wire, stream=True)
        try:
            location = response.headers.get("location", "") if response.has_redirect_location else ""
            body = b"" if location else await _bounded_body(response, self._context.limits.result_bytes)
            answer = _RawAnswer(
                response.status_code,
                dict(response.headers),
                body,
                response.charset_encoding or "utf-8",
                location,
            )
        finally:
            await response.aclose()
        if answer.status >= 500:
            raise ApiServerError(_status_text(answer, wire.headers["host"]))
        return answer


async def _bounded_body(response: httpx2.Response, limit: int) -> bytes:
    """The decoded body; at most `limit` bytes of it are held in memory."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise UnavailableError(f"The response is encoded as {encoding}, although no encoding was requested")
    unpacker = None if encoding in ("", "identity") else zlib.decompressobj(47)
    body = bytearray()
    async for piece in response.aiter_raw():
        try:
            body += piece if unpacker is None else unpacker.decompress(piece, limit + 1 - len(body))
        except zlib.error as error:
            raise UnavailableError(f"The response has invalid {encoding} data: {error}") from error
        if len(body) > limit:
            raise TooLargeError(
                f"The response is over {limit} bytes ([limits] result_bytes); request a part of it"
            )
    return bytes(body)


def _response_value(answer: _RawAnswer, url: httpx2.URL) -> dict[str, Any]:
    if answer.status >= 400:
        raise ApiStatusError(_status_text(answer, url.host))
    text = _decoded_body(answer)
    body: Any = text
    if "json" in answer.headers.get("content-type", "").partition(";")[0].lower():
        try:
            body = json.loads(text, parse_constant=_refuse_constant) if text else None
        except (ValueError, RecursionError) as error:
            raise UnavailableError(f"{url.host} sent invalid JSON: {error}") from error
    return {"status": answer.status, "headers": dict(answer.headers), "body": body}


def _decoded_body(answer: _RawAnswer) -> str:
    try:
        return answer.body.decode(answer.charset, "replace")
    except LookupError:
        return answer.body.decode("utf-8", "replace")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"it contains {name}")


def _status_text(answer: _RawAnswer, host: str) -> str:
    start = " ".join(_decoded_body(answer).split())[:_ERROR_BODY]
    return f"{host} returned {answer.status}{f': {start}' if start else ''}"


def _parsed_url(text: str) -> httpx2.URL:
    import httpx2

    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, TypeError, ValueError) as error:
        raise InvalidArgumentsError(f"{text[:200]!r} is not a URL: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidArgumentsError(f"{text[:200]!r} must be a URL that begins with http:// or https://")
    return url


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _host_and_port(url: httpx2.URL) -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port}" if url.port is not None else host


def _redirected(request: ApiRequest, status: int, *, same_host: bool) -> ApiRequest:
    """The request after a redirect; its parameters are part of the new location, or gone."""
    headers = dict(request.headers)
    method, content = request.method, request.content
    if status == 303 or (status in (301, 302) and method == "POST"):
        method, content = ("HEAD" if method == "HEAD" else "GET"), None
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    if not same_host:
        headers = {name: value for name, value in headers.items() if name.lower() in KEPT_HEADERS}
    return replace(request, method=method, content=content, headers=headers, params={})


def _error_words(error: Exception | None) -> str:
    return (str(error) or type(error).__name__) if error is not None else "it has no address"
