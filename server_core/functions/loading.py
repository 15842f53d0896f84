"""Loading a user's Python file, again and again, each time under a fresh name.

Not by `importlib.reload`: it keeps what the new file no longer has, and the old classes alive.
"""

from __future__ import annotations

import importlib.util
import itertools
import linecache
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType

from ..error_frames import innermost_place
from ..errors import ModuleStartError

_load_numbers = itertools.count(1)


def load_file(path: Path) -> ModuleType:
    """Run the file and return it as a module. Its folder is importable while it runs, for its neighbours.

    Raises:
        ModuleStartError: it can't be read or raises; the text has file and line.
    """
    name = f"_functions_{next(_load_numbers)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ModuleStartError(f"There is no Python file {path}; create it or correct `path`")
    linecache.checkcache(str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(path.parent)
    sys.path.insert(0, folder)
    try:
        # Compiled here and not by the loader: a cached .pyc of a file changed within its clock's tick would be stale.
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
        del sys.modules[name]
        if folder in sys.path:
            sys.path.remove(folder)
    sys.modules[name] = module  # pickling and annotations look it up by name
    return module


def import_functions(name: str) -> ModuleType:
    """Import the module `name`.

    Raises:
        ModuleStartError: there is none, or it raises; the text has file and line.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            raise ModuleStartError(f"There is no module {name}; install it or correct `module`") from error
        raise ModuleStartError(_import_failure(error)) from error
    except (Exception, SystemExit) as error:
        raise ModuleStartError(_import_failure(error)) from error


def unload(module: ModuleType) -> None:
    """Forget a loaded file."""
    sys.modules.pop(module.__name__, None)


def _place_and_text(error: BaseException, path: Path) -> str:
    """`file:line: error`, where the line is the last one in the file itself."""
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
