"""Functions as people write them: each works, or it alone is left out and one line says where and why."""

from __future__ import annotations

import base64
import json
import logging
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mcp import Client, MCPError
from mcp.types import PromptReference

from server_core import FunctionsModule, LimitSettings, Server, StreamsModule, TasksModule, WorkflowsModule
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect
from workbench.checking import live_findings
from workbench.cli import main
from workbench.project import Project

pytestmark = pytest.mark.anyio
REVISIONS = pytest.mark.parametrize("protocol", [NEWEST, OLDEST])

HEAD = "from server_core import Context, prompt, resource, stream, task, tool\n"
FINE = '\n@tool\ndef fine() -> str:\n    """Say ok."""\n    return "ok"\n'


class File(NamedTuple):
    """A functions file (after a first line of imports), what it offers besides `fine`, and its problems."""

    code: str
    offered: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


OLD_PYTHON = sys.version_info < (3, 12)

FILES = {
    "typing.TypedDict, which pydantic can't read before Python 3.12": File(
        "from typing import TypedDict\nclass Point(TypedDict):\n    x: int\n@tool\ndef shift(p: Point) -> int: ...\n",
        () if OLD_PYTHON else ("shift",),
        ("tools.py:5: tool shift is not offered: Please use `typing_extensions.TypedDict`",)
        if OLD_PYTHON
        else (),
    ),
    "a return type without a schema": File(
        "from collections.abc import Iterator\n@tool\ndef numbers() -> Iterator[int]:\n    return iter([1])\n",
        (),
        (
            "tools.py:3: tool numbers is not offered: there is no JSON schema for collections.abc.Iterator[int]; ",
        ),
    ),
    "a generator": File(
        "@tool\ndef numbers():\n    yield 1\n",
        (),
        ("tools.py:2: tool numbers is not offered", "return a list"),
    ),
    "a type without a schema": File(
        "class Own: ...\n@tool\ndef own(x: Own) -> int: ...\n", (), ("tools.py:3: tool own is not offered",)
    ),
    "a name that is nowhere": File(
        '@tool\ndef lost(x: "Nowhere") -> int: ...\n', (), ("tools.py:2:", "an annotation names Nowhere")
    ),
    "an import for type checkers that can't be imported": File(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from nowhere import Gone\n"
        '@tool\ndef lost(x: "Gone") -> int: ...\n',
        (),
        ("tools.py:5: tool lost is not offered", "No module named 'nowhere'"),
    ),
    "a parameter with an underscore": File(
        "@tool\ndef f(_a: int) -> int:\n    return 1\n", (), ("tools.py:2: tool f is not offered",)
    ),
    "a template whose variable is no argument": File(
        '@resource("x://{a}")\ndef f(b: str) -> str: ...\n',
        (),
        ("tools.py:2: resource f is not offered", "differ"),
    ),
    "two of one name": File(
        '@tool\ndef f() -> int: ...\n@tool(name="f")\ndef g() -> int: ...\n',
        ("f",),
        ("tools.py:4: tool g is not offered: the tool 'f' is already defined at line 2",),
    ),
    "variadic parameters": File(
        "@tool\ndef spread(*names: str, **options: int) -> str: ...\n",
        (),
        ("tools.py:2: tool spread is not offered", "variadic positional parameter names"),
    ),
    "a partial": File(
        "from functools import partial\ndef scale(a: int, b: int) -> int:\n    return a * b\n"
        "double = tool(partial(scale, 2))\n",
        ("double",),
    ),
    "a lambda": File(
        "shout = tool(lambda text='a': text.upper())\n", ("shout",), ("tools.py:2: shout: text has",)
    ),
    "an object that can be called": File(
        "class Greeter:\n    def __call__(self, name: str) -> str:\n        return name\ngreet = tool(Greeter())\n",
        ("greet",),
    ),
    "static and class methods": File(
        "class Shop:\n    @staticmethod\n    @tool\n    def a() -> str: ...\n    @tool\n    @staticmethod\n"
        "    def b() -> str: ...\n    @classmethod\n    @tool\n    def c(cls, x: int) -> str: ...\n",
        ("a", "b", "c"),
    ),
    "a bound method": File(
        "class Shop:\n    def close(self, at: int) -> int:\n        return at\nclose = tool(Shop().close)\n",
        ("close",),
    ),
    "a method": File(
        "class Shop:\n    @tool\n    def close(self) -> str: ...\n",
        (),
        ("tools.py:3: Shop.close is marked @tool but not offered: it needs an instance",),
    ),
    "a decorator that hides the mark": File(
        "def log(f):\n    def inner(*a):\n        return f(*a)\n    return inner\n@log\n@tool\ndef f() -> int: ...\n",
        (),
        ("tools.py:6: f is marked @tool but not offered: a decorator above the mark hides it",),
    ),
    "a decorator with functools.wraps": File(
        "from functools import wraps\ndef log(f):\n    @wraps(f)\n    def inner(*a, **k):\n        return f(*a, **k)\n"
        "    return inner\n@log\n@tool\ndef f(x: int = 1) -> int:\n    return x\n",
        ("f",),
    ),
    "a function inside a function": File(
        "def make():\n    @tool\n    def inner() -> int: ...\nmake()\n",
        (),
        ("tools.py:3: inner is marked @tool but not offered: it is not a top-level name of its module",),
    ),
    "one of two definitions": File(
        "@tool\ndef f() -> int: ...\n@tool\ndef f() -> str: ...\n",
        ("f",),
        ("tools.py:2: f is marked @tool but not offered: a later mark or definition",),
    ),
    "a mark on a class": File(
        "@tool\nclass Thing: ...\n", (), ("tools.py:2: Thing: @tool must decorate a function",)
    ),
    "an unknown keyword": File(
        "@tool(readonly=True)\ndef f() -> int: ...\n",
        (),
        ("tools.py:2: f: @tool has no option 'readonly'; did you mean read_only?",),
    ),
    "a name instead of a keyword": File(
        '@tool("other")\ndef f() -> int: ...\n', (), ("tools.py:2: f: @tool takes keyword arguments only",)
    ),
    "a resource without a URI": File("@resource\ndef f() -> str: ...\n", (), ("f: @resource needs a URI",)),
    "a bare stream": File("@stream\nasync def numbers():\n    yield '1'\n", ("stream://numbers",)),
    "a stream that isn't async": File(
        "@stream\ndef numbers():\n    yield '1'\n", (), ("tools.py:2: stream numbers is not offered",)
    ),
    "no annotation": File(
        "@tool\ndef add(x, y=2) -> int: ...\n",
        ("add",),
        ("x has no annotation; clients see a string", "y has no annotation; clients see int"),
    ),
    "a question that nothing awaits": File(
        "@tool\ndef ask(ctx: Context) -> str:\n    return str(ctx.elicit('a', dict))\n",
        ("ask",),
        ("tools.py:2: ask: it calls elicit, which only an `async def`",),
    ),
    "a completion for no argument": File(
        '@prompt(complete={"toen": ["a"]})\ndef ask(tone: str) -> str: ...\n',
        (),
        ("tools.py:2: prompt ask is not offered", "complete names toen", "did you mean tone?"),
    ),
}


