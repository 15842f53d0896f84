"""A functions file as a part of the script: its text, with everything changed that would mean something else there."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from .core_source import CORE, CoreName
from .edits import Edit, EditedSource, node_edit
from .functions import FunctionsFile, main_test
from .rewriting import quote_edit, rename_edits

_COOKIE = re.compile(r"^#.*coding[:=]")
_METADATA = re.compile(r"^# /// (?P<kind>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Placement:
    """How a functions file fits into its script.

    Attributes:
        core_name: what a name of the core is called there.
        new_names: top-level names of the file that are called otherwise, since another file has them too.
        hidden: builtins that some functions file has hidden, and how to reach them.
        constants: the names of the constants that hold what were `__file__` and `__doc__`.
        quote: the script has no `from __future__ import annotations`.
    """

    core_name: Callable[[CoreName], str]
    constants: Mapping[str, str]
    new_names: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    quote: bool = False


def carried_text(file: FunctionsFile, placement: Placement) -> str:
    """The source of `file` as it stands in the script, without the lines that are of no use there.

    Raises:
        ValueError: a name can't be renamed where it is bound.
    """
    edited = EditedSource(file.source)
    dropped = {*_dropped(file), *file.main_blocks}
    edited.add(_import_edits(file, placement, dropped))
    edited.add(_name_edits(file, placement))
    edited.add(node_edit(node, placement.core_name(name)) for node, name in file.core_attributes().items())
    if file.has_future_annotations and placement.quote:
        edited.add([quote_edit(edited, annotation) for annotation in _annotations(file.tree)])
    return _assembled(file, edited, dropped)


def uses_name(file: FunctionsFile, name: str) -> bool:
    """Whether it uses a name at its top level's scope, as `__file__`."""
    return any(use.name == name for use in file.all_uses())


def metadata_blocks(text: str) -> list[str]:
    """The TOML of the `# /// script` blocks of a text (PEP 723)."""
    blocks = []
    for match in _METADATA.finditer(text):
        if match["kind"] == "script":
            lines = match["content"].splitlines()
            blocks.append("\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines))
    return blocks


# -- statements


def _dropped(file: FunctionsFile) -> Iterator[ast.stmt]:
    """The statements of the top level that do not come along."""
    core = {each.statement for each in file.core_imports}
    for place, statement in enumerate(file.tree.body):
        is_doc = place == 0 and file.docstring is not None
        is_future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        is_core = isinstance(statement, ast.Import) and statement.names[0].name == CORE
        if is_doc or is_future or is_core or statement in core:
            yield statement


def _import_edits(file: FunctionsFile, placement: Placement, dropped: set[ast.stmt]) -> Iterator[Edit]:
    in_classes = {
        id(statement)
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
    }
    for each in file.core_imports:
        assignments = [
            f"{local} = {name}"
            for local, name in _bindings(each.names, placement, keep_same=id(each.statement) in in_classes)
        ]
        if each.nested:
            yield node_edit(each.statement, "; ".join(assignments) or "pass")
        elif assignments:
            dropped.discard(each.statement)
            yield node_edit(each.statement, "\n".join(assignments))
    for statement, names in file.star_imports.items():
        listed = ", ".join(
            f"{name} as {new}" if (new := placement.new_names.get(name)) else name for name in names
        )
        yield node_edit(statement, f"from {statement.module} import {listed}")


def _bindings(
    names: tuple[tuple[str, CoreName], ...], placement: Placement, *, keep_same: bool
) -> Iterator[tuple[str, str]]:
    for local, origin in names:
        name = placement.core_name(origin)
        target = placement.new_names.get(local, local)
        if target != name or keep_same:
            yield target, name


# -- names


def _name_edits(file: FunctionsFile, placement: Placement) -> list[Edit]:
    uses = list(file.all_uses())
    own = file.names()
    hidden = {name: text for name, text in placement.hidden.items() if name not in own}
    new_names = {**hidden, **placement.new_names, **placement.constants}
    edits = rename_edits(file.source, uses, new_names)
    top_level = {use.start for use in uses if use.name == "__name__"}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Compare):
            answer = main_test(node)
            if answer is not None and top_level & {
                (side.lineno, side.col_offset) for side in (node.left, *node.comparators)
            }:
                edits.append(node_edit(node, str(answer)))
    edits += _renamed_imports(file, placement)
    return edits


