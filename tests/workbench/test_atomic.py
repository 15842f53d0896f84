"""Files that are either there, whole, or not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from workbench.atomic import write_atomically


def test_a_text_is_written_as_utf8_with_plain_line_ends(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "ü\n€\n")
    assert (tmp_path / "a").read_bytes() == "ü\n€\n".encode()


def test_a_file_that_is_there_is_replaced_or_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(FileExistsError):
        write_atomically(path, "new", overwrite=False)
    assert path.read_text() == "old"
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_appears_while_another_one_is_written_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    sync = os.fsync

    def appear(handle: int) -> None:
        sync(handle)
        path.write_text("theirs")

    monkeypatch.setattr(os, "fsync", appear)
    with pytest.raises(FileExistsError):
        write_atomically(path, "mine", overwrite=False)
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="the disk is full; free some space"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder") as caught:
        write_atomically(tmp_path / "none" / "a", "x")
    assert caught.value.filename == str(tmp_path / "none")


@pytest.mark.skipif(sys.platform == "win32", reason="permissions and links as on POSIX")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_atomically(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640
