"""The user's files in a script: everything that Python allows in a module, with its neighbours."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mcp import Client, StdioServerParameters

from tests.workbench.exporter.scripts import (
    ONE_FILE,
    TWO_FILES,
    call,
    findings_of,
    loaded,
    project_in,
    project_of,
    running,
    script_of,
)
from workbench.exporter import export_script

pytestmark = pytest.mark.anyio


class Row(NamedTuple):
    """A project, and what its script's tools answer."""

    name: str
    files: dict[str, str | bytes]
    answers: dict[str, Any]
    """By tool, called without arguments."""
    toml: str = ONE_FILE


def tool(body: str, name: str = "f", before: str = "") -> str:
    """A functions file with one tool that returns an expression."""
    return f"{before}\nfrom server_core import tool\n@tool\ndef {name}(): return {body}\n"


ROWS = [
    Row(
        "names of the script and of the core are the user's to use",
        {
            "tools.py": """
            from server_core import tool

            class Server: pass
            time, asyncio, Any, BASE, files, sys = 5, "mine", None, "base", 1, 2

            @tool
            def build() -> str:
                return f"{Server.__name__} {time} {asyncio} {Any} {BASE} {files} {sys}"

            @tool
            def list() -> str: return "listed"
            """
        },
        {"build": "Server 5 mine None base 1 2", "list": "listed"},
    ),
    Row(
        "a main block does not run",
        {
            "tools.py": """
            from server_core import tool

            @tool
            def alone() -> bool: return __name__ == "__main__"

            if __name__ == "__main__":
                import helpers_that_are_nowhere_at_all as json
                raise SystemExit(3)
            """
        },
        {"alone": False},
        ONE_FILE + "\n",
    ),
    Row(
        "__file__ and __doc__ are those of the project's file",
        {
            "inner/tools.py": '"""My tools."""\nfrom pathlib import Path\nHERE = Path(__file__).parent\n'
            + tool("f\"{(HERE / 'note.txt').read_text()} {Path(__file__).name} {__doc__}\""),
            "inner/note.txt": "found",
        },
        {"f": "found tools.py My tools."},
        ONE_FILE.replace("tools.py", "inner/tools.py"),
    ),
    Row(
        "the core can be imported in every way",
        {
            "tools.py": """
            import server_core as sc
            import server_core.errors
            from server_core import *
            from server_core import tool as t

            @t
            def one(ctx: "sc.Context") -> str:
                from server_core import ToolError as Failure
                return f"{Failure.__name__} {server_core.errors.NotFoundError.__name__} {Server.__name__}"

            @sc.tool(name="two")
            def second(ctx: sc.Context) -> str: return "2"
            """
        },
        {"one": "ToolError NotFoundError Server", "two": "2"},
    ),
    Row(
        "from __future__, dataclasses, enums, TYPE_CHECKING and the state of a module",
        {
            "tools.py": '''
            """Has the future import."""
            from __future__ import annotations

            from dataclasses import dataclass
            from enum import Enum
            from typing import TYPE_CHECKING

            from server_core import tool

            if TYPE_CHECKING:
                from server_core import Context
                from sizes import Count

            class Size(Enum):
                SMALL = "small"

            @dataclass
            class Box:
                size: Size
                price: Later

            Later = int
            count = 0

            @tool
            def boxed(ctx: Context, more: Count = 0) -> Box:
                global count
                count += 1
                return Box(Size.SMALL, count)
            ''',
            "sizes.py": "Count = int\n",
        },
        {"boxed": {"size": "small", "price": 1}},
    ),
    Row(
        "two files have helpers of the same name, and state of their own",
        {
            "tools.py": "count = 1\ndef helper(): return f'a{count}'\n" + tool("helper()", "one"),
            "more.py": "count = 2\ndef helper(): return f'b{count}'\n" + tool("helper()", "two"),
        },
        {"one": "a1", "two": "b2"},
        TWO_FILES,
    ),
    Row(
        "two files of the same name in different folders",
        {"a/tools.py": tool("__name__", "one"), "b/tools.py": tool("__name__", "two")},
        {"one": "tools", "two": "b_tools"},
        TWO_FILES.replace("tools.py", "a/tools.py").replace("more.py", "b/tools.py"),
    ),
    Row(
        "two modules of one file",
        {"tools.py": tool("1")},
        {"f": "1", "x_f": "1"},
        TWO_FILES.replace("more.py", "tools.py") + 'prefix = "x"\n',
    ),
    Row(
        "neighbours, imported at the top, in a function, and by name",
        {
            "tools.py": """
            from helpers import gross
            from server_core import tool

            @tool
            def price() -> float: return gross(10)

            @tool
            def rate() -> float:
                from importlib import import_module
                return import_module("helpers").RATE

            @tool
            def lazily() -> str:
                import lazy
                return lazy.WORD
            """,
            "helpers.py": "RATE = 1.5\ndef gross(net): return net * RATE\n",
            "lazy.py": "WORD = 'late'\n",
            "unused.py": "raise SystemExit",
        },
        {"price": 15.0, "rate": 1.5, "lazily": "late"},
    ),
    Row(
        "packages, relative imports, folders without __init__.py, and what only the run names",
        {
            "sub/b.py": """
            import kit.deep.inner
            from kit import VALUE, plug
            from bare import one
            from server_core import tool

            @tool
            def f() -> str: return f"{VALUE} {kit.deep.inner.up()} {one.X} {plug('two').__name__}"
            """,
            "sub/kit/__init__.py": """
            from importlib import import_module
            from .values import VALUE
            def plug(name): return import_module(f"{__name__}.plugs.{name}")
            """,
            "sub/kit/values.py": "VALUE = 7\n",
            "sub/kit/deep/__init__.py": "",
            "sub/kit/deep/inner.py": "from ..values import VALUE\ndef up(): return VALUE + 1\n",
            "sub/kit/plugs/__init__.py": "",
            "sub/kit/plugs/two.py": "",
            "sub/kit/plugs/unused_by_chance.py": "import a_package_that_nobody_has\n",
            "sub/bare/one.py": "X = 9\n",
        },
        {"f": "7 8 9 kit.plugs.two"},
        ONE_FILE.replace("tools.py", "sub/b.py"),
    ),
    Row(
        "a file with the name of a standard module",
        {"email.py": tool("__import__('email').message_from_string('a: b')['a'] + __name__[:2]")},
        {"f": "bp_"},
        ONE_FILE.replace("tools.py", "email.py"),
    ),
    Row(
        "encodings, CRLF, and a file without an end of line",
        {
            "tools.py": "# coding: latin-1\r\nfrom server_core import tool\r\nX = '''a\r\nä'''\r\n@tool\r\n"
            "def f() -> str: return X + '€'.join('ab') if False else X".replace("€", "?").encode("latin-1")
        },
        {"f": "a\nä"},
    ),
    Row(
        "a byte order mark, and characters of many bytes",
        {"tools.py": b"\xef\xbb\xbf" + tool("größe + '€'", before="größe = 'ü'").encode()},
        {"f": "ü€"},
    ),
    Row(
        "quotes of both kinds, backslashes, and what looks like a marker",
        {
            "tools.py": r"""
            from __future__ import annotations
            from server_core import tool
            A = DDDdouble ''single'' \\ \N{BULLET}DDD
            B = SSSsingle ""double"" SSS
            C = rDDD\dDDD
            # ---- server_core/__init__.py ----
            raw = "SSS" + 'DDD' + "\x41"

            @tool
            def f() -> str: return A + B + C + raw
            """.replace("SSS", "'''").replace("DDD", '"""')
        },
        {"f": "double ''single'' \\ •single \"\"double\"\" \\d'''\"\"\"A"},
    ),
    Row("a text that begins with r", {"tools.py": tool("1", before="r = 1").lstrip()}, {"f": "1"}),
    Row(
        "annotations are evaluated as they were",
        {
            "tools.py": """
            from server_core import tool
            SEEN = []

            def noted(function):
                SEEN.append(function.__annotations__["a"])
                return function

            @tool
            @noted
            def plain(a: int = 1) -> str: return repr(SEEN[0])
            """
        },
        {"plain": "<class 'int'>"},
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_the_script_answers_as_the_files_would(row: Row, tmp_path: Path) -> None:
    project = project_of(tmp_path / "p", row.toml, row.files)
    assert str(project.folder) not in script_of(project)
    async with running(project) as client:
        for name, answer in row.answers.items():
            assert await call(client, name) == answer, name
        assert {each.name for each in (await client.list_tools()).tools} == row.answers.keys()
    assert "unused.py" not in script_of(project)


async def test_tracebacks_and_inspect_show_the_lines_of_the_script(tmp_path: Path) -> None:
    tools = "import helpers\ndef f():\n    raise ValueError\nclass Box:\n    size = 1\n"
    project = project_in(tmp_path / "p", ONE_FILE, tools=tools, helpers="def g():\n    return 2\n")
    with loaded(project) as module:
        server = module.build()
        async with server.running():
            mine, helpers = sys.modules["tools"], sys.modules["helpers"]
            assert inspect.getsource(mine.f) == "def f():\n    raise ValueError\n"
            assert inspect.getsource(mine.Box) == "class Box:\n    size = 1\n"
            assert inspect.getsource(helpers.g) == "def g():\n    return 2\n"
            script = Path(str(module.__file__)).read_text("utf-8").split("\n")
            line = inspect.getsourcelines(helpers.g)[1]
            assert script[line - 1] == "def g():"
            assert mine.f.__code__.co_filename == module.__file__


@pytest.mark.parametrize("head", ["", "from __future__ import annotations\n"], ids=["open", "quoted"])
async def test_functions_can_be_sent_to_other_processes(tmp_path: Path, head: str) -> None:
    tools = (
        head
        + """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from server_core import tool

def square(number: int) -> int: return number * number

@tool
def squares() -> list[int]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(square, range(3)))
"""
    )
    script = tmp_path / "script.py"
    export_script(project_in(tmp_path / "p", ONE_FILE, tools=tools), script)
    arguments = ["-I", str(script)]
    async with Client(StdioServerParameters(command=sys.executable, args=arguments, cwd=tmp_path)) as client:
        assert await call(client, "squares") == [0, 1, 4]


@pytest.mark.parametrize(
    ("tools", "is_open"),
    [
        ("from server_core import tool\n", True),
        ("from __future__ import annotations\n", False),
        ("def build(): ...\n", False),
        ("r'''A doc'''\n", False),
    ],
)
def test_a_single_file_stands_as_code_where_it_can(tmp_path: Path, tools: str, is_open: bool) -> None:
    text = script_of(project_in(tmp_path / "p", ONE_FILE, tools=tools))
    assert (f"# ---- tools.py ----\n{tools}" in text) is is_open
    assert (f"# ---- tools.py ----\nr'''\n{tools}'''\n" in text) is (not is_open and "'''" not in tools)


def test_a_files_own_header_goes_into_the_scripts(tmp_path: Path) -> None:
    tools = """
    #!/usr/bin/env python
    # /// script
    # dependencies = ["humanize>=4", "pydantic>=2.13"]
    # ///
    import humanize
    """
    text = script_of(project_in(tmp_path / "p", ONE_FILE, tools=tools))
    assert text.count("# /// script\n") == 1
    header = text.partition("# ///\n")[0]
    assert '"humanize>=4"' in header
    assert '"pydantic>=2.13"' in header
    assert "pydantic>=2.12" not in header


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("import workbench.text", 2, "the workbench is not part of a script"),
        ("from fast import x", 2, "fast is compiled (fast.abi3.so)"),
        ("def f(:", 2, "this is not Python"),
        ("def f():\n    import a_package_that_nobody_has", 3, "is not in any installed package"),
        ("x = '\0'", 0, "this is not Python"),
    ],
)
def test_what_can_not_come_along_is_refused_with_its_line(
    tmp_path: Path, line: str, place: int, message: str
) -> None:
    project = project_in(tmp_path / "p", ONE_FILE, tools=f"from server_core import tool\n{line}\n")
    (project.folder / "fast.abi3.so").touch()
    (finding,) = findings_of(project)
    assert (finding.file, finding.line) == ("tools.py", place)
    assert message in finding.message