def served(folder: Path, code: str, **options: Any) -> Server:
    (folder / "tools.py").write_text(HEAD + code + FINE, "utf-8")
    server = Server("lab", base=folder, **options)
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    return server


@pytest.mark.parametrize("name", FILES)
async def test_a_bad_function_is_left_out_alone_and_one_line_says_where_and_why(
    tmp_path: Path, name: str
) -> None:
    file = FILES[name]
    server = served(tmp_path, file.code)
    async with server.running():
        registry = server.registry
        offered = [*registry.tools, *registry.resources, *registry.prompts]
        assert sorted(offered) == sorted((*file.offered, "fine"))
        problems = server.modules["tools"].instance.problems()
        state = server.inspect().modules[0]
    text = "\n".join(map(str, problems))
    assert bool(problems) == bool(file.problems), text
    for each in file.problems:
        assert each in text
    missing = [str(problem) for problem in problems if not problem.advice]
    assert len(missing) <= 1
    assert (state.status, state.note) == ("running", missing[0] if missing else "")


class Call(NamedTuple):
    """A tool of a functions file, called with arguments: what its answer says."""

    code: str
    tool: str
    arguments: dict[str, Any]
    says: str


BODY = "@tool\ndef text(body: str | None = None) -> str:\n    return repr(body)\n"
ANY = "from typing import Any\n@tool\ndef anything(value: Any = None) -> str:\n    return repr(value)\n"
LISTED = (
    "@tool\ndef listed(values: list[int], extra: dict[str, int] | None = None) -> str:\n"
    "    return repr((values, extra))\n"
)
ALIASED = (
    "from typing import Annotated\nfrom pydantic import Field\n"
    '@tool\ndef aliased(sender: Annotated[str, Field(alias="from")]) -> str:\n    return sender\n'
)
SEARCH = "@tool\ndef search(query: str = '', limit: int = 1) -> str:\n    return query\n"
CHECKERS = (
    "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nfrom server_core import tool\n"
    "if TYPE_CHECKING:\n    from decimal import Decimal as D\n    from server_core import Context as Ctx\n"
    "@tool\nasync def priced(ctx: Ctx, price: D) -> str:\n    return type(price).__name__ + type(ctx).__name__\n"
)

