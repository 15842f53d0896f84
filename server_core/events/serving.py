"""The server, its modules and its clients."""

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
    """Every module has stopped and every client connection is closed."""

    name: str


@dataclass(frozen=True, slots=True)
class ModuleStarting:
    """A module was added and its `start` is about to run."""

    module: str
    kind: str


@dataclass(frozen=True, slots=True)
class ModuleStarted:
    """A module's `start` returned and its items are in the registry."""

    module: str
    kind: str
    seconds: float
    tools: int
    resources: int
    templates: int
    prompts: int


@dataclass(frozen=True, slots=True)
class ModuleFailed:
    """A module could not start or broke down; the rest of the server keeps running. `reason` is one line."""

    module: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class ModuleStopped:
    """A module was removed or the server is stopping; its items have left the registry."""

    module: str
    kind: str


@dataclass(frozen=True, slots=True)
class OfferChanged:
    """A running module's items changed; the counts are that module's new totals."""

    module: str
    tools: int
    resources: int
    templates: int
    prompts: int


@dataclass(frozen=True, slots=True)
class ModuleNoted:
    """A module set the short note shown beside its name ("3 tables").

    `trouble` marks something to fix, although the module is running.
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
    """A change notification was sent to `clients` clients; `uri` is empty for list changes."""

    kind: Literal["updated", "tools", "resources", "prompts"]
    uri: str
    clients: int
