"""Which paths are ignored."""

from __future__ import annotations

import pytest

from server_core.files.ignoring import IgnoreRules


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        "a/node_modules/b/c.js",
        "x.pyc",
        "notes.txt~",
        "a/.DS_Store",
        "shop.db-wal",
        "s.sqlite-journal",
    ],
)
def test_what_is_nobodys_business_is_ignored_without_being_asked_for(path: str) -> None:
    assert IgnoreRules().ignores(path)


@pytest.mark.parametrize(
    "path", ["a.txt", "git/config", "pyc", "my-journal", "travel-shm/a.md", ".github/x.yml"]
)
def test_what_only_looks_like_it_is_not(path: str) -> None:
    assert not IgnoreRules().ignores(path)


@pytest.mark.parametrize(
    ("pattern", "ignored", "kept"),
    [
        ("*.tmp", ["a.tmp", "x/y/b.tmp", "c.tmp/inside"], ["a.tmpx", "tmp"]),
        ("build/", ["build/a", "x/build/b"], ["builds/a"]),
        ("drafts/*.md", ["drafts/a.md"], ["x/drafts/a.md", "drafts/a.txt"]),
        ("**/secret", ["secret", "a/secret/b"], ["secrets"]),
        ("/top/only", ["top/only", "top/only/a"], ["a/top/only"]),
        ("[ab].txt", ["a.txt"], ["c.txt"]),
    ],
)
def test_ones_own_patterns_are_compared_with_names_or_with_whole_paths(
    pattern: str, ignored: list[str], kept: list[str]
) -> None:
    rules = IgnoreRules([pattern])
    assert [path for path in ignored if not rules.ignores(path)] == []
    assert [path for path in kept if rules.ignores(path)] == []


def test_an_entry_of_a_folder_that_is_kept_is_judged_alike() -> None:
    rules = IgnoreRules(["drafts/*.md", "*.tmp"])
    for path in ("drafts/a.md", "x/b.tmp", "x/c.md"):
        assert rules.ignores_entry(path, path.rpartition("/")[2]) == rules.ignores(path)