CALLS = {
    "a positional-only parameter": Call(
        "@tool\ndef times(name: str, /, count: int = 1) -> str:\n    return name * count\n",
        "times", {"name": "ab", "count": 2}, "abab",
    ),
    "an alias": Call(ALIASED, "aliased", {"from": "me"}, "me"),
    "a parameter that has an alias": Call(ALIASED, "aliased", {"sender": "me"}, "sender is unknown; it takes from"),
    "a parameter named as a method of pydantic's": Call(
        "@tool\ndef named(copy: int, json: str) -> str:\n    return f'{copy} {json}'\n",
        "named", {"copy": 1, "json": "[]"}, "1 []",
    ),
    "a text that is JSON": Call(BODY, "text", {"body": '["a"]'}, "'[\"a\"]'"),
    "the text null": Call(BODY, "text", {"body": "null"}, "'null'"),
    "null": Call(BODY, "text", {"body": None}, "None"),
    "any value that is a text": Call(ANY, "anything", {"value": '{"a": 1}'}, "'{\"a\": 1}'"),
    "a list and an object in texts": Call(
        LISTED, "listed", {"values": "[1, 2]", "extra": '{"a": 1}'}, "([1, 2], {'a': 1})"
    ),
    "a list and null in texts": Call(LISTED, "listed", {"values": "[1]", "extra": "null"}, "([1], None)"),
    "a text that is no list": Call(LISTED, "listed", {"values": "[1"}, "values: input should be a valid list"),
    "a number of 5,001 digits in a text": Call(LISTED, "listed", {"values": "9" * 5001}, "valid list"),
    "a misspelt optional argument": Call(SEARCH, "search", {"qurey": "x"}, "qurey is unknown; did you mean query?"),
    "an argument like no other": Call(SEARCH, "search", {"zzz": 1}, "zzz is unknown; it takes query, limit"),
    "an argument for a tool that takes none": Call("", "fine", {"a": 1}, "a is unknown; it takes no arguments"),
    "the context as an argument": Call(
        "@tool\ndef f(ctx: Context, a: int = 1) -> int:\n    return a\n", "f", {"ctx": {}}, "ctx is unknown"
    ),
    "no annotation": Call(
        "@tool\ndef add(x, y=2) -> str:\n    return repr((x, y))\n", "add", {"x": "[1]", "y": "3"}, "('[1]', 3)"
    ),
    "annotations for type checkers only": Call(CHECKERS, "priced", {"price": "1.5"}, "DecimalContext"),
    "a coroutine out of a synchronous function": Call(
        "async def later() -> int:\n    return 7\n@tool\ndef now() -> int:\n    return later()\n", "now", {}, "7"
    ),
    "a partial": Call(
        "from functools import partial\nasync def scale(a: int, b: int) -> int:\n    return a * b\n"
        "double = tool(partial(scale, 2))\n",
        "double", {"b": 4}, "8",
    ),
    "a class method": Call(
        "class Shop:\n    rate = 3\n    @classmethod\n    @tool\n    def priced(cls, x: int) -> int:\n"
        "        return cls.rate * x\n",
        "priced", {"x": 2}, "6",
    ),
}  # fmt: skip


async def said(client: Client, name: str, arguments: dict[str, Any]) -> str:
    result = await client.call_tool(name, arguments)
    return result.content[0].text  # type: ignore[union-attr]


@REVISIONS
@pytest.mark.parametrize("name", CALLS)
async def test_arguments_reach_the_function_as_they_were_sent(
    tmp_path: Path, name: str, protocol: ProtocolRevision
) -> None:
    row = CALLS[name]
    head_first = row.code.startswith("from __future__")
    server = served(tmp_path, row.code)
    if head_first:
        (tmp_path / "tools.py").write_text(row.code + FINE, "utf-8")
    async with server.running(), connect(server, protocol) as client:
        assert row.says in await said(client, row.tool, row.arguments)


