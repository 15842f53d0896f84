"""Making the sample project: the files of `sample/` as they are, and the data that is generated."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench.demo.data import write_cover, write_shop, write_ticker

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

    The server.toml comes last: a folder that has one is a whole project.

    Raises:
        FileExistsError: a file of the sample is there already; nothing was written.
    """
    sources = [
        path for path in sorted(SAMPLE.rglob("*")) if path.is_file() and "__pycache__" not in path.parts
    ]
    names = [path.relative_to(SAMPLE) for path in sources]
    for name in [*names, Path("shop.db"), Path("ticker.log")]:
        if (folder / name).exists():
            raise FileExistsError(17, "File exists", str(folder / name))
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in zip(sources, names, strict=True):
        if name.name != "server.toml":
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    write_shop(folder / "shop.db")
    write_ticker(folder / "ticker.log")
    write_cover(folder / "docs" / "cover.png")
    shutil.copyfile(SAMPLE / "server.toml", folder / "server.toml")
