"""Receives changes from the operating system: runs watchfiles on its own thread and keeps it running."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable

STEP_MS = 8
"""How often changes are collected: a batch ends with a step without any. 8 ms cost about 1 % of a core."""

DEBOUNCE_MS = 120
"""How long a batch may grow while changes keep coming."""

ROOT_CHECK_MS = 500
"""How often a quiet folder is checked: whether it is still the one being watched."""

STORM = 4096
"""After a batch this large the operating system's queue may have overflowed."""

RETURN_SECONDS = 0.1
POLL_SECONDS = 2.0
POLLS_A_TRY = 15
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 1.0

FolderIdentity = tuple[int, int]


class FolderWatch:
    """Watches a folder and everything in it until stopped. The callbacks are called on its thread."""

    def __init__(
        self,
        path: str,
        root: str,
        *,
        changed: Callable[[set[str]], None],
        lost: Callable[[], None],
        noted: Callable[[str], None],
        moved: Callable[[], None],
    ) -> None:
        """Args:
        path: leads to the folder, perhaps through links.
        root: the folder, absolute, without links in it.
        changed: receives paths relative to the root, `/` separated; check the disk for what happened.
        lost: anything may have changed: called whenever watching begins or resumes, and after storms.
        noted: receives the state of the watch as text for the user, empty once all is well again.
        moved: `path` leads to another folder now, and this watch has ended.
        """
        self._path = path
        self._root = root
        self._base = root if root.endswith(os.sep) else root + os.sep
        self._changed = changed
        self._lost = lost
        self._noted = noted
        self._moved = moved
        self._stopping = threading.Event()
        self._pause = FIRST_PAUSE
        self.ready = threading.Event()
        """Set once the folder is being watched, or clearly can't be."""

    def start(self) -> None:
        """Start watching, on a daemon thread."""
        threading.Thread(target=self._run, name="files-watch", daemon=True).start()

    def stop(self) -> None:
        """Stop watching. Returns immediately; the thread ends within one step."""
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
                # A name that is not UTF-8 ends a watch. Changes missed now are found when the next watch begins.
                self._stopping.wait(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _watch(self, identity: FolderIdentity) -> None:
        """Watch until stopped, or until the folder was replaced."""
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
        self._noted("")
        self._lost()
        self.ready.set()

    def _wait_for_folder(self) -> None:
        self._noted("the folder is gone; waiting until it is back")
        self._lost()
        self.ready.set()
        while not self._stopping.wait(RETURN_SECONDS) and folder_identity(self._path) is None:
            pass

    def _poll(self, error: OSError) -> None:
        """Poll for a while, since the operating system can't provide another watch."""
        self._noted(f"checking for changes every {POLL_SECONDS:g} s, since watching failed: {error}")
        self._lost()
        self.ready.set()
        for _ in range(POLLS_A_TRY):
            if self._stopping.wait(POLL_SECONDS):
                return
            self._lost()

    def _relative(self, path: str) -> str:
        return path[len(self._base) :].replace(os.sep, "/") if path.startswith(self._base) else ""


class _WatchSignal:
    """The stop event that watchfiles checks at each step; the check also shows that it is watching."""

    def __init__(self, stopping: threading.Event, began: Callable[[], None]) -> None:
        self._stopping = stopping
        self._began: Callable[[], None] | None = began

    def is_set(self) -> bool:
        if self._began is not None:
            began, self._began = self._began, None
            began()
        return self._stopping.is_set()


def folder_identity(path: str) -> FolderIdentity | None:
    """The identity of the folder that `path` leads to now; `None` if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None