def _renamed_imports(file: FunctionsFile, placement: Placement) -> Iterator[Edit]:
    """Top-level imports of names that are called otherwise in the script."""
    inner = {
        id(node)
        for outer in ast.walk(file.tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda)
        for node in ast.walk(outer)
    }
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Import | ast.ImportFrom) or id(node) in inner:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == CORE:
            continue
        for alias in node.names:
            local = alias.asname or alias.name
            new = placement.new_names.get(local.partition(".")[0])
            if new is None or alias.name == "*":
                continue
            if "." in local:
                raise ValueError(f"line {node.lineno}: {alias.name} can't be imported under another name")
            end = (alias.end_lineno or alias.lineno, alias.end_col_offset or alias.col_offset)
            yield Edit((alias.lineno, alias.col_offset), end, f"{alias.name} as {new}")


def _annotations(tree: ast.AST, *, in_function: bool = False) -> Iterator[ast.expr]:
    """The annotations that Python evaluates: not those of a function's own variables."""
    for node in ast.iter_child_nodes(tree):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found = node.returns
        elif isinstance(node, ast.arg) or (isinstance(node, ast.AnnAssign) and not in_function):
            found = node.annotation
        else:
            found = None
        if found is not None:
            yield found
        inside = is_function or (in_function and not isinstance(node, ast.ClassDef))
        yield from _annotations(node, in_function=inside)


# -- text


def _assembled(file: FunctionsFile, edited: EditedSource, dropped: set[ast.stmt]) -> str:
    lines = file.text.split("\n")
    parts: list[str] = []
    last = 0
    statements = sorted([*file.tree.body, *file.main_blocks], key=lambda statement: statement.lineno)
    for group in _groups(statements):
        first, end = _first_line(group[0]), max(_end_line(statement) for statement in group)
        lead = _lead(lines[last : first - 1], at_start=last == 0)
        gone = [statement for statement in group if statement in dropped]
        if len(gone) == len(group):
            # What is said of a main block goes with it.
            while group[0] in file.main_blocks and lead and lead[-1].startswith("#"):
                lead.pop()
            _add_lead(parts, lead)
        else:
            edited.add(node_edit(statement, "pass") for statement in gone)
            _add_lead(parts, lead)
            parts += edited.lines(first, end)
        last = end
    _add_lead(parts, _lead(lines[last:], at_start=False))
    return "\n".join(parts).strip("\n")


def _groups(statements: list[ast.stmt]) -> list[list[ast.stmt]]:
    """The statements, those that share a line (`a = 1; b = 2`) together."""
    groups: list[list[ast.stmt]] = []
    for statement in statements:
        if groups and _end_line(groups[-1][-1]) >= _first_line(statement):
            groups[-1].append(statement)
        else:
            groups.append([statement])
    return groups


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _end_line(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def _lead(lines: list[str], *, at_start: bool) -> list[str]:
    """Comments and blank lines between statements, without what speaks of the file itself."""
    text = _METADATA.sub("", "\n".join(lines) + "\n").split("\n")[:-1]
    if at_start:
        text = [
            line
            for number, line in enumerate(text)
            if not (number < 2 and (line.startswith("#!") or _COOKIE.match(line)))
        ]
    return [line if line.strip() else "" for line in text]


def _add_lead(parts: list[str], lead: list[str]) -> None:
    """Add comments and blank lines, so that never more than two blank ones follow each other."""
    for line in lead:
        if line or parts[-2:] != ["", ""]:
            parts.append(line)
