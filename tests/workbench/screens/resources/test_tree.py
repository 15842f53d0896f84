"""The tree of resources, what has changed in it, and templates, as data."""

from __future__ import annotations

from typing import Any

import pytest
from mcp.types import Resource, ResourceTemplate

from server_core.events import FileChange
from server_core.inspection import CacheEntryState
from tests.workbench.fake_calls import OWNERS, RESOURCES, TEMPLATES
from tests.workbench.fakes import NOON
from workbench.forms import Form
from workbench.records import Owner, Owners
from workbench.screens.resources.changes import RECENT_SECONDS, Changes
from workbench.screens.resources.details import About, Cached, about_lines
from workbench.screens.resources.tree import Leaf, ResourceTree, leaves_of, pieces_of
from workbench.screens.resources.variables import schema_of, uri_of
from workbench.state.parts import Batch, Notice


def tree(resources: Any = RESOURCES, templates: Any = TEMPLATES, owners: Owners = OWNERS) -> ResourceTree:
    made = ResourceTree()
    made.fill(leaves_of(resources, templates, owners))
    return made


def shown(made: ResourceTree, words: str = "") -> list[str]:
    signs = {True: "▸ ", False: "▾ "}
    return [
        "  " * row.depth
        + ("" if row.leaf else signs[row.folded])
        + row.name
        + (f" {row.leaves}" if not row.leaf else "")
        for row in made.rows(words)
    ]


def test_resources_stand_by_module_and_folder_without_what_all_have_in_common() -> None:
    assert shown(tree()) == [
        "▾ shop 4",
        "  ▾ table 2",
        "    books",
        "    orders",
        "  schema",
        "  table/{name}{?limit,offset}",
        "▾ docs 3",
        "  ▾ guide 2",
        "    closing.md",
        "    opening.md",
        "  cover.png",
    ]


def test_a_folded_folder_stays_folded_when_the_list_is_taken_anew() -> None:
    made = tree()
    made.fold("shop ", True)
    made.fill(leaves_of(RESOURCES[1:], TEMPLATES, OWNERS))

    assert shown(made)[:2] == ["▸ shop 3", "▾ docs 3"]


def test_the_filter_finds_leaves_and_unfolds_what_is_around_them() -> None:
    made = tree()
    made.fold("docs ", True)

    assert shown(made, "open") == ["▾ docs 1", "  ▾ guide 1", "    opening.md"]
    assert shown(made, "markdown docs") == ["▾ docs 2", "  ▾ guide 2", "    closing.md", "    opening.md"]
    assert shown(made, "nothing") == []


def test_folders_with_nothing_but_a_folder_share_a_row() -> None:
    uris = ["file:///r/a/b/c/one", "file:///r/a/b/c/two", "file:///r/top"]
    found = tree([Resource(uri=uri, name="n") for uri in uris], (), Owners({}, {}, {}, {}))

    assert shown(found) == ["▾ file 3", "  ▾ a/b/c 2", "    one", "    two", "  top"]


def test_a_path_is_shown_with_all_its_slashes() -> None:
    uris = ["file:///tmp/a/one", "file:///tmp/b/two", "db://table/books"]
    templates = [ResourceTemplate(uri_template="file:///srv/{name}", name="n")]
    rows = shown(tree([Resource(uri=uri, name="n") for uri in uris], templates, Owners({}, {}, {}, {})))

    assert "  ▾ file:///tmp 2" in rows
    assert "  ▾ db://table 1" in rows
    assert "  file:///srv/{name}" in rows


def test_a_large_tree_begins_with_its_modules_and_is_quick() -> None:
    resources = [Resource(uri=f"file:///r/{n // 100}/{n}.txt", name=str(n)) for n in range(4_000)]
    made = tree(resources, (), Owners({}, {}, {str(item.uri): Owner("docs") for item in resources}, {}))

    assert len(made.rows()) == 41
    assert len(made.rows("3999")) == 3


def test_a_hidden_leaf_can_be_brought_to_sight() -> None:
    made = tree()
    made.fold("docs ", True)
    made.fold("docs guide/", True)
    made.show("file:///docs/guide/opening.md")

    assert "    opening.md" in shown(made)


@pytest.mark.parametrize(
    ("uri", "pieces"),
    [
        ("db://table/books", ("db://", "table", "books")),
        ("file:///a%20b/c", ("file:///", "a b", "c")),
        ("stream://ticker?x=1", ("stream://", "ticker?x=1")),
        ("mailto:someone", ("mailto:", "someone")),
        ("db://", ("db://", "/")),
        ("x://a/b/", ("x://", "a", "b/")),
        ("file:///%1b[2J%ff", ("file:///", "\x1b[2J�")),
    ],
)
def test_any_uri_has_a_place(uri: str, pieces: tuple[str, ...]) -> None:
    assert pieces_of(uri) == pieces


