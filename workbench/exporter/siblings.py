"""Whether an import means a file beside the one that imports."""

from __future__ import annotations

import sys
from importlib.machinery import EXTENSION_SUFFIXES, PathFinder
from pathlib import Path


def is_sibling(root: str, folder: Path) -> bool:
    """Whether `import root`, in a file of `folder`, is found in that folder and not in Python or a package."""
    if root in sys.stdlib_module_names:
        return False
    if any((folder / f"{root}{end}").is_file() for end in (".py", *EXTENSION_SUFFIXES)):
        return True
    package = folder / root
    if (package / "__init__.py").is_file():
        return True
    # A folder without __init__.py is a package only where nothing else has that name.
    return package.is_dir() and any(package.rglob("*.py")) and not is_installed(root, folder)


def is_installed(root: str, folder: Path) -> bool:
    """Whether a top-level package can be imported from elsewhere than `folder`."""
    if root in sys.stdlib_module_names:
        return True
    places = [place for place in sys.path if place and Path(place).absolute() != folder.absolute()]
    return PathFinder.find_spec(root, places) is not None