@REVISIONS
async def test_the_tools_of_other_modules_refuse_misspelt_arguments_too(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    server = served(tmp_path, "@task\nasync def clean(depth: int = 1) -> int:\n    return depth\n")
    server.add(TasksModule("jobs"))
    server.add(
        WorkflowsModule(
            "flows", workflows={"go": {"steps": [{"id": "a", "type": "tool_call", "tool": "fine"}]}}
        )
    )
    async with server.running(), connect(server, protocol) as client:
        for tool, arguments, says in (
            (
                "start_long_task",
                {"task": "clean", "argument": {}},
                "argument is unknown; did you mean arguments?",
            ),
            (
                "start_long_task",
                {"task": "clean", "arguments": {"dept": 2}},
                "dept is unknown; did you mean depth?",
            ),
            ("check_task_status", {"taskid": "x"}, "taskid is unknown; did you mean taskId?"),
            (
                "execute_workflow",
                {"workflowName": "go", "contxt": {}},
                "contxt is unknown; did you mean context?",
            ),
        ):
            assert says in await said(client, tool, arguments)


async def test_unknown_arguments_may_be_ignored_instead(tmp_path: Path) -> None:
    server = served(tmp_path, SEARCH, limits=LimitSettings(unknown_arguments="ignore"))
    async with server.running(), connect(server) as client:
        assert await said(client, "search", {"query": "a", "mood": "good"}) == "a"


@REVISIONS
async def test_a_resource_is_what_its_function_returns_or_one_line_says_why_not(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    code = """
from mcp.server.mcpserver import Audio, Image
VALUES = {
    "image": lambda: Image(data=b"png", format="png"),
    "audio": lambda: Audio(data=b"wav", format="wav"),
    "bytes": lambda: bytearray(b"raw"),
    "listed": lambda: [Image(data=b"png")],
    "object": object,
    "nan": lambda: float("nan"),
    "keys": lambda: {(1, 2): 3},
    "nested": lambda: {"a": b"raw"},
}
@resource("made://{kind}")
def made(kind: str):
    return VALUES[kind]()
"""
    server = served(tmp_path, code)
    async with server.running(), connect(server, protocol) as client:
        for kind, mime_type, data in (
            ("image", "image/png", b"png"),
            ("audio", "audio/wav", b"wav"),
            ("bytes", "application/octet-stream", b"raw"),
        ):
            (content,) = (await client.read_resource(f"made://{kind}")).contents
            assert (content.mime_type, base64.b64decode(content.blob)) == (mime_type, data)  # type: ignore[union-attr]
        for kind, says in (
            ("listed", "returned Image inside another value"),
            ("object", "a value of type object"),
            ("nan", "NaN"),
            ("keys", "JSON can't represent the function's result: keys must be"),
            ("nested", "returned bytes inside another value"),
        ):
            with pytest.raises(MCPError, match=says) as refused:
                await client.read_resource(f"made://{kind}")
            assert "\n" not in str(refused.value)


@REVISIONS
async def test_arguments_are_completed_by_their_types_and_by_what_the_mark_says(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    code = """
from enum import Enum
from typing import Literal
class Size(Enum):
    SMALL = "small"
    LARGE = "large"
async def cities(typed: str, others: dict) -> list[str]:
    return [f"{typed}{others.get('tone', '')}"]
@prompt(complete={"city": cities, "day": ["monday", "sunday"]})
def greet(city: str, day: str, tone: Literal["formal", "friendly"] | None = None, size: Size = Size.SMALL,
    rank: Literal[1, 2] = 1) -> str:
    return f"{tone} {size} {rank + 1}"
@resource("note://{size}/{day}", complete={"day": ["monday", "sunday"]})
def note(size: Size, day: str) -> str:
    return ""
"""
    server = served(tmp_path, code)
    async with server.running(), connect(server, protocol) as client:
        reference = PromptReference(type="ref/prompt", name="greet")
        for name, typed, values in (
            ("tone", "", ["formal", "friendly"]),
            ("size", "L", ["large"]),
            ("day", "mon", ["monday"]),
            ("rank", "", ["1", "2"]),
            ("city", "Ro", ["Roformal"]),
        ):
            completed = await client.complete(reference, {"name": name, "value": typed}, {"tone": "formal"})
            assert completed.completion.values == values
        rendered = await client.get_prompt("greet", {"city": "a", "day": "b", "size": "large", "rank": "2"})
        assert rendered.messages[0].content.text == "None Size.LARGE 3"  # type: ignore[union-attr]


@REVISIONS
async def test_a_source_that_names_no_stream_is_an_error_that_names_the_nearest(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    server = served(tmp_path, "@stream\nasync def numbers():\n    yield '1'\n")
    server.add(
        StreamsModule("feed", sources={name: {"function": name} for name in ("number", "itself")}, prefix="f")
    )
    server.add(StreamsModule("other", sources={"itself": {"function": "number"}}))
    server.add(StreamsModule("right", sources={"mine": {"function": "numbers"}}))
    async with server.running(), connect(server, protocol) as client:
        for uri in ("stream://f/number", "stream://f/itself", "stream://itself"):
            with pytest.raises(MCPError, match="Unknown function marked @stream"):
                await client.read_resource(uri)
        with pytest.raises(MCPError, match=r"number; did you mean numbers\?"):
            await client.read_resource("stream://f/number")
        assert (await client.read_resource("stream://mine")).contents[0].text == "1"  # type: ignore[union-attr]
        (problem,) = server.modules["other"].instance.problems()
        assert (problem.path, problem.source) == (("sources", "itself", "function"), "")


async def test_a_prefix_is_followed_by_one_underscore(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(HEAD + FINE + '@resource("note://a")\ndef a() -> str: ...\n', "utf-8")
    server = Server("lab", base=tmp_path)
    server.add(FunctionsModule("tools", path="tools.py", reload=False, prefix="b_"))
    async with server.running():
        assert (list(server.registry.tools), list(server.registry.resources)) == (["b_fine"], ["note://b/a"])


async def test_functions_can_be_sent_to_a_spawned_process(tmp_path: Path) -> None:
    code = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
def square(number: int) -> int:
    return number * number
@tool
def squares(count: int = 3) -> str:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return str(list(pool.map(square, range(count))))
"""
    server = served(tmp_path, code)
    (tmp_path / "json.py").write_text(HEAD + code, "utf-8")
    taken = FunctionsModule("taken", path="json.py", reload=False, prefix="taken")
    server.add(taken)
    async with server.running(), connect(server) as client:
        assert await said(client, "squares", {}) == "[0, 1, 4]"
        assert [str(each) for each in taken.problems()] == [
            "json.py:3: other processes can't import json.py: its name is taken by another module; rename it, "
            "or move what they call to a file beside it"
        ]


@pytest.mark.parametrize("debug", [False, True])
def test_a_failed_call_shows_the_users_lines_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    code = (
        "@tool\nasync def f(ctx: Context) -> int:\n    try:\n        await ctx.read('note://gone')\n"
        "    except Exception as error:\n        raise RuntimeError('outer') from error\n"
    )
    (tmp_path / "tools.py").write_text(HEAD + code + FINE, "utf-8")
    config = '[server]\nname = "lab"\n[modules.tools]\nkind = "functions"\npath = "tools.py"\n'
    (tmp_path / "server.toml").write_text(config, "utf-8")
    caplog.set_level(logging.INFO, "server_core")  # set back after the test
    assert main(["-p", str(tmp_path), "call", "f", *(["--debug"] if debug else [])]) == 1
    capfd.readouterr()
    (shown,) = [record.exc_text or "" for record in caplog.records if record.exc_text]
    assert 'tools.py", line 5' in shown
    assert 'tools.py", line 7' in shown
    assert ("pipeline.py" in shown) == debug


def test_what_files_print_when_they_are_imported_is_no_part_of_the_json(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tools.py").write_text(
        HEAD + "print('imported')\n@tool\ndef f() -> int: ...\n" + FINE, "utf-8"
    )
    config = '[server]\nname = "lab"\n[modules.tools]\nkind = "functions"\npath = "tools.py"\n'
    (tmp_path / "server.toml").write_text(config, "utf-8")
    assert main(["-p", str(tmp_path), "check", "--json"]) == 1
    written, said_beside = capfd.readouterr()
    (finding,) = json.loads(written)
    assert (finding["file"], finding["line"]) == ("tools.py", 3)
    assert "imported" in said_beside
    assert main(["-p", str(tmp_path), "list", "tools", "--json"]) == 0
    assert [each["name"] for each in json.loads(capfd.readouterr().out)] == ["f", "fine"]


async def test_names_that_clients_refuse_are_found(tmp_path: Path) -> None:
    named = "".join(
        f'@tool(name="{name}")\ndef f{place}() -> str:\n    """F."""\n    return ""\n'
        for place, name in enumerate(("a.b", "a/b", "a b", "a" * 65, "a-b_C9"))
    )
    server = served(tmp_path, named)
    (tmp_path / "server.toml").write_text('[server]\nname = "lab"\n', "utf-8")
    async with server.running():
        found = live_findings(Project.find(tmp_path), server)
    assert [finding.line for _module, finding in found] == [2, 6, 10, 14]
    assert all(
        "Claude Code and Copilot CLI reject this name" in finding.message for _module, finding in found
    )
