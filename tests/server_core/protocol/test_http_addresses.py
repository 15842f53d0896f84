"""Where a server listens, and under which names it may be called there."""

from __future__ import annotations

import socket

import pytest

from server_core.protocol.http_addresses import (
    AddressError,
    AllowedNames,
    joined_address,
    listening_sockets,
    split_address,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),
        ("[::1]:8000", ("::1", 8000)),
        ("tools.example:443", ("tools.example", 443)),
        ("8000", ("127.0.0.1", 8000)),
        (":8000", ("127.0.0.1", 8000)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_an_address_is_host_and_port_or_a_port_of_this_machine(text: str, address: tuple[str, int]) -> None:
    assert split_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "localhost:",
        "a:b:1",
        "127.0.0.1:65536",
        "x:-1",
        "x:٣",
        "http://x:1",
        "[::1:80",
        "::1]:80",
        "x:" + "9" * 5000,
    ],
)
def test_what_is_no_address_is_said_so(text: str) -> None:
    with pytest.raises(AddressError, match=r"^Invalid listen address .* use HOST:PORT, such as 127"):
        split_address(text)


def test_all_addresses_of_a_name_get_the_same_port() -> None:
    sockets = listening_sockets("localhost", 0)
    try:
        assert len({each.getsockname()[1] for each in sockets}) == 1
        with socket.create_connection(("127.0.0.1", sockets[0].getsockname()[1])):
            pass
    finally:
        for each in sockets:
            each.close()


@pytest.mark.parametrize(
    ("host", "said"),
    [("nowhere.invalid", "There is no host 'nowhere.invalid'"), ("192.0.2.1", "This machine has no address")],
)
def test_a_host_that_cannot_be_listened_at_is_said_so(host: str, said: str) -> None:
    with pytest.raises(AddressError, match=said):
        listening_sockets(host, 0)


def test_an_address_of_version_6_is_put_in_brackets() -> None:
    assert joined_address("::1", 80) == "[::1]:80"


def refused(names: AllowedNames, host: str, *origins: str) -> int:
    refusal = names.refusal([host], origins)
    return refusal[0] if refusal else 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "192.0.2.7", "Tools.Example."])
def test_a_server_at_one_address_is_called_by_that_and_by_the_machines_names_for_itself(host: str) -> None:
    names = AllowedNames(host)
    for called in (joined_address(host, 8000), host if ":" not in host else f"[{host}]"):
        assert refused(names, called) == 0
    for called in ("localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]:9"):
        assert refused(names, called) == 0
    for called in (
        "", "evil.example", "127.0.0.1.evil.example", "192.0.2.8", "localhost@evil.example", "evil.example:8000",
        "localhost:x", "localhost/evil.example", "[::1", "user@localhost",
    ):  # fmt: skip
        assert refused(names, called) == 421


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_server_on_every_address_is_called_by_any_ip_address_and_by_the_machines_name(host: str) -> None:
    names = AllowedNames(host, ["tools.example"])
    for called in ("192.0.2.8:8000", "[2001:db8::1]", socket.gethostname(), "tools.example:1"):
        assert refused(names, called) == 0
    assert refused(names, "evil.example") == 421


def test_a_request_with_no_host_or_with_two_is_refused() -> None:
    names = AllowedNames("localhost")
    assert names.refusal([], []) is not None
    assert names.refusal(["localhost", "localhost"], []) is not None


def test_pages_of_the_address_that_was_called_are_welcome_and_those_of_other_addresses_not() -> None:
    everywhere = AllowedNames("0.0.0.0")
    assert refused(everywhere, "192.0.2.8:8000", "http://192.0.2.8:3000") == 0
    assert refused(everywhere, "192.0.2.8:8000", "http://192.0.2.9:8000") == 403
    assert refused(everywhere, "192.0.2.8:8000", "https://localhost") == 0
    for origin in ("null", "", "evil", "http://evil.example", "http://localhost.evil.example", "http://[::1"):
        assert refused(AllowedNames("localhost"), "localhost", origin) == 403
