"""Which names of a Python file mean the file's own top level, and where they stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

UseKind = Literal["load", "store", "definition", "declaration", "bare"]
"""A read; a binding by `=`, `for`, `del` …; by `def` or `class`; a `global` statement; a binding without a node of its
own (`except … as name`), which can't be renamed in place."""

Position = tuple[int, int]
"""A line, from 1, and a column in bytes of UTF-8, from 0: as `ast` counts."""

_WORD = re.compile(rb"[^\W\d]\w*|[\x80-\xff\w]+")
_DEFINING = re.compile(rb"(?:async\s+)?(?:def|class)\s+")
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPOUND = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a top-level name (or a builtin) is used or bound.

    Attributes:
        start: where it stands.
        end: the column behind it, on the same line.
        eager: it is evaluated while the file runs, and not only when a function is called.
        annotation: the whole annotation that it stands in, if that is one that Python evaluates.
        in_string: the outermost f-string that it stands in; positions inside are not reliable before Python 3.12.
    """

    name: str
    start: Position
    end: int
    kind: UseKind
    eager: bool
    annotation: ast.expr | None
    in_string: ast.JoinedStr | None


@dataclass(slots=True)
class _Scope:
    kind: Literal["module", "class", "function", "comprehension"]
    outer: _Scope | None
    bound: set[str] = field(default_factory=set)
    declared_global: set[str] = field(default_factory=set)

    def means_top_level(self, name: str) -> bool:
        """Whether `name`, used directly in this scope, is the file's (or a builtin)."""
        scope: _Scope | None = self
        while scope is not None and scope.kind != "module":
            if name in scope.declared_global:
                return True
            if name in scope.bound and (scope is self or scope.kind != "class"):
                return False
            scope = scope.outer
        return True


def top_level_uses(
    tree: ast.Module, source: bytes, unbinding: Callable[[ast.ImportFrom], bool] = lambda node: False
) -> list[Use]:
    """Every use of a top-level name or a builtin in a file; see `uses_by_statement`."""
    return [use for uses in uses_by_statement(tree, source, unbinding) for use in uses]


def uses_by_statement(
    tree: ast.Module, source: bytes, unbinding: Callable[[ast.ImportFrom], bool] = lambda node: False
) -> list[list[Use]]:
    """Every use of a top-level name or a builtin, for each statement of a file.

    Args:
        source: the file as UTF-8, with LF line ends.
        unbinding: imports inside functions for which it is true bind nothing there: the names are taken to be
            the file's own.
    """
    lines = source.split(b"\n")
    module = _Scope("module", None)
    found = []
    for statement in tree.body:
        finder = _Finder(lines, unbinding)
        finder.visit(statement, module, True)
        found.append(finder.uses)
    return found


def bound_names(
    statements: Iterable[ast.AST], unbinding: Callable[[ast.ImportFrom], bool] = lambda node: False
) -> set[str]:
    """What the statements bind in their own scope."""
    return set(_bound(statements, unbinding))


def import_name(alias: ast.alias) -> str:
    """The name that an import binds."""
    return alias.asname or alias.name.partition(".")[0]


def _bound(nodes: Iterable[ast.AST], unbinding: Callable[[ast.ImportFrom], bool]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                yield node.id
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node.name
            yield from _bound([*node.decorator_list, *_header_parts(node)], unbinding)
        elif isinstance(node, ast.Lambda):
            yield from _bound(_argument_defaults(node.args), unbinding)
        elif isinstance(node, ast.Import):
            yield from map(import_name, node.names)
        elif isinstance(node, ast.ImportFrom):
            if not unbinding(node):
                yield from map(import_name, node.names)
        elif isinstance(node, _COMPREHENSIONS):
            # Only what `:=` binds gets out of a comprehension.
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):
                    yield inner.target.id
        else:
            if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
                yield node.name
            elif isinstance(node, ast.MatchMapping) and node.rest:
                yield node.rest
            yield from _bound(ast.iter_child_nodes(node), unbinding)


def _declared(statements: Iterable[ast.AST]) -> set[str]:
    """The names of the `global` statements of a function or class itself."""
    found: set[str] = set()
    for node in statements:
        if isinstance(node, ast.Global):
            found.update(node.names)
        elif not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            found |= _declared(ast.iter_child_nodes(node))
    return found


def _argument_defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]


def _all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    return [
        *arguments.posonlyargs,
        *arguments.args,
        *([arguments.vararg] if arguments.vararg else []),
        *arguments.kwonlyargs,
        *([arguments.kwarg] if arguments.kwarg else []),
    ]


