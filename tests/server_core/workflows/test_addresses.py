"""Only public addresses are called, or those that the config allows by name."""

from __future__ import annotations

import socket

import pytest

from server_core.errors import DeniedError, UnavailableError
from server_core.workflows.addresses import AllowedHosts, resolved_addresses


def answers(*addresses: str):  # type: ignore[no-untyped-def]
    return lambda *_args, **_words: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in addresses
    ]


def test_of_a_name_with_both_only_the_public_addresses_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("10.0.0.1", "1.1.1.1", "1.1.1.1"))
    assert resolved_addresses("mixed.example", 80, AllowedHosts([])) == ["1.1.1.1"]


def test_a_private_host_is_denied_with_what_to_add_to_the_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("10.0.0.1"))
    with pytest.raises(DeniedError, match=r'add "intra\.example" to allow_hosts'):
        resolved_addresses("intra.example", 80, AllowedHosts(["other.example", "intra.example:81"]))


@pytest.mark.parametrize("listed", ["intra.example", "INTRA.example", "intra.example:80"])
def test_a_listed_host_is_allowed(monkeypatch: pytest.MonkeyPatch, listed: str) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("10.0.0.1"))
    assert resolved_addresses("Intra.example", 80, AllowedHosts([listed])) == ["10.0.0.1"]


@pytest.mark.parametrize("listed", ["::1", "[::1]", "[::1]:80"])
def test_an_ipv6_address_can_be_listed_in_any_of_its_forms(
    monkeypatch: pytest.MonkeyPatch, listed: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("::1"))
    assert resolved_addresses("::1", 80, AllowedHosts([listed])) == ["::1"]


def test_a_name_without_an_address_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: object, **_words: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(UnavailableError, match="can't be found"):
        resolved_addresses("gone.example", 80, AllowedHosts([]))
