"""A recording of a thousand changes at full speed: on the wire of each client nothing is lost, nothing twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from server_core.bus import Event
from server_core.events import ChangeKind, FileChange, ModuleStarted, ReplayFinished
from tests.waiting import until
from workbench.engine import NEWEST, PROTOCOLS, Engine
from workbench.project import Project
from workbench.recorder import RecordingWriter
from workbench.records import Frame

pytestmark = pytest.mark.anyio

CHANGES = 1000
OLDEST = PROTOCOLS[0]
LIST = "list"
ON_DISK = [f"there/{number:02}.txt" for number in range(40)]
RECORDED = [f"recorded/{number:03}.txt" for number in range(400)]

SERVER = """
[server]
name = "replayed"

[modules.docs]
kind = "files"
path = "docs"
"""

Batch = tuple[FileChange, ...]


def a_thousand_changes(sizes: Sequence[int]) -> list[Batch]:
    """Batches of those sizes, in any order; some have but changes of text, in large ones files change twice."""
    random_numbers = random.Random(20260728)
    present = set(ON_DISK)
    batches: list[Batch] = []
    left = CHANGES
    while left:
        size = min(left, random_numbers.choice(sizes))
        modifications = random_numbers.random() < 0.3
        batch = []
        for _number in range(size):
            path = random_numbers.choice(sorted(present) if modifications else [*ON_DISK, *RECORDED])
            kind: ChangeKind = "added"
            if path in present:
                kind = "modified" if modifications or random_numbers.random() < 0.4 else "deleted"
            present = present - {path} if kind == "deleted" else present | {path}
            batch.append(FileChange(kind, path))
        batches.append(tuple(batch))
        left -= size
    return batches


def expected(batches: list[Batch], uris: dict[str, str], subscribed: set[str]) -> Iterator[list[str]]:
    """What a client must be told of each batch: each changed URI that it subscribed to once, in the order in
    which they first changed; then once of the list, if files came or went. At the end the same of everything
    that the replay left different from the disk."""
    shown = dict.fromkeys(ON_DISK, "disk")
    for batch in batches:
        before = dict(shown)
        for change in batch:
            if change.kind == "deleted":
                shown.pop(change.path, None)
            else:
                shown[change.path] = "disk" if change.path in ON_DISK else "replayed"
        told = list(dict.fromkeys(uris[change.path] for change in batch))
        yield [*(uri for uri in told if uri in subscribed), *([LIST] if shown != before else [])]
    undone = sorted(path for path in uris if (path in shown) != (path in ON_DISK))
    yield [*(uris[path] for path in undone if uris[path] in subscribed), *([LIST] if undone else [])]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """A server with the files that are on disk, whose module runs."""
    folder = tmp_path.resolve()
    (folder / "server.toml").write_text(SERVER, "utf-8")
    (folder / "docs" / "there").mkdir(parents=True)
    for path in ON_DISK:
        (folder / "docs" / path).write_text(path, "utf-8")
    engine = Engine(Project.find(folder))
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hear(event: Event) -> None:
        if isinstance(event.fact, ModuleStarted):
            loop.call_soon_threadsafe(started.set)

    engine.bus.subscribe(hear)
    engine.start()
    await asyncio.wrap_future(engine.ready)
    await until(started.is_set, "the files module has started")
    yield engine
    await asyncio.to_thread(engine.stop)


def notices(frames: list[Frame], protocol: str) -> list[str]:
    """What the wire of a client brought: URIs, and `LIST` for the change of the list of resources."""
    found = []
    for frame in frames:
        if frame.protocol == protocol and frame.direction == "server" and frame.kind == "notification":
            if frame.method == "notifications/resources/updated":
                found.append(str(frame.dump()["params"]["uri"]))
            elif frame.method == "notifications/resources/list_changed":
                found.append(LIST)
    return found


@pytest.mark.parametrize(
    "sizes", [[1], [1, 1, 2, 3, 8, 30, 250], [1000]], ids=["one by one", "mixed", "at once"]
)
async def test_a_thousand_changes_reach_both_clients_once_a_batch_in_order(
    engine: Engine, tmp_path: Path, sizes: list[int]
) -> None:
    docs = tmp_path.resolve() / "docs"
    uris = {path: (docs / path).as_uri() for path in [*ON_DISK, *RECORDED]}
    batches = a_thousand_changes(sizes)
    assert sum(map(len, batches)) == CHANGES
    recording = tmp_path / "thousand.jsonl"
    with RecordingWriter(recording, module="docs", root=str(docs), started=0) as writer:
        for number, batch in enumerate(batches):
            writer.add(number * 0.01, batch)
    subscribed = {uri for number, uri in enumerate(uris.values()) if number % 3}
    await engine.subscribe(*subscribed)
    listed = {str(resource.uri) for resource in await engine.list_resources()}
    finished = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hear(event: Event) -> None:
        if isinstance(event.fact, ReplayFinished):
            loop.call_soon_threadsafe(finished.set)

    engine.bus.subscribe(hear)
    begun = len(engine.frames())
    await engine.start_replay(recording, speed="max")
    await until(finished.is_set, "the replay has ended")
    await engine.flush_notices()
    frames = engine.frames()[begun:]
    wanted = [told for batch in expected(batches, uris, subscribed) for told in batch]
    assert notices(frames, OLDEST) == wanted
    # The 2026 client listens to lists and to resources by a stream each; between streams there is no order.
    told = notices(frames, NEWEST)
    assert [uri for uri in told if uri != LIST] == [uri for uri in wanted if uri != LIST]
    assert told.count(LIST) == wanted.count(LIST)
    assert {str(resource.uri) for resource in await engine.list_resources()} == listed
