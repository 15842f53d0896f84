"""Making the sample project: the files of `sample/` as they are, and the data that is generated."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench.atomic import making_folder
from workbench.demo.data import write_cover, write_shop, write_ticker
from workbench.templates import GITIGNORE

SAMPLE = Path(__file__).parent / "sample"


def fresh_folder() -> Path:
    """A folder of the user's data directory that does not exist yet: `bookshop`, `bookshop-2`, …"""
    from platformdirs import user_data_path

    data = user_data_path("mcp-server-workbench")
    number = 1
    while True:
        folder = data / ("bookshop" if number == 1 else f"bookshop-{number}")
        if not folder.exists():
            return folder
        number += 1


def make_demo(folder: Path) -> None:
    """Make the sample project in `folder`, which may exist as long as nothing of it is in the way.

    Raises:
        FileExistsError: a file of the sample is there already; nothing was written.
        OSError: it can't be written; nothing is left behind.
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
