"""The resources as a tree of modules, folders, resources and templates. Plain data, fast for thousands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from workbench.records import Owner, Owners

NOBODY = Owner("")
UNFOLDED = 300
"""Trees with more leaves start folded."""


class Leaf(NamedTuple):
    """A resource or a template.

    Attributes:
        uri: the URI, or a template's text.
        size: in bytes, -1 if unknown.
        pieces: its path in the tree: folders, then its own name.
    """

    kind: Literal["resource", "template"]
    uri: str
    name: str
    title: str
    description: str
    mime: str
    size: int
    owner: Owner
    pieces: tuple[str, ...]


class TreeRow(NamedTuple):
    """A visible row of the tree.

    Attributes:
        key: the URI of a leaf; the module and path of a folder.
        leaf: `None` for a module or folder, which has `leaves` below it.
    """

    key: str
    depth: int
    name: str
    leaf: Leaf | None
    leaves: int = 0
    folded: bool = False


@dataclass
class _Folder:
    key: str
    name: str
    folders: dict[str, _Folder] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)
    count: int = 0


class ResourceTree:
    """All resources and templates; `rows` returns the visible ones."""

    def __init__(self) -> None:
        self.leaves: dict[str, Leaf] = {}
        self._modules: dict[str, _Folder] = {}
        self._folded: dict[str, bool] = {}
        self._small = True

    def fill(self, leaves: Sequence[Leaf]) -> None:
        """Set the leaves, in order. Folded folders stay folded."""
        self.leaves = {leaf.uri: leaf for leaf in leaves}
        self._small = len(leaves) <= UNFOLDED
        self._modules = {}
        for leaf in leaves:
            module = leaf.owner.module or leaf.uri.partition(":")[0]
            folder = self._modules.get(module)
            if folder is None:
                folder = self._modules[module] = _Folder(f"{module} ", module)
            folder.count += 1
            for piece in leaf.pieces[:-1]:
                inner = folder.folders.get(piece)
                if inner is None:
                    inner = folder.folders[piece] = _Folder(f"{folder.key}{piece}/", piece)
                folder = inner
                folder.count += 1
            folder.leaves.append(leaf)

    def is_folded(self, key: str, depth: int) -> bool:
        """Whether a folder's rows are hidden: large trees start with only their modules."""
        return self._folded.get(key, depth > 0 and not self._small)

    def fold(self, key: str, folded: bool) -> None:
        """Fold or unfold a folder."""
        self._folded[key] = folded

    def show(self, uri: str) -> None:
        """Unfold the folders that hide a leaf."""
        leaf = self.leaves.get(uri)
        if leaf is not None:
            folder = self._modules[leaf.owner.module or leaf.uri.partition(":")[0]]
            self._folded[folder.key] = False
            for piece in leaf.pieces[:-1]:
                folder = folder.folders[piece]
                self._folded[folder.key] = False

    def rows(self, words: str = "") -> list[TreeRow]:
        """The visible rows; with `words`, every leaf that contains them all, with nothing folded."""
        wanted = words.casefold().split()
        rows: list[TreeRow] = []
        if not wanted:
            for folder in self._modules.values():
                self._add(rows, folder, 0, None)
            return rows
        found = {
            leaf.uri
            for leaf in self.leaves.values()
            if all(word in (leaf.uri.casefold() if "://" in word else _shown(leaf)) for word in wanted)
        }
        for folder in self._modules.values():
            self._add(rows, folder, 0, found)
        return rows

    def _add(self, rows: list[TreeRow], folder: _Folder, depth: int, found: set[str] | None) -> None:
        name = folder.name
        while depth and len(folder.folders) == 1 and not folder.leaves:
            folder = next(iter(folder.folders.values()))  # a/b/c on one row if a and b contain nothing else
            name = _joined((name, folder.name))
        folded = found is None and self.is_folded(folder.key, depth)
        place = len(rows)
        rows.append(TreeRow(folder.key, depth, name, None, folder.count, folded))
        if folded:
            return
        for inner in folder.folders.values():
            self._add(rows, inner, depth + 1, found)
        for leaf in folder.leaves:
            if found is None or leaf.uri in found:
                rows.append(TreeRow(leaf.uri, depth + 1, leaf.pieces[-1], leaf))
        if found is not None:
            leaves = sum(row.leaf is not None for row in rows[place:])
            if leaves:
                rows[place] = rows[place]._replace(leaves=leaves)
            else:
                del rows[place:]


# -- leaves from the server's lists


def leaves_of(resources: Iterable[Any], templates: Iterable[Any], owners: Owners) -> list[Leaf]:
    """Build leaves from the SDK's resources and templates: a module's resources in order, then its templates."""
    found: dict[str, list[Leaf]] = {}
    for resource in resources:
        uri = str(resource.uri)
        owner = owners.resources.get(uri, NOBODY)
        leaf = Leaf(
            "resource",
            uri,
            resource.name or "",
            resource.title or "",
            resource.description or "",
            resource.mime_type or "",
            -1 if resource.size is None else resource.size,
            owner,
            pieces_of(uri),
        )
        found.setdefault(owner.module, []).append(leaf)
    roots = {module: _root(leaves) for module, leaves in found.items()}
    found = {module: _without(leaves, roots[module]) for module, leaves in found.items()}
    for template in templates:
        owner = owners.templates.get(template.uri_template, NOBODY)
        pieces = pieces_of(template.uri_template, decoded=False)
        root = roots.get(owner.module, ())
        start = len(root) if pieces[: len(root)] == root else 1
        found.setdefault(owner.module, []).append(
            Leaf(
                "template",
                template.uri_template,
                template.name or "",
                template.title or "",
                template.description or "",
                template.mime_type or "",
                -1,
                owner,
                (_joined(pieces[start:]),),
            )
        )
    return [leaf for leaves in found.values() for leaf in leaves]


def pieces_of(uri: str, *, decoded: bool = True) -> tuple[str, ...]:
    """Split a URI into its scheme with the slashes, and the parts of its path."""
    scheme, rest = re.match(r"([^:/]*:/*)?(.*)", uri, re.DOTALL).groups("")  # type: ignore[union-attr]
    path, question, query = rest.partition("?") if decoded else (rest, "", "")
    parts = [unquote(part, errors="replace") if decoded else part for part in path.split("/") if part] or [
        "/"
    ]
    if path.endswith("/") and len(parts) > 1:
        parts[-1] += "/"
    if question:
        parts[-1] += f"?{query}"
    return (scheme, *parts)


def _shown(leaf: Leaf) -> str:
    """The visible text of a leaf, to filter by: without the folders that all leaves share."""
    path = "/".join(leaf.pieces)
    return f"{path} {leaf.name} {leaf.title} {leaf.mime} {leaf.owner.module}".casefold()


def _joined(pieces: tuple[str, ...]) -> str:
    first, rest = pieces[0], "/".join(pieces[1:])
    return f"{first}{rest}" if not rest or first.endswith((":", "/")) else f"{first}/{rest}"


def _root(leaves: list[Leaf]) -> tuple[str, ...]:
    """The folders shared by all leaves of one module."""
    first, last = min(leaf.pieces for leaf in leaves), max(leaf.pieces for leaf in leaves)
    most = min(len(leaf.pieces) for leaf in leaves) - 1
    common = 0
    while common < most and first[common] == last[common]:
        common += 1
    return first[:common]


def _without(leaves: list[Leaf], root: tuple[str, ...]) -> list[Leaf]:
    return [leaf._replace(pieces=leaf.pieces[len(root) :]) for leaf in leaves] if root else leaves
