"""What a user's functions file may do, and still mean the same in a script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.workbench.exporter.scripts import (
    ONE_FILE,
    TWO_FILES,
    call,
    findings_of,
    project_in,
    running,
    script_of,
    undefined_names,
)

pytestmark = pytest.mark.anyio


async def test_names_of_the_core_are_the_users_to_use(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "p",
        ONE_FILE,
        tools='''
        from server_core import tool

        class Server:
            """Not that server."""

        time = 5
        asyncio = "mine"
        Any = None
        BASE = "base"

        @tool
        def build(server: str) -> str:
            """A tool with the name of the script's own function."""
            return f"{server} {Server.__name__} {time} {asyncio} {Any} {BASE}"

        @tool
        async def dataclass() -> int:
            """One with the name of a decorator that the core uses."""
            return 1
        ''',
    )
    text = script_of(project)
    assert not undefined_names(text)
    async with running(project, build="script_build") as client:
        assert await call(client, "build", server="x") == "x Server 5 mine None base"
        assert await call(client, "dataclass") == 1


async def test_names_of_builtins_are_the_users_to_use(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "p",
        TWO_FILES,
        tools='''
        from server_core import tool

        @tool
        def list() -> str:
            """Lists."""
            return "listed"

        @tool
        def print(text: str) -> str:
            """Prints."""
            return text.upper()

        def isinstance(*_):
            raise RuntimeError("not that one")

        str_ = str
        ''',
        more='''
        from server_core import tool

        @tool
        def letters(word: str) -> str:
            """Uses builtins that the other file hides."""
            return f"{list(word)} {isinstance(word, str)}"
        ''',
    )
    async with running(project) as client:
        assert await call(client, "list") == "listed"
        assert await call(client, "print", text="a") == "A"
        assert await call(client, "letters", word="ab") == "['a', 'b'] True"


async def test_a_main_block_does_not_run_and_does_not_come_along(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "p",
        ONE_FILE,
        tools='''
        from server_core import tool

        @tool
        def alone() -> bool:
            """Says whether it is the program."""
            return __name__ == "__main__" or not (__name__ != "__main__")

        # Try it by hand.
        if __name__ == "__main__":
            import helpers_that_are_nowhere
            print(alone())

        if __name__ == "__main__":
            raise SystemExit(3)
        else:
            after = 1
        ''',
    )
    text = script_of(project)
    assert "helpers_that_are_nowhere" not in text
    assert "# Try it by hand." not in text
    async with running(project) as client:
        assert await call(client, "alone") is False


async def test_file_names_the_file_of_the_project(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "p",
        ONE_FILE.replace("tools.py", "inner/tools.py"),
    )
    (project.folder / "inner").mkdir()
    (project.folder / "inner" / "note.txt").write_text("found")
    (project.folder / "inner" / "tools.py").write_text(
        '"""My tools.\n\nThey are mine."""\n'
        "from pathlib import Path\n"
        "from server_core import tool\n"
        "HERE = Path(__file__).parent\n"
        "@tool\n"
        "def note() -> str:\n"
        '    """Reads."""\n'
        "    return f'{(HERE / \"note.txt\").read_text()} {Path(__file__).name} {__doc__}'\n"
    )
    text = script_of(project)
    assert str(project.folder) not in text
    async with running(project) as client:
        assert await call(client, "note") == "found tools.py My tools.\n\nThey are mine."


async def test_aliases_of_the_cores_names_work_everywhere(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "p",
        ONE_FILE,
        tools='''
        import server_core as sc
        from server_core import tool as t, Context as C
        from server_core.errors import NotFoundError

        try:
            from server_core import resource
        except ImportError:
            resource = None

        @t
        def one(ctx: "C", a: int) -> int:
            """One."""
            from server_core import ToolError as Failure
            if a < 0:
                raise Failure("negative")
            return a

        @sc.tool(name="two")
        def second(ctx: sc.Context) -> str:
            """Two."""
            return "2"

        class Kept:
            from server_core import prompt

        @resource("note://x")
        def note() -> str:
            """A note."""
            return "x"
        ''',
    )
    async with running(project) as client:
        assert await call(client, "one", a=3) == 3
        assert await call(client, "two") == "2"
        tools = (await client.list_tools()).tools
        assert list(tools[0].input_schema["properties"]) == ["a"]
        failed = await client.call_tool("one", {"a": -1})
        assert failed.content[0].text == "negative"  # type: ignore[union-attr]
        assert [str(each.uri) for each in (await client.list_resources()).resources] == ["note://x"]


async def test_annotations_are_evaluated_as_they_were_with_and_without_the_future_import(
    tmp_path: Path,
) -> None:
    project = project_in(
        tmp_path / "p",
        TWO_FILES,
        tools='''
        from server_core import tool

        SEEN = []

        def noted(function):
            SEEN.append(function.__annotations__["a"])
            return function

        @tool
        @noted
        def plain(a: int) -> str:
            """Its annotation is a class."""
            return repr(SEEN[0])

        def made():
            class Inner(dict[str, int]):
                pass

            def inner(a: int) -> Inner:
                """Its annotation is a name of the function around it."""
                return Inner(a=a)

            return tool(inner)

        inner = made()
        ''',
        more='''
        """Has the future import."""
        from __future__ import annotations

        from server_core import tool

        SEEN_LATER = []

        def noted_later(function):
            SEEN_LATER.append(function.__annotations__["a"])
            return function

        @tool
        @noted_later
        def later(a: Later) -> str:
            """Its annotation is a text, of a name that comes later."""
            return repr(SEEN_LATER[0])

        class Box:
            size: NotThere

        Later = int
        ''',
    )
    text = script_of(project)
    assert "from __future__" not in text
    async with running(project) as client:
        assert await call(client, "plain", a=1) == "<class 'int'>"
        assert await call(client, "later", a=1) == "'Later'"
        assert json.loads(await call(client, "inner", a=4)) == {"a": 4}


def test_the_future_import_stands_at_the_top_where_every_file_has_it(tmp_path: Path) -> None:
    tools = (
        "from __future__ import annotations\nfrom server_core import tool\n@tool\ndef f() -> int: return 1\n"
    )
    text = script_of(project_in(tmp_path / "p", ONE_FILE, tools=tools))
    assert text.count("from __future__ import annotations") == 1
    assert "def build() -> Server:" in text


async def test_two_files_may_have_helpers_of_the_same_name(tmp_path: Path) -> None:
    helper = '''
    from server_core import tool

    LIMIT = {limit}
    count = 0

    def helper(x):
        """Not offered."""
        global count
        count += 1
        return f"{{x}}:{{LIMIT}}:{{count}}"

    @tool
    def {name}(LIMIT: int = LIMIT) -> str:
        """Calls its own helper."""
        return helper(LIMIT)
    '''
    project = project_in(
        tmp_path / "p",
        TWO_FILES,
        tools=helper.format(limit=1, name="first"),
        more=helper.format(limit=2, name="second"),
    )
    async with running(project) as client:
        assert await call(client, "first") == "1:1:1"
        assert await call(client, "second") == "2:2:1"
        assert await call(client, "second", LIMIT=9) == "9:2:2"


async def test_two_files_may_import_different_things_under_one_name(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "p",
        TWO_FILES,
        tools='''
        from server_core import tool
        import json
        from datetime import datetime as moment

        @tool
        def one() -> str:
            """One."""
            return f"{moment.__name__} {json.dumps(1)}"
        ''',
        more='''
        from server_core import tool
        import json as json
        from datetime import date as moment

        @tool
        def two() -> str:
            """Two."""
            return moment.__name__
        ''',
    )
    async with running(project) as client:
        assert await call(client, "one") == "datetime 1"
        assert await call(client, "two") == "date"


async def test_characters_of_many_bytes_do_not_shift_the_edits(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "p",
        TWO_FILES,
        tools="from server_core import tool\nlimit = 1\n@tool\ndef eins() -> int: return limit\n",
        more="""
        from server_core import tool
        größe = "€"; limit = "äöü"; text = f"{größe} → {limit!r:>8}" + limit
        @tool
        def zwei(ä: str = "ü") -> str: return "→" + limit + ä + text
        """,
    )
    async with running(project) as client:
        assert await call(client, "zwei") == "→äöüü€ →    'äöü'äöü"


async def test_a_decorator_and_a_default_run_before_the_rest_of_the_core(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "p",
        ONE_FILE,
        tools='''
        import functools
        from server_core import ToolError, tool

        class ShopError(ToolError):
            """The user's own."""

        def twice(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs) * 2
            return wrapper

        @tool(read_only=True)
        @twice
        def add(a: int, b: int = len("xy")) -> int:
            """Adds."""
            if a == 0:
                raise ShopError("zero")
            return a + b

        halve = tool(name="half")(lambda a: a / 2)
        ''',
    )
    async with running(project) as client:
        assert await call(client, "add", a=1) == 6
        zero = await client.call_tool("add", {"a": 0})
        assert zero.content[0].text == "zero"  # type: ignore[union-attr]
        assert "half" in [tool.name for tool in (await client.list_tools()).tools]


async def test_star_imports_bring_only_what_is_used(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "p",
        ONE_FILE,
        tools="from math import *\nfrom server_core import tool\n@tool\ndef root(a: float) -> float: return sqrt(a)\n",
    )
    assert "from math import sqrt\n" in script_of(project)
    async with running(project) as client:
        assert await call(client, "root", a=9) == 3


async def test_statements_on_one_line_are_kept_apart(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "p",
        ONE_FILE,
        tools="from server_core import tool; a = 1\nimport sys; b = 2\n@tool\ndef f() -> int: return a + b\n",
    )
    async with running(project) as client:
        assert await call(client, "f") == 3


def test_a_files_own_header_goes_into_the_scripts(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "p",
        ONE_FILE,
        tools="""
        #!/usr/bin/env python
        # -*- coding: utf-8 -*-
        # /// script
        # dependencies = ["humanize>=4", "pydantic>=2.13"]
        # ///

        # About the tools.
        from server_core import tool

        @tool
        def f() -> str:
            import humanize
            return humanize.naturalsize(1)
        """,
    )
    text = script_of(project)
    assert text.count("# /// script") == 1
    assert '#     "humanize>=4",\n' in text
    assert '#     "pydantic>=2.13",\n' in text
    assert "pydantic>=2.12" not in text
    assert "coding: utf-8" not in text
    assert "# About the tools." in text


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("import helpers", 2, "helpers is a file beside tools.py"),
        ("from helpers import x", 2, "helpers is a file beside tools.py"),
        ("def f():\n    import helpers", 3, "helpers is a file beside tools.py"),
        ("import parts.one", 2, "parts is a file beside tools.py"),
        ("import importlib; importlib.import_module('helpers')", 2, "helpers is a file beside tools.py"),
        ("import workbench.text", 2, "the workbench does not come along"),
        ("import server_core.errors", 2, "write `from server_core.errors import …`"),
        ("import server_core\nprint(server_core)", 3, "server_core is used other than as `server_core.tool`"),
        ("from server_core import *", 2, "name what it imports from server_core instead of *"),
        ("print(__spec__)", 2, "__spec__ means something else in a script"),
        ("__file__ = 'x'", 2, "__file__ can't be set in a script"),
        ("raise ValueError('at once')", 2, "ValueError: at once"),
        ("def f(:", 2, "this is not Python"),
    ],
)
def test_what_can_not_come_along_is_refused_with_its_line(
    tmp_path: Path, line: str, place: int, message: str
) -> None:
    project = project_in(
        tmp_path / "p", ONE_FILE, helpers="x = 1\n", tools=f"from server_core import tool\n{line}\n"
    )
    (project.folder / "parts").mkdir()
    (project.folder / "parts" / "__init__.py").touch()
    (project.folder / "parts" / "one.py").touch()
    (first, *_more) = findings_of(project)
    assert (first.file, first.line) == ("tools.py", place)
    assert message in first.message


def test_a_package_that_is_not_installed_is_refused_unless_it_may_be_missing(tmp_path: Path) -> None:
    tools = """
    from server_core import tool
    try:
        import a_package_that_nobody_has
    except ImportError:
        pass

    @tool
    def f() -> int:
        import another_package_that_nobody_has
        return 1
    """
    (finding,) = findings_of(project_in(tmp_path / "p", ONE_FILE, tools=tools))
    assert (finding.line, "another_package_that_nobody_has" in finding.message) == (9, True)


@pytest.mark.parametrize(
    ("tools", "more"),
    [
        ("class Item: pass\n", "class Item: pass\n"),
        ("def f(): pass\n", "from server_core import tool\n@tool\ndef f() -> int: return 1\n"),
        ("x = 1\n", "x = 2\nprint(globals())\n"),
        ("import os.path\nos = 3\n", "import os.path\nprint(os)\n"),
    ],
)
def test_two_files_with_one_name_are_refused_where_a_client_could_tell(
    tmp_path: Path, tools: str, more: str
) -> None:
    (finding,) = findings_of(project_in(tmp_path / "p", TWO_FILES, tools=tools, more=more))
    assert finding.file == "more.py"
    assert "means something else in tools.py:" in finding.message