def _header_parts(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[ast.expr]:
    """What a `def` or `class` evaluates in the scope around it, beside decorators and annotations."""
    if isinstance(node, ast.ClassDef):
        return [*node.bases, *(keyword.value for keyword in node.keywords)]
    return _argument_defaults(node.args)


class _Finder:
    def __init__(self, lines: Sequence[bytes], unbinding: Callable[[ast.ImportFrom], bool]) -> None:
        self.uses: list[Use] = []
        self._lines = lines
        self._unbinding = unbinding
        self._annotation: ast.expr | None = None
        self._string: ast.JoinedStr | None = None

    def visit(self, node: ast.AST, scope: _Scope, eager: bool) -> None:
        if isinstance(node, ast.Name):
            self._name(node, scope, eager)
        elif isinstance(node, _FUNCTIONS):
            self._function(node, scope, eager)
        elif isinstance(node, ast.ClassDef):
            self._class(node, scope, eager)
        elif isinstance(node, ast.Lambda):
            for default in _argument_defaults(node.args):
                self.visit(default, scope, eager)
            inner = _Scope("function", scope, {argument.arg for argument in _all_arguments(node.args)})
            inner.bound |= bound_names([node.body])
            self.visit(node.body, inner, False)
        elif isinstance(node, _COMPREHENSIONS):
            self._comprehension(node, scope, eager)
        elif isinstance(node, ast.AnnAssign):
            self.visit(node.target, scope, eager)
            if scope.kind in ("module", "class"):
                self._annotated(node.annotation, scope, eager)
            else:  # of a function's own variable: it is never evaluated
                self.visit(node.annotation, scope, False)
            if node.value is not None:
                self.visit(node.value, scope, eager)
        elif isinstance(node, ast.NamedExpr):
            self._walrus(node, scope, eager)
        elif isinstance(node, ast.Global):
            self._global(node)
        elif isinstance(node, ast.JoinedStr) and self._string is None:
            self._string = node
            self._children(node, scope, eager)
            self._string = None
        else:
            if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
                self._bare(node, node.name, scope, eager)
            elif isinstance(node, ast.MatchMapping) and node.rest:
                self._bare(node, node.rest, scope, eager)
            self._children(node, scope, eager)

    def _children(self, node: ast.AST, scope: _Scope, eager: bool) -> None:
        for child in ast.iter_child_nodes(node):
            self.visit(child, scope, eager)

    def _name(self, node: ast.Name, scope: _Scope, eager: bool) -> None:
        kind: UseKind = "load" if isinstance(node.ctx, ast.Load) else "store"
        in_class = kind == "store" and scope.kind == "class" and node.id not in scope.declared_global
        if scope.means_top_level(node.id) and not in_class:
            start = (node.lineno, node.col_offset)
            self._add(node.id, start, node.end_col_offset or 0, kind, eager)

    def _add(self, name: str, start: Position, end: int, kind: UseKind, eager: bool) -> None:
        self.uses.append(Use(name, start, end, kind, eager, self._annotation, self._string))

    def _annotated(self, annotation: ast.expr | None, scope: _Scope, eager: bool) -> None:
        if annotation is not None:
            self._annotation = annotation
            self.visit(annotation, scope, eager)
            self._annotation = None

    def _defined(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scope: _Scope, eager: bool
    ) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator, scope, eager)
        for part in _header_parts(node):
            self.visit(part, scope, eager)
        if scope.means_top_level(node.name) and scope.kind != "class":
            line = self._lines[node.lineno - 1]
            match = _DEFINING.match(line, node.col_offset)
            word = _WORD.match(line, match.end()) if match else None
            if match is None or word is None:
                self._bare(node, node.name, scope, eager)
            else:
                self._add(node.name, (node.lineno, match.end()), word.end(), "definition", eager)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: _Scope, eager: bool) -> None:
        self._defined(node, scope, eager)
        scope = self._with_type_parameters(node, scope)
        arguments = _all_arguments(node.args)
        for argument in arguments:
            self._annotated(argument.annotation, scope, eager)
        self._annotated(node.returns, scope, eager)
        declared = _declared(node.body)
        bound = {argument.arg for argument in arguments} | bound_names(node.body, self._unbinding)
        inner = _Scope("function", scope, bound - declared, declared)
        for statement in node.body:
            self.visit(statement, inner, False)

    def _class(self, node: ast.ClassDef, scope: _Scope, eager: bool) -> None:
        self._defined(node, scope, eager)
        scope = self._with_type_parameters(node, scope)
        inner = _Scope("class", scope, declared_global=_declared(node.body))
        for statement in node.body:
            names = bound_names([statement], self._unbinding)
            # A name that the class has not bound yet is looked up outside: `x = x`.
            if isinstance(statement, _COMPOUND):
                inner.bound |= names
            self.visit(statement, inner, eager)
            if not (isinstance(statement, ast.AnnAssign) and statement.value is None):
                inner.bound |= names

    def _with_type_parameters(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scope: _Scope
    ) -> _Scope:
        """The scope of `def f[T]`, since Python 3.12."""
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return scope
        inner = _Scope("function", scope, {parameter.name for parameter in parameters})
        for parameter in parameters:
            self._children(parameter, inner, False)
        return inner

    def _comprehension(self, node: ast.AST, scope: _Scope, eager: bool) -> None:
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        self.visit(generators[0].iter, scope, eager)
        inner = _Scope("comprehension", scope)
        for generator in generators:
            inner.bound |= {name.id for name in ast.walk(generator.target) if isinstance(name, ast.Name)}
        for number, generator in enumerate(generators):
            self.visit(generator.target, inner, eager)
            if number:
                self.visit(generator.iter, inner, eager)
            for condition in generator.ifs:
                self.visit(condition, inner, eager)
        for part in ("elt", "key", "value"):
            if hasattr(node, part):
                self.visit(getattr(node, part), inner, eager)

    def _walrus(self, node: ast.NamedExpr, scope: _Scope, eager: bool) -> None:
        binding: _Scope = scope
        while binding.kind == "comprehension" and binding.outer is not None:
            binding = binding.outer
        self._name(node.target, binding, eager)
        self.visit(node.value, scope, eager)

    def _global(self, node: ast.Global) -> None:
        line = self._lines[node.lineno - 1]
        words = _WORD.finditer(line, node.col_offset, node.end_col_offset or len(line))
        next(words)
        for word in words:
            name = word.group().decode("utf-8")
            self._add(name, (node.lineno, word.start()), word.end(), "declaration", False)

    def _bare(self, node: ast.AST, name: str, scope: _Scope, eager: bool) -> None:
        if scope.means_top_level(name) and scope.kind != "class":
            line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
            self._add(name, (line, column), column, "bare", eager)
