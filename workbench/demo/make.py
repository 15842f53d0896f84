"""Creates the sample project: copies the files in `sample/` and generates the data."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench.atomic import making_folder
from workbench.demo.data import write_cover, write_shop, write_ticker
from workbench.templates import GITIGNORE

SAMPLE = Path(__file__).parent / "sample"


def fresh_folder() -> Path:
    """Return a new folder in the user's data directory: `bookshop`, `bookshop-2`, …"""
    from platformdirs import user_data_path

    data = user_data_path("mcp-server-workbench")
    number = 1
    while True:
        folder = data / ("bookshop" if number == 1 else f"bookshop-{number}")
        if not folder.exists():
            return folder
        number += 1


def make_demo(folder: Path) -> None:
    """Create the sample project in `folder`, which may exist if it has none of the sample's files.

    Raises:
        FileExistsError: One of the sample's files already exists; nothing was written.
        OSError: It can't be written; nothing is left behind.
    """
    sources = [
        path for path in sorted(SAMPLE.rglob("*")) if path.is_file() and "__pycache__" not in path.parts
    ]
    with making_folder(folder) as made:
        for source in sources:
            target = made / source.relative_to(SAMPLE)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        write_shop(made / "shop.db")
        write_ticker(made / "ticker.log")
        write_cover(made / "docs" / "cover.png")
        if not (folder / ".gitignore").exists():
            (made / ".gitignore").write_text(GITIGNORE, "utf-8")