def test_names_do_not_depend_on_what_the_workbench_has_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: dict[str, str | bytes] = {"a/tools.py": tool("1", "one"), "b/tools.py": tool("2", "two")}
    toml = TWO_FILES.replace("tools.py", "a/tools.py").replace("more.py", "b/tools.py")
    project = project_of(tmp_path / "p", toml, files)
    text = script_of(project)
    monkeypatch.setattr(sys, "path", [*sys.path, str(project.folder / "a"), str(project.folder / "b")])
    assert script_of(project) == text


def test_a_module_name_means_one_file(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a/tools.py": "import helpers\n",
        "a/helpers.py": "",
        "b/more.py": "\nimport helpers\n",
        "b/helpers.py": "",
    }
    toml = TWO_FILES.replace("tools.py", "a/tools.py").replace("more.py", "b/more.py")
    (finding,) = findings_of(project_of(tmp_path / "p", toml, files))
    assert "helpers is " in finding.message
    assert {"a/helpers.py", "b/helpers.py"} <= set(finding.message.replace(",", "").split())


def test_packages_that_may_be_missing_are_no_findings(tmp_path: Path) -> None:
    tools = """
    from typing import TYPE_CHECKING
    try:
        import a_package_that_nobody_has
    except ImportError:
        pass
    if TYPE_CHECKING:
        import another_package_that_nobody_has
    """
    assert not findings_of(project_in(tmp_path / "p", ONE_FILE, tools=tools))
