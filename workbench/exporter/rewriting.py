"""The edits that move a piece of source into the script: renames, and annotations that must not run yet."""

from __future__ import annotations

import ast
import copy
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from .edits import Edit, EditedSource, node_edit
from .scopes import Use


def rename_edits(source: bytes, uses: Iterable[Use], new_names: Mapping[str, str]) -> list[Edit]:
    """Edits that give the top-level names of `new_names` their new names wherever they are used.

    Raises:
        ValueError: a name is bound where it can't be renamed (`except … as name` at the top level).
    """
    lines = source.split(b"\n")
    edits: list[Edit] = []
    strings: dict[ast.JoinedStr, dict[tuple[int, int], str]] = {}
    for use in uses:
        new = new_names.get(use.name)
        if new is None or new == use.name:
            continue
        if use.kind == "bare":
            raise ValueError(f"line {use.start[0]}: {use.name} can't be renamed here")
        written = lines[use.start[0] - 1][use.start[1] : use.end].decode("utf-8", "replace")
        sure = use.in_string is None or sys.version_info >= (3, 12)
        if sure and unicodedata.normalize("NFKC", written) == use.name:
            edits.append(Edit(use.start, (use.start[0], use.end), new))
        elif use.in_string is not None:
            strings.setdefault(use.in_string, {})[use.start] = new
        else:
            raise ValueError(f"line {use.start[0]}: {use.name} is not where it should be")
    edits += [_string_edit(string, names) for string, names in strings.items()]
    return edits


def _string_edit(string: ast.JoinedStr, names: Mapping[tuple[int, int], str]) -> Edit:
    """An f-string written anew: before Python 3.12 the places of names inside it are not to be relied on."""
    renamed = copy.deepcopy(string)
    for node in ast.walk(renamed):
        if isinstance(node, ast.Name):
            node.id = names.get((node.lineno, node.col_offset), node.id)
    return node_edit(string, ast.unparse(renamed))


def quote_edits(edited: EditedSource, uses: Iterable[Use], waits: Callable[[Use], bool]) -> list[Edit]:
    """Edits that make strings of the annotations which can't be evaluated where they stand.

    Args:
        edited: has the renames already.
        waits: whether what a use means is not there when the annotation is evaluated.
    """
    annotations: dict[ast.expr, list[Use]] = {}
    for use in uses:
        if use.annotation is not None:
            annotations.setdefault(use.annotation, []).append(use)
    edits = []
    for annotation, inside in annotations.items():
        seen = {use.start for use in inside}
        # A name that the class itself has bound hides what is meant.
        hidden = any(
            isinstance(node, ast.Name) and (node.lineno, node.col_offset) not in seen
            for node in ast.walk(annotation)
        )
        if not isinstance(annotation, ast.Constant) and (hidden or any(map(waits, inside))):
            edits.append(quote_edit(edited, annotation))
    return edits


def quote_edit(edited: EditedSource, annotation: ast.expr) -> Edit:
    """An edit that makes a string of an annotation."""
    edit = node_edit(annotation, "")
    text = ast.unparse(ast.parse(f"({edited.text(edit.start, edit.end)}\n)", mode="eval"))
    literal = repr(text) if '"' in text or "\\" in text else f'"{text}"'
    return Edit(edit.start, edit.end, literal)


def removal_edits(source: bytes, tree: ast.AST, unwanted: Iterable[ast.stmt]) -> list[Edit]:
    """Edits that take statements out of function bodies, leaving `pass` where nothing else would be."""
    lines = source.split(b"\n")
    out = {id(statement) for statement in unwanted}
    edits: list[Edit] = []
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if not isinstance(block, list) or not any(id(each) in out for each in block):
                continue
            gone = [each for each in block if id(each) in out]
            if len(gone) == len(block):
                edits.append(node_edit(gone.pop(0), "pass"))
            for each in gone:
                last = each.end_lineno or each.lineno
                above = each.lineno - 1
                edits.append(Edit((above, len(lines[above - 1])), (last, len(lines[last - 1])), ""))
    return edits
