"""The script as a whole: its header, its wiring, its parts, its place."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import tomlkit

import server_core
from server_core import Server
from tests.workbench.exporter.scripts import ONE_FILE, loaded, project_in, script_of
from workbench.demo import make_demo
from workbench.exporter import ExportError, export_script, make_export
from workbench.exporter.finder import CarriedFiles
from workbench.exporter.importing import imports_of
from workbench.exporter.packages import core_requirements
from workbench.exporter.script import quoted
from workbench.project import Project

TOOLS = "from server_core import tool\n@tool\ndef add(a: int, b: int) -> int:\n    return a + b\n"
FILES = '[server]\nname = "shop"\nversion = "1.2"\n[modules.docs]\nkind = "files"\npath = "docs"\n'
DATABASE = '[server]\nname = "shop"\n[modules.db]\nkind = "database"\nurl = "{url}"\n'


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("script") / "bookshop"
    make_demo(folder)
    return Project.find(folder)


def requirements(text: str) -> list[str]:
    block = text.partition("# ///\n")[0].partition("# /// script\n")[2]
    lines = "\n".join(line[2:] for line in block.splitlines())
    found: list[str] = tomllib.loads(lines)["dependencies"]
    return found


def test_the_wiring_is_what_a_person_would_write(tmp_path: Path) -> None:
    toml = (
        '[server]\nname = "shop"\nversion = "1.2"\n[cache]\nmax_size = 10\nttl = 5\n[breaker]\nreset_timeout = 7\n'
        '[modules.docs]\nkind = "files"\npath = "docs"\nignore = ["*.tmp"]\n'
        '[modules.db]\nkind = "database"\nurl = "sqlite:///shop.db"\npool = { max_size = 4 }\n'
        'breaker = { failure_threshold = 2, ignore = ["ValueError"] }\n'
        '[modules.off]\nkind = "files"\npath = "x"\nenabled = false\n'
    )
    export = make_export(project_in(tmp_path / "p", toml), tmp_path / "shop.py")
    assert (
        """
from server_core import BreakerSettings, CacheSettings, DatabaseModule, FilesModule, PoolSettings, Server
from server_core.script import run_script, script_base

files.base = BASE = script_base(__file__, "SHOP_BASE", "p")


def build() -> Server:
    server = Server(
        "shop",
        version="1.2",
        base=BASE,
        cache=CacheSettings(max_size=10, ttl=5),
        breaker=BreakerSettings(reset_timeout=7),
    )
    server.add(FilesModule("docs", path="docs", ignore=["*.tmp"]))
    server.add(
        DatabaseModule(
            "db",
            url="sqlite:///shop.db",
            pool=PoolSettings(max_size=4),
            breaker=BreakerSettings(failure_threshold=2, reset_timeout=7, ignore=["ValueError"]),
        )
    )
    return server


if __name__ == "__main__":
    sys.exit(run_script(build()))
