"""The server, its modules, its clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ServerStarted:
    """The server accepts requests; its modules may still be starting."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ServerStopped:
    """Every module has stopped and every client connection is gone."""

    name: str


@dataclass(frozen=True, slots=True)
class ModuleStarting:
    """A module was added and its `start` is about to run."""

    module: str
    kind: str


@dataclass(frozen=True, slots=True)
class ModuleStarted:
    """A module's `start` returned and what it offers is in the registry."""

    module: str
    kind: str
    seconds: float
    tools: int
    resources: int
    templates: int
    prompts: int


@dataclass(frozen=True, slots=True)
class ModuleFailed:
    """A module could not start or has broken down; the rest of the server runs on. `reason` is one line."""

    module: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class ModuleStopped:
    """A module was removed or the server stops; what it offered is gone from the registry."""

    module: str
    kind: str


@dataclass(frozen=True, slots=True)
class OfferChanged:
    """What a running module offers has changed; the counts are the new totals of that module."""

    module: str
    tools: int
    resources: int
    templates: int
    prompts: int


@dataclass(frozen=True, slots=True)
class ModuleNoted:
    """A module has something short to say about itself ("3 tables"), shown beside its name.

    `trouble` is what somebody should mend, though the module runs.
    """

    module: str
    note: str
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class ClientConnected:
    """A client sent its first request on a connection. `client` is unique in this process."""

    client: str
    name: str
    protocol: str


@dataclass(frozen=True, slots=True)
class ClientDisconnected:
    """A client's connection ended. `reason` is why the server ended it; empty if the client did."""

    client: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClientsNotified:
    """A change notice went out to `clients` clients; `uri` is empty for the list changes."""

    kind: Literal["updated", "tools", "resources", "prompts"]
    uri: str
    clients: int
