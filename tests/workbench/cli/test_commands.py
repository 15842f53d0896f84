"""The commands on the sample project: results on stdout, one line on stderr, the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli import main, with_command
from workbench.demo import make_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "bookshop"
    make_demo(folder)
    return folder


Ran = tuple[int, str, str]


@pytest.fixture
def run(demo: Path, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    def run_command(*words: str, project: Path | None = None) -> Ran:
        code = main(["-p", str(project or demo), *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run_command


def test_list_tools_as_json_is_one_array_of_the_protocols_objects(run) -> None:  # type: ignore[no-untyped-def]
    code, out, _err = run("list", "tools", "--json")
    tools = {tool["name"]: tool for tool in json.loads(out)}
    assert code == 0
    assert {"add", "query", "start_long_task", "check_task_status", "cancel_task", "execute_workflow"} <= set(
        tools
    )
    assert tools["add"]["inputSchema"]["required"] == ["a", "b"]


@pytest.mark.parametrize("what", ["resources", "templates", "prompts", "modules", "workflows"])
def test_each_list_has_something_in_the_sample(run, what: str) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("list", what)
    assert code == 0, err
    assert out.strip()


def test_every_module_of_the_sample_runs(run) -> None:  # type: ignore[no-untyped-def]
    _code, out, _err = run("list", "modules", "--json")
    assert {module["name"]: module["status"] for module in json.loads(out)} == dict.fromkeys(
        ("shop", "docs", "jobs", "tools", "flows", "feed"), "running"
    )


@pytest.mark.parametrize("protocol", ["2025-11-25", "2026-07-28"])
def test_call_prints_the_result(run, protocol: str) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("call", "add", "a=2", "b=40", "--protocol", protocol)
    assert (code, out.strip()) == (0, "42")
    assert "add: ok" in err


def test_call_with_json_prints_the_protocols_result_and_nothing_else(run) -> None:  # type: ignore[no-untyped-def]
    code, out, _err = run("call", "add", "--args", '{"a": 1, "b": 2}', "--json")
    assert code == 0
    assert json.loads(out)["structuredContent"] == {"result": 3}


def test_a_tool_error_is_exit_code_1(run) -> None:  # type: ignore[no-untyped-def]
    code, out, _err = run("call", "sell", "isbn=nothing")
    assert code == 1
    assert "Not enough stock to sell 1" in out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["call", "ad", "a=1", "b=1"], 3, "Unknown tool: ad; did you mean add?"),
        (["call", "add", "a=1"], 2, "Missing argument: b"),
        (["call", "add", "a=x", "b=1"], 2, "a must be an integer"),
        (["read", "db://table/boks"], 3, "did you mean db://table/books"),
        (["prompt", "reviews"], 3, "did you mean review?"),
        (["run", "restok"], 3, "did you mean restock?"),
        (["run", "restock", "copie=3"], 2, "Unknown argument copie; did you mean copies?"),
        (["run", "evening", "x=1"], 2, "Unknown argument x; it takes none"),
        (["replay", "nothing.jsonl"], 3, "There is no recording nothing.jsonl"),
        (["test"], 2, "not available yet"),
        (["serve", "--http", "nowhere"], 2, "Invalid listen address 'nowhere': use HOST:PORT"),
        (["serve", "--http", ""], 2, "Invalid listen address ''"),
        (
            ["serve", "--http", "0.0.0.0:0"],
            2,
            "0.0.0.0 can be reached from other machines: set WORKBENCH_TOKEN",
        ),
        (["serve", "--no-auth"], 2, "--allow-host and --no-auth need --http"),
        (["serve", "--no-auth", "--http", "192.0.2.1:0"], 4, "This machine has no address 192.0.2.1"),
        (["serve", "--allow-host", "tools.example"], 2, "--allow-host and --no-auth need --http"),
        (["serve", "--workers", "2"], 2, "not available yet"),
        (["call"], 2, "--help"),
        (["new", "x", "--template", "nothing"], 3, "Unknown template"),
        (["client-config", "nothing"], 3, "Unknown client"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(run, words: list[str], code: int, says: str) -> None:  # type: ignore[no-untyped-def]
    got, out, err = run(*words)
    assert got == code
    assert says in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""


def test_read_prints_a_table_as_the_interface_promises(run) -> None:  # type: ignore[no-untyped-def]
    code, out, _err = run("read", "db://table/books?limit=2&offset=1")
    table = json.loads(out)
    assert code == 0
    assert table["table"] == "books"
    assert len(table["rows"]) == 2
    assert {key: table["metadata"][key] for key in ("limit", "offset", "total")} == {
        "limit": 2,
        "offset": 1,
        "total": 1200,
    }


def test_a_workflow_runs_step_by_step(run) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("run", "restock")
    assert code == 0, err
    assert "1. low (tool_call)" in err
    assert "10 copies" in out


def test_a_folder_without_a_project_says_what_to_do(tmp_path: Path, run) -> None:  # type: ignore[no-untyped-def]
    code, _out, err = run("list", "tools", project=tmp_path)
    assert code == 2
    assert "workbench new" in err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[server\n", "server.toml:1"),
        ('[server]\nname = "x"\nverison = "1"\n', "server.toml:3"),
        ('[server]\nname = "x"\n[modules.a]\nkind = "databse"\n', "database"),
    ],
)
def test_a_broken_config_is_told_with_its_line(tmp_path: Path, run, text: str, says: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "server.toml").write_text(text)
    code, _out, err = run("list", "tools", project=tmp_path)
    assert code == 2
    assert says in err


def test_new_makes_a_project_that_runs_and_never_touches_what_is_there(
    tmp_path: Path,
    run,  # type: ignore[no-untyped-def]
) -> None:
    for template in ("functions", "database", "files", "full"):
        folder = tmp_path / template
        assert run("new", str(folder), "--template", template)[0] == 0
        code, out, err = run("list", "modules", "--json", project=folder)
        assert code == 0, err
        assert {module["status"] for module in json.loads(out)} == {"running"}
        assert run("new", str(folder))[0] == 2


def test_the_first_word_may_be_a_folder() -> None:
    assert with_command(["some/dir"]) == ["open", "some/dir"]
    assert with_command(["-p", "list", "call", "add"]) == ["-p", "list", "call", "add"]
    assert with_command(["--debug", "."]) == ["--debug", "open", "."]
    assert with_command([]) == []


def test_the_chunks_of_a_stream_are_printed_as_one_text(run) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("read", "shop://till")
    lines = out.rstrip().splitlines()
    assert code == 0, err
    assert lines[0] == "THE BOOKSHOP"
    assert lines[-1].startswith("SUM")
    assert all(line.strip() for line in lines)


def test_check_tells_every_mistake_of_a_config_and_others_how_many(tmp_path: Path, run) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "server.toml").write_text(
        '[server]\nname = "s"\nversio = "1"\n[modules.f]\nkind = "files"\npth = "x"\n', "utf-8"
    )
    code, out, _err = run("-p", str(tmp_path), "check")
    assert (code, [line.partition(";")[0].rpartition("/")[2] for line in out.splitlines()]) == (
        2,
        ["server.toml:3: unknown key 'versio' in server", "server.toml:6: unknown key 'pth' in modules.f"],
    )
    code, out, err = run("-p", str(tmp_path), "list", "tools")
    assert (code, out) == (2, "")
    assert "unknown key 'versio'" in err
    assert "(and 1 more: `workbench check` lists them)" in err