# -- changes


def leaves(made: ResourceTree) -> dict[str, Leaf]:
    return made.leaves


OPENING = "file:///docs/guide/opening.md"


def test_what_is_new_in_a_later_list_is_marked_for_a_while() -> None:
    changes = Changes()
    changes.listed(leaves(tree(RESOURCES[1:])), NOON)
    changes.listed(leaves(tree()), NOON + 5)

    assert changes.mark_of("db://schema", NOON + 6) == "added"
    assert changes.mark_of("db://table/books", NOON + 6) is None
    assert changes.mark_of("db://schema", NOON + 5 + RECENT_SECONDS) is None
    assert changes.changed_at("db://schema") == NOON + 5


def test_a_batch_of_file_changes_marks_the_resources_of_its_module_once() -> None:
    changes = Changes()
    changes.listed(leaves(tree()), NOON)
    batch = Batch(1, NOON + 1, "docs", (FileChange("modified", "guide/opening.md"),), False, 0.01)
    changes.batches([batch])

    assert changes.mark_of(OPENING, NOON + 2) == "modified"
    assert changes.mark_of("file:///docs/guide/closing.md", NOON + 2) is None

    changes.batches([batch._replace(at=NOON + 9)])  # the same batch again

    assert changes.changed_at(OPENING) == NOON + 1


def test_notices_are_counted_by_revision() -> None:
    changes = Changes()
    changes.listed(leaves(tree()), NOON)
    told = [
        Notice(1, NOON + 1, "2025-11-25", "updated", OPENING),
        Notice(2, NOON + 1, "2026-07-28", "updated", OPENING),
        Notice(3, NOON + 2, "2026-07-28", "resources", ""),
    ]

    assert changes.notices(told)
    assert not changes.notices(told)

    changes.notices([*told, Notice(4, NOON + 3, "2026-07-28", "updated", OPENING)])
    count = changes.notices_of(OPENING)
    assert count is not None
    assert (count.by_protocol, count.total, count.last) == ({"2025-11-25": 1, "2026-07-28": 2}, 3, NOON + 3)


# -- what is said of one


def said(**words: Any) -> str:
    made = tree().leaves[OPENING]
    about = About(**{"leaf": made, "uri": OPENING, "now": NOON, **words})
    return "\n".join("".join(text for text, _tone in spans) for spans in about_lines(about))


def test_what_the_cache_keeps_is_told_with_its_age_and_life() -> None:
    entry = CacheEntryState(OPENING, 12.0, 288.0, 1500, 3)

    assert "cached 0:12 ago, expires in 4:48, 3 hits, 1.5 kB" in said(cached=Cached(entry, NOON))
    assert "cached 0:32 ago, expires in 4:28" in said(cached=Cached(entry, NOON), now=NOON + 20)
    assert "not in the cache" in said(cached=Cached(entry, NOON), now=NOON + 300)
    assert "not in the cache" in said(cached=Cached(None, NOON))


def test_a_change_after_the_last_read_is_told() -> None:
    assert "since you read it; press r to read it again" in said(changed_at=NOON - 5, read_at=NOON - 60)
    assert "since you read it" not in said(changed_at=NOON - 60, read_at=NOON - 5)


def test_hostile_names_are_made_harmless() -> None:
    leaf = tree().leaves[OPENING]._replace(description="\x1b[2J[/b]", title="\u202ename")
    lines = about_lines(About(leaf, OPENING, NOON))

    assert "\x1b" not in str(lines)
    assert "\u202e" not in str(lines)


# -- templates


def test_a_templates_variables_are_a_form_and_make_a_uri() -> None:
    template = "db://table/{name}{?limit,offset}"
    form = Form(schema_of(template))
    form.from_arguments({"name": "a b/c", "limit": "3"})

    assert form.warnings() == []
    assert uri_of(template, form.to_arguments()) == "db://table/a%20b%2Fc?limit=3"
    assert uri_of(template, {"limit": "3"}) == ""
    assert uri_of(template, {"name": ""}) == ""


def test_a_list_of_segments_can_be_filled_in() -> None:
    template = "file://{/path*}"

    assert Form(schema_of(template), {"path": ["a", "b"]}).warnings() == []
    assert uri_of(template, {"path": ["a", "b"]}) == "file:///a/b"


def test_a_template_that_is_none_takes_nothing() -> None:
    assert schema_of("x://{a")["properties"] == {}
    assert uri_of("x://{a", {}) == ""