"""
        in export.text
    )
    assert "module off is disabled and left out" in export.notes


def test_the_part_to_read_is_short_and_clean(tmp_path: Path) -> None:
    tools = "from server_core import tool\n" + "".join(
        f"\n\n@tool\ndef {name}(x: int) -> int:\n    return x\n" for name in "abc"
    )
    text = script_of(project_in(tmp_path / "p", ONE_FILE, tools=tools))
    yours = text.partition("# server_core ")[0]
    finder = inspect.getsource(CarriedFiles)
    assert finder in yours
    assert len(finder.splitlines()) <= 32
    assert len(yours.replace(finder, "").rstrip().splitlines()) <= 60
    path = tmp_path / "yours.py"
    path.write_text(yours.rstrip() + "\n")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", str(path)]
    found = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_what_is_carried_is_unchanged_and_complete(demo: Project) -> None:
    """Each file stands there as it is, and every module of the core that one of them imports stands there, too."""
    text = script_of(demo)
    package = Path(str(server_core.__file__)).parent
    carried = re.findall(r"(?m)^# ---- server_core/(.+) ----$", text)
    assert "databases/sqlite.py" in carried
    for name in carried:
        source = (package / name).read_text("utf-8")
        assert f"# ---- server_core/{name} ----\n{quoted(source)}" in text
        assert ast.literal_eval(quoted(source)) == f"\n{source}"
        module = "server_core." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        inside = module if name.endswith("__init__.py") else module.rpartition(".")[0]
        for each in imports_of(ast.parse(source), inside):
            if each.root == "server_core" and not each.for_types_only:
                place = each.module.removeprefix("server_core").removeprefix(".").replace(".", "/")
                known = {f"{place}.py", f"{place}/__init__.py".lstrip("/")} & {*carried}
                assert known or place.startswith("databases/"), each
            # What only the run knows can't be followed: the package's own public names, and the user's modules.
            assert each.module or name in ("__init__.py", "functions/loading.py"), name
    assert not re.search(r"^\s*(from|import) workbench\b", text, re.MULTILINE)
    assert str(demo.folder) not in text


@pytest.mark.parametrize(
    ("toml", "left_out"),
    [
        (
            ONE_FILE,
            ["faults", "databases", "workflows", "files", "configuration", "testing.py", "modules/tasks"],
        ),
        (
            DATABASE.format(url="sqlite:///a.db"),
            ["databases/postgresql", "databases/mariadb", "databases/generic"],
        ),
        (DATABASE.format(url="mysql://h/db"), ["databases/postgresql", "databases/sqlite.py"]),
    ],
)
def test_nothing_is_carried_that_nothing_uses(tmp_path: Path, toml: str, left_out: list[str]) -> None:
    text = script_of(project_in(tmp_path / "p", toml, tools=TOOLS))
    assert not [each for each in left_out if f"# ---- server_core/{each}" in text]


@pytest.mark.parametrize(
    ("toml", "wanted", "unwanted"),
    [
        (ONE_FILE, {"mcp", "cachetools", "pydantic"}, {"sqlalchemy", "jmespath", "psycopg", "watchfiles"}),
        (FILES, {"mcp", "watchfiles"}, {"sqlalchemy", "jmespath"}),
        (DATABASE.format(url="sqlite:///a.db"), {"mcp", "sqlalchemy"}, {"psycopg", "pymysql", "watchfiles"}),
        (DATABASE.format(url="postgresql://h/d"), {"sqlalchemy", "psycopg"}, {"pymysql"}),
        (DATABASE.format(url="mariadb://h/d"), {"sqlalchemy", "pymysql"}, {"psycopg"}),
        (DATABASE.format(url="${URL}"), {"sqlalchemy", "psycopg", "pymysql"}, set()),
        ('[server]\nname = "shop"\n', {"mcp", "cachetools"}, {"sqlalchemy", "watchfiles", "jmespath"}),
    ],
)
def test_the_header_names_the_packages_that_the_server_needs(
    tmp_path: Path, toml: str, wanted: set[str], unwanted: set[str]
) -> None:
    text = script_of(project_in(tmp_path / "p", toml, tools=TOOLS))
    names = {re.split(r"[\[<>=]", requirement)[0] for requirement in requirements(text)}
    assert wanted <= names
    assert not unwanted & names


def test_versions_are_those_that_this_distribution_states() -> None:
    stated = {each.replace(" ", "") for each in metadata.requires("mcp-server-workbench") or ()}
    found = core_requirements({"mcp", "cachetools", "sqlalchemy", "pydantic", "psycopg", "starlette", "os"})
    assert len(found) == 5
    for requirement in found:
        bounds = set(re.split(r"(?<=[\w\]])(?=[<>])|,", requirement))
        assert any(bounds <= set(re.split(r"(?<=[\w\]])(?=[<>])|,|;.*", each)) for each in stated), (
            requirement
        )


def test_the_folder_is_the_projects_as_seen_from_the_script_or_what_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_in(tmp_path / "p", FILES)
    assert 'BASE = script_base(__file__, "SHOP_BASE", "p")' in script_of(project)
    with loaded(project) as module:
        assert project.folder == module.BASE
    monkeypatch.setenv("SHOP_BASE", str(tmp_path / "elsewhere"))
    with loaded(project) as module:
        assert tmp_path / "elsewhere" == module.BASE


def test_a_server_without_paths_does_not_ask_for_its_folder(tmp_path: Path) -> None:
    text = script_of(project_in(tmp_path / "p", ONE_FILE, tools=TOOLS))
    assert 'script_base(__file__, "SHOP_BASE", "p", needed=False)' in text
    text = script_of(project_in(tmp_path / "q", ONE_FILE, tools=f"{TOOLS}HERE = __file__\n"))
    assert 'script_base(__file__, "SHOP_BASE", "q")' in text


def test_hostile_text_in_the_config_stays_text(tmp_path: Path) -> None:
    name = 'a"""\\\n\u202e\x1b[0m{x}'
    toml = f"[server]\nname = {tomlkit_string(name)}\ndescription = {tomlkit_string(name)}\n"
    project = project_in(tmp_path / "p", toml)
    with loaded(project) as module:
        assert module.build().name == name
    assert "\u202e" not in script_of(project)


def tomlkit_string(text: str) -> str:
    return tomlkit.item(text).as_string()


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    project = project_in(tmp_path / "p", ONE_FILE, tools=TOOLS)
    path = tmp_path / "shop.py"
    path.write_text("mine")
    with pytest.raises(ExportError, match=r"shop\.py already exists; --force overwrites it"):
        export_script(project, path)
    assert path.read_text() == "mine"
    export_script(project, path, force=True)
    assert path.read_text().startswith("# /// script")
    assert {each.name for each in tmp_path.iterdir()} == {"p", "shop.py"}


def test_no_file_of_the_project_is_overwritten(tmp_path: Path) -> None:
    project = project_in(tmp_path / "p", ONE_FILE, tools="import helpers\n", helpers="")
    for name in ("tools.py", "helpers.py", "server.toml"):
        with pytest.raises(ExportError, match="is one of the project's own files"):
            export_script(project, project.folder / name, force=True)


def test_an_export_that_is_refused_writes_nothing(tmp_path: Path) -> None:
    project = project_in(tmp_path / "p", ONE_FILE, tools="import workbench\n")
    with pytest.raises(ExportError, match=r"tools\.py:1: the workbench is not part of a script"):
        export_script(project, tmp_path / "shop.py")
    assert not (tmp_path / "shop.py").exists()


def test_a_thin_script_has_the_users_files_and_works_from_any_folder(tmp_path: Path) -> None:
    project = project_in(tmp_path / "p", ONE_FILE, tools=TOOLS + "import helpers\n", helpers="")
    text = make_export(project, tmp_path / "shop.py", thin=True).text
    assert requirements(text) == ["mcp-server-workbench"]
    assert "# ---- server_core" not in text
    assert len(text.splitlines()) < 90
    shutil.rmtree(project.folder)
    alone = subprocess.run(
        [sys.executable, "-I", "-S", "-c", text], capture_output=True, text=True, check=False
    )
    assert alone.returncode == 2, alone.stderr
    assert alone.stderr == "This script needs mcp-server-workbench: pip install mcp-server-workbench\n"
    with loaded(project, text) as module:
        server = module.build()
        asyncio.run(started(server))


async def started(server: Server) -> None:
    async with server.running():
        assert list(server.registry.tools) == ["add"]
