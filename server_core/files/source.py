"""The operating system as the source of changes: watchfiles on its own thread, kept going."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable

STEP_MS = 8
"""How often changes are collected: a batch ends with a step without one. 8 ms cost about 1 % of a core."""

DEBOUNCE_MS = 120
"""How long a batch may grow while changes keep coming."""

ROOT_CHECK_MS = 500
"""How often a quiet folder is looked at: whether it is still the one that is watched."""

STORM = 4096
"""After a batch this large the operating system's queue may have overflowed."""

RETURN_SECONDS = 0.1
POLL_SECONDS = 2.0
POLLS_A_TRY = 15
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 1.0

FolderIdentity = tuple[int, int]


class FolderWatch:
    """Watches a folder and everything in it until it is stopped. The callbacks are called on its thread."""

    def __init__(
        self,
        path: str,
        root: str,
        *,
        changed: Callable[[set[str]], None],
        lost: Callable[[], None],
        told: Callable[[str], None],
        moved: Callable[[], None],
    ) -> None:
        """Args:
        path: leads to the folder, perhaps over links.
        root: the folder, absolute, without links in it.
        changed: gets paths relative to the root, `/` separated; what happened there, the disk tells.
        lost: anything may have changed: called whenever watching begins, again too, and after storms.
        told: what the user should know of the watch, empty once all is well again.
        moved: `path` leads to another folder now: this watch has ended.
        """
        self._path = path
        self._root = root
        self._base = root if root.endswith(os.sep) else root + os.sep
        self._changed = changed
        self._lost = lost
        self._told = told
        self._moved = moved
        self._stopping = threading.Event()
        self._pause = FIRST_PAUSE
        self.ready = threading.Event()
        """Set once the folder is watched, or it is clear that it can't be."""

    def start(self) -> None:
        """Begin, on a daemon thread."""
        threading.Thread(target=self._run, name="files-watch", daemon=True).start()

    def stop(self) -> None:
        """Returns at once; the thread ends within a step."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            identity = folder_identity(self._path)
            if identity is None:
                self._wait_for_folder()
                continue
            if os.path.realpath(self._path) != self._root:
                self._moved()
                self.ready.set()
                return
            try:
                self._watch(identity)
            except FileNotFoundError:
                self._stopping.wait(RETURN_SECONDS)
            except OSError as error:
                self._poll(error)
            except Exception:
                # A name that is not UTF-8 ends a watch. What is missed now, the next one's beginning finds.
                self._stopping.wait(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _watch(self, identity: FolderIdentity) -> None:
        """Watch until stopped, or until the folder is not the same one."""
        from watchfiles import watch

        batches = watch(
            self._root,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=_WatchSignal(self._stopping, self._began),
            rust_timeout=ROOT_CHECK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for batch in batches:
            paths = {self._relative(path) for _kind, path in batch} - {""}
            if paths:
                self._changed(paths)
            if len(batch) >= STORM:
                self._lost()
            if not batch:
                self._pause = FIRST_PAUSE
            if folder_identity(self._path) != identity:
                break

    def _began(self) -> None:
        self._told("")
        self._lost()
        self.ready.set()

    def _wait_for_folder(self) -> None:
        self._told("the folder is gone; waiting until it is back")
        self._lost()
        self.ready.set()
        while not self._stopping.wait(RETURN_SECONDS) and folder_identity(self._path) is None:
            pass

    def _poll(self, error: OSError) -> None:
        """Do without the operating system's help for a while: it has no watch to spare."""
        self._told(f"changes are looked for every {POLL_SECONDS:g} s, since watching failed: {error}")
        self._lost()
        self.ready.set()
        for _ in range(POLLS_A_TRY):
            if self._stopping.wait(POLL_SECONDS):
                return
            self._lost()

    def _relative(self, path: str) -> str:
        return path[len(self._base) :].replace(os.sep, "/") if path.startswith(self._base) else ""


class _WatchSignal:
    """What watchfiles asks at each step whether to stop: being asked shows that it watches."""

    def __init__(self, stopping: threading.Event, began: Callable[[], None]) -> None:
        self._stopping = stopping
        self._began: Callable[[], None] | None = began

    def is_set(self) -> bool:
        if self._began is not None:
            began, self._began = self._began, None
            began()
        return self._stopping.is_set()


def folder_identity(path: str) -> FolderIdentity | None:
    """Which folder `path` leads to now; `None` if to none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None
