"""A file is read only if it is surely inside its folder; if it can't be read, the answer says why."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from server_core.errors import CoreError, DeniedError, UnavailableError
from server_core.files.reading import FileGoneError, OutsideFolderError, read_inside, reading_error


def anything(_path: str) -> bool:
    return True


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("secret")
    root = tmp_path / "docs"
    (root / "sub").mkdir(parents=True)
    (root / "sub/a.txt").write_text("inside")
    return root.resolve()


def test_links_inside_are_followed(root: Path) -> None:
    (root / "link.txt").symlink_to("sub/a.txt")
    (root / "folder").symlink_to(root / "sub")
    assert read_inside(str(root), "link.txt", anything).data == b"inside"
    assert read_inside(str(root), "folder/a.txt", anything).data == b"inside"


@pytest.mark.parametrize(
    "lead",
    [
        lambda root: (root / "out").symlink_to("../secret.txt"),
        lambda root: (root / "out").symlink_to(root.parent / "secret.txt"),
        lambda root: (root / "hop").symlink_to("..") or (root / "out").symlink_to("hop/secret.txt"),
        lambda root: (root / "out").symlink_to("."),
    ],
)
def test_links_that_lead_out_are_refused(root: Path, lead: Callable[[Path], object]) -> None:
    lead(root)
    with pytest.raises(OutsideFolderError):
        read_inside(str(root), "out", anything)


def test_a_folder_beside_with_the_same_beginning_is_outside(root: Path) -> None:
    (root.parent / "docs2").mkdir()
    (root.parent / "docs2/b.txt").write_text("secret")
    (root / "out").symlink_to("../docs2/b.txt")
    with pytest.raises(OutsideFolderError):
        read_inside(str(root), "out", anything)


def test_a_link_to_what_is_not_allowed_is_refused(root: Path) -> None:
    (root / "link.txt").symlink_to("sub/a.txt")
    with pytest.raises(OutsideFolderError):
        read_inside(str(root), "link.txt", lambda path: path != "sub/a.txt")


def test_a_link_put_in_the_way_after_the_check_is_not_followed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.path.realpath(root / "sub/a.txt")
    (root / "sub/a.txt").unlink()
    (root / "sub").rmdir()
    (root / "sub").symlink_to("..")
    (root.parent / "a.txt").write_text("secret")
    monkeypatch.setattr(os.path, "realpath", lambda _path: real)
    with pytest.raises(OSError, match=r"(?i)not a directory|symbolic links"):
        read_inside(str(root), "sub/a.txt", anything)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_is_refused_at_once(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(UnavailableError, match="not a regular file"):
        read_inside(str(root), "pipe", anything)


def test_a_part_has_the_size_of_the_whole(root: Path) -> None:
    assert read_inside(str(root), "sub/a.txt", anything, offset=2, most=3) == (b"sid", 6)
    assert read_inside(str(root), "sub/a.txt", anything, offset=99, most=3) == (b"", 6)


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (FileNotFoundError(errno.ENOENT, "gone"), FileGoneError, "no longer on disk"),
        (NotADirectoryError(errno.ENOTDIR, "gone"), FileGoneError, "no longer on disk"),
        (PermissionError(errno.EACCES, "no"), DeniedError, "no permission"),
        (OSError(errno.ELOOP, "loop"), OutsideFolderError, "a loop of links"),
        (OSError(errno.EIO, "io"), UnavailableError, "a.txt can't be read"),
    ],
)
def test_what_the_operating_system_says_becomes_an_answer(
    error: OSError, kind: type[CoreError], text: str
) -> None:
    answer = reading_error(error, "a.txt", "file:///a.txt")
    assert isinstance(answer, kind)
    assert text in str(answer)
