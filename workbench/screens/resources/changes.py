"""Recent changes: new and modified resources, and the notifications for subscribed ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from workbench.state.parts import Batch, Notice

from .tree import Leaf

RECENT_SECONDS = 10.0
"""How long a change stays marked."""

Mark = Literal["added", "modified"]


class NoticeCount(NamedTuple):
    """A resource's notifications by protocol revision, and the time of the last one (epoch seconds)."""

    by_protocol: Mapping[str, int]
    last: float

    @property
    def total(self) -> int:
        return sum(self.by_protocol.values())


class Changes:
    """Tracks what changed when. Times are epoch seconds."""

    def __init__(self) -> None:
        self._marks: dict[str, tuple[Mark, float]] = {}
        self._notices: dict[str, NoticeCount] = {}
        self._batch = 0
        self._notice = 0
        self._known: set[str] | None = None
        self._by_name: dict[tuple[str, str], str] = {}

    def listed(self, leaves: Mapping[str, Leaf], now: float) -> None:
        """Mark resources that are new in the list; nothing is new in the first list."""
        uris = set(leaves)
        if self._known is not None:
            for uri in uris - self._known:
                self._marks[uri] = ("added", now)
        self._known = uris
        self._by_name = {(leaf.owner.module, leaf.name): leaf.uri for leaf in leaves.values()}

    def batches(self, batches: Iterable[Batch]) -> None:
        """Mark what new batches of file changes modified: files modules name resources by path."""
        fresh = [batch for batch in batches if batch.number > self._batch]
        for batch in fresh:
            self._batch = batch.number
            for change in batch.changes:
                uri = self._by_name.get((batch.module, change.path))
                if uri is not None and change.kind == "modified":
                    self._marks[uri] = ("modified", batch.at)

    def notices(self, notices: Iterable[Notice]) -> bool:
        """Count new notifications of resources; return whether there were any."""
        fresh = [notice for notice in notices if notice.seq > self._notice]
        if fresh:
            self._notice = fresh[-1].seq
        for notice in fresh:
            if notice.kind == "updated":
                before = self._notices.get(notice.uri, NoticeCount({}, 0.0)).by_protocol
                counts = {**before, notice.protocol: before.get(notice.protocol, 0) + 1}
                self._notices[notice.uri] = NoticeCount(counts, notice.at)
                known = self._marks.get(notice.uri)
                if known is None or known[0] != "added":
                    self._marks[notice.uri] = ("modified", notice.at)
        return any(notice.kind == "updated" for notice in fresh)

    def notices_of(self, uri: str) -> NoticeCount | None:
        """The notifications received for a resource."""
        return self._notices.get(uri)

    def mark_of(self, uri: str, now: float) -> Mark | None:
        """A resource's recent change, if any."""
        mark = self._marks.get(uri)
        return mark[0] if mark is not None and now - mark[1] < RECENT_SECONDS else None

    def changed_at(self, uri: str) -> float | None:
        """When a resource was last seen to appear or change."""
        mark = self._marks.get(uri)
        return mark[1] if mark is not None else None

    def forget_old(self, now: float) -> bool:
        """Drop expired marks; return whether marks are shown now or were just dropped."""
        return any(now - at < RECENT_SECONDS + 2 for _mark, at in self._marks.values())
