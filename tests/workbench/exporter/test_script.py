"""The script as a whole: its header, its wiring, its parts, its place."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
import tomlkit

import server_core.cache
from tests.workbench.exporter.scripts import ONE_FILE, loaded, project_in, script_of, undefined_names
from workbench.demo import make_demo
from workbench.exporter import ExportError, export_script, make_export
from workbench.exporter.packages import CORE_REQUIREMENTS
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
        '''
def build() -> Server:
    """The server shop, not started."""
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
'''
        in export.text
    )
    assert export.text.endswith('\n\n\nif __name__ == "__main__":\n    run_script(build())\n')
    assert "module off is not enabled, and stays out" in export.notes


def test_everything_that_the_demos_script_says_is_defined_in_it(demo: Project) -> None:
    text = script_of(demo)
    assert not undefined_names(text)
    assert not re.search(r"^\s*(from|import) (server_core|workbench)\b", text, re.MULTILINE)
    assert str(demo.folder) not in text


def test_nothing_is_carried_along_that_nothing_uses(demo: Project) -> None:
    tree = ast.parse(script_of(demo))
    used = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    used |= {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    text = " ".join(used)
    for statement in tree.body:
        is_plain = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if is_plain and not statement.decorator_list:  # type: ignore[attr-defined]
            name: str = statement.name  # type: ignore[attr-defined]
            assert re.search(rf"\b{re.escape(name)}\b", text), name


def test_lines_of_the_script_are_those_of_the_core(tmp_path: Path) -> None:
    source = Path(str(server_core.cache.__file__)).read_text("utf-8")
    body = source[source.index("class ResourceCache") : source.index("    def get(")]
    assert body in script_of(project_in(tmp_path / "p", FILES))


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


def test_only_the_databases_that_are_used_come_along(tmp_path: Path) -> None:
    text = script_of(project_in(tmp_path / "p", DATABASE.format(url="sqlite:///a.db")))
    assert "class SqliteBackend" in text
    assert "class PostgresqlBackend" not in text
    assert "class MariadbBackend" not in text
    assert '"postgresql+psycopg": PostgresqlBackend' not in text


def test_the_requirements_of_the_core_are_those_of_this_project() -> None:
    pyproject = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))["project"]
    stated = {
        *pyproject["dependencies"],
        *(each for group in pyproject["optional-dependencies"].values() for each in group),
    }
    for package in (
        "mcp",
        "cachetools",
        "sqlalchemy",
        "jmespath",
        "watchfiles",
        "pydantic",
        "psycopg",
        "pymysql",
    ):
        assert CORE_REQUIREMENTS[package] in stated


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
    with pytest.raises(ExportError, match=r"shop\.py is there already; --force overwrites it"):
        export_script(project, path)
    assert path.read_text() == "mine"
    export_script(project, path, force=True)
    assert path.read_text().startswith("# /// script")
    assert {each.name for each in tmp_path.iterdir()} == {"p", "shop.py"}


def test_an_export_that_is_refused_writes_nothing(tmp_path: Path) -> None:
    project = project_in(tmp_path / "p", ONE_FILE, tools="import helpers\n", helpers="")
    with pytest.raises(ExportError, match=r"tools\.py:1: helpers is a file beside tools\.py"):
        export_script(project, tmp_path / "shop.py")
    assert not (tmp_path / "shop.py").exists()


def test_a_thin_script_is_the_wiring_alone(tmp_path: Path) -> None:
    project = project_in(tmp_path / "p", ONE_FILE, tools=TOOLS)
    text = make_export(project, tmp_path / "shop.py", thin=True).text
    assert requirements(text) == ["mcp-server-workbench"]
    assert 'server.add(FunctionsModule("tools", path="tools.py"))' in text
    assert len(text.splitlines()) < 50
    with loaded(project, text) as module:
        assert list(module.build().modules) == ["tools"]
