"""Loads a user's Python file, and reloads it each time as a new module.

Unlike `importlib.reload`, which keeps names that the new file no longer has, and old classes alive.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import linecache
import os
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ..error_frames import innermost_place
from ..errors import ModuleStartError
from ..module import ModuleProblem
from .markers import Marking, collected_markings

PROCESSES = re.compile(r"\b(?:multiprocessing|ProcessPoolExecutor)\b")

_load_numbers = itertools.count(1)

_loaded: dict[str, list[ModuleType]] = {}
"""The modules of loaded files, by name; imports find the last one."""


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A user's file that has been run. Until `unload`, its functions can import from its folder.

    Attributes:
        markings: the uses of decorators while it ran.
        importable: whether other processes can import the module by name, so that its functions can be sent to them.
    """

    module: ModuleType
    path: Path
    markings: Sequence[Marking]
    importable: bool

    def problems(self) -> Iterator[ModuleProblem]:
        """Limitations of how it was loaded."""
        for number, line in enumerate(linecache.getlines(str(self.path)), 1):
            if not self.importable and PROCESSES.search(line):
                text = (
                    f"other processes can't import {self.path.name}: its name is taken by another module; rename it, "
                    "or move what they call to a file beside it"
                )
                yield ModuleProblem(text, f"{self.path}:{number}", advice=True)
                return

    def unload(self) -> None:
        """Forget it."""
        _forget(self.module, self.path)


def load_file(path: Path) -> LoadedFile:
    """Run the file as a module.

    Raises:
        ModuleStartError: it can't be read or raises an exception; the text has file and line.
    """
    if not path.is_file():
        raise ModuleStartError(f"There is no Python file {path}; create it, or correct `path`")
    linecache.checkcache(str(path))
    # At the end, where it hides nothing from other imports. Child processes get the same path.
    sys.path.append(str(path.parent))
    name = _importable_name(path)
    spec = importlib.util.spec_from_file_location(
        name or f"_functions_{next(_load_numbers)}_{path.stem}", path
    )
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    _loaded.setdefault(module.__name__, []).append(module)
    sys.modules[module.__name__] = module  # pickling and annotations look it up by name
    try:
        with collected_markings() as markings:
            _run(module, path)
    except BaseException:
        _forget(module, path)
        raise
    return LoadedFile(module, path, markings, bool(name))


def import_functions(name: str) -> LoadedFile:
    """Import the module `name`; its markings are those of its first import.

    Raises:
        ModuleStartError: it does not exist or raises an exception; the text has file and line.
    """
    try:
        with collected_markings() as markings:
            module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            raise ModuleStartError(f"There is no module {name}; install it, or correct `module`") from error
        raise ModuleStartError(_import_failure(error)) from error
    except (Exception, SystemExit) as error:
        raise ModuleStartError(_import_failure(error)) from error
    return LoadedFile(module, Path(module.__file__ or name), markings, importable=True)


def is_functions_file(module: ModuleType) -> bool:
    """Whether `module` is a loaded functions file, rather than one of the files that it imports."""
    return any(module is each for each in _loaded.get(module.__name__, ()))


def has_functions_file(folder: Path) -> bool:
    """Whether a functions file in `folder` is loaded."""
    return any(Path(each.__file__ or "").parent == folder for modules in _loaded.values() for each in modules)


def _forget(module: ModuleType, path: Path) -> None:
    name = module.__name__
    modules = _loaded[name]
    modules.remove(module)
    if modules:
        sys.modules[name] = modules[-1]
    else:
        del _loaded[name]
        sys.modules.pop(name, None)
    if (folder := str(path.parent)) in sys.path:
        sys.path.remove(folder)


def _importable_name(path: Path) -> str:
    """The name under which the file can be imported; empty if that name refers to something else."""
    name = path.stem
    if name in _loaded:
        return name if _loaded[name][-1].__file__ == str(path) else ""
    if name in sys.modules or "." in name:
        return ""
    importlib.invalidate_caches()
    spec = importlib.util.find_spec(name)
    found = spec.origin if spec is not None and spec.has_location else None
    return name if found and os.path.samefile(found, path) else ""


def _run(module: ModuleType, path: Path) -> None:
    folder = str(path.parent)
    sys.path.insert(0, folder)  # files beside it come first, as for a script
    try:
        # Compiled here, not by the loader: a cached .pyc is stale if the file changed within the same clock tick.
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        exec(code, module.__dict__)
    except SyntaxError as error:
        place = f"{Path(error.filename or path).name}:{error.lineno or 0}"
        raise ModuleStartError(f"{place}: {error.msg}") from error
    except OSError as error:
        if error.filename == str(path):
            raise ModuleStartError(f"{path} can't be read: {error.strerror}") from error
        raise ModuleStartError(_place_and_text(error, path)) from error
    except (Exception, SystemExit) as error:
        raise ModuleStartError(_place_and_text(error, path)) from error
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _place_and_text(error: BaseException, path: Path) -> str:
    """Format `file:line: error`, with the last line in the file itself."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return f"{path.name}:{lines[-1] if lines else 0}: {_reason(error)}"


def _import_failure(error: BaseException) -> str:
    file, line = innermost_place(error)
    return f"{Path(file).name}:{line}: {_reason(error)}"


def _reason(error: BaseException) -> str:
    *_, (frame, _line) = traceback.walk_tb(error.__traceback__)
    if isinstance(error, KeyError) and frame.f_code is type(os.environ).__getitem__.__code__:
        return f"the environment variable {error.args[0]} is not set"
    return f"{type(error).__name__}: {error}"
