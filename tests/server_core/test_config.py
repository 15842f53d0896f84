"""`server.toml`: what it may say, what is told when it is wrong, and how it is written back."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from server_core.config import (
    ConfigError,
    ServerConfig,
    ServerSection,
    build_module,
    build_server,
    config_to_toml,
    kind_settings,
    known_kinds,
    line_of,
    load_config,
    parse_config,
    update_toml,
)
from server_core.databases.settings import DatabaseSettings
from server_core.files.settings import FilesSettings
from server_core.settings import BreakerSettings, CacheSettings, PoolSettings
from server_core.workflows.tables import COMMON_KEYS, KEYS_OF_TYPE, OTHER_NAMES

HEAD = '[server]\nname = "a"\n'
STEPS = '[modules.f]\nkind = "workflows"\n'

FULL = """\
# A shop.
[server]
name = "shop"          # who it is
version = "0.2.0"
development = true

[cache]
max_size = 10
ttl = 5

[limits]
result_bytes = 4_000_000

[breaker]
failure_threshold = 2
reset_timeout = 7

# The tables.
[modules.shop]
kind = "database"      # read only
url = "sqlite:///shop.db"
pool = { min_size = 1, max_size = 3 }   # small
breaker = { failure_threshold = 9 }

[modules.docs]
kind = "files"
path = "docs"
ignore = ["*.tmp"]

[modules.jobs]
kind = "tasks"

[modules.tools]
kind = "functions"
path = "tools.py"
enabled = false

[modules.flows]
kind = "workflows"
[modules.flows.workflows.restock]
description = "…"
[[modules.flows.workflows.restock.steps]]
id = "stock"           # the first one
type = "tool_call"
tool = "query"
arguments = { sql = "select 1" }
outputVariable = "stock"
[[modules.flows.workflows.restock.steps]]
id = "known"
type = "condition"
condition = "stock"
[[modules.flows.workflows.restock.steps.then]]
id = "inner"
type = "data_transform"
expression = "stock"
continueOnError = true

[modules.feed]
kind = "streams"
sources.ticker = { path = "ticker.log", follow = true }
"""


def test_a_config_says_what_stands_in_it_and_takes_the_defaults_for_the_rest() -> None:
    config = parse_config(FULL)
    assert config.server.name == "shop"
    assert config.cache == CacheSettings(max_size=10, ttl=5.0)
    shop = config.modules["shop"]
    assert isinstance(shop, DatabaseSettings)
    assert shop.pool == PoolSettings(min_size=1, max_size=3)
    assert shop.page_size == 100
    assert list(config.modules) == ["shop", "docs", "jobs", "tools", "flows", "feed"]


def test_the_guides_names_of_step_keys_are_ours_afterwards_in_branches_too() -> None:
    steps = parse_config(FULL).modules["flows"].workflows["restock"]["steps"]  # type: ignore[union-attr]
    assert steps[0]["output_variable"] == "stock"
    assert steps[1]["then"][0]["continue_on_error"] is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + 'nam = "y"', "server.toml:3: unknown key 'nam' in server; did you mean name?"),
        ('[serve]\nname = "x"', "server.toml:1: unknown key 'serve'; did you mean server?"),
        ("", "server.toml:1: the table [server] is missing; it needs at least a name"),
        ("[server]", "server.toml:1: server needs the key 'name'"),
        ("[server]\nnam = 'x'", "server.toml:2: unknown key 'nam' in server; did you mean name?"),
        (HEAD + "[modules.shop]\nkind = 'database'", "server.toml:3: modules.shop needs the key 'url'"),
        ("\n[server]\nname = ''", "server.toml:3: server.name must not be empty"),
        ("x = [1,\n2", "server.toml:2: this is not TOML: unclosed array"),
        (
            "[server]\nname = 'a'\n[server]",
            "server.toml:3: this is not TOML: cannot declare ('server',) twice",
        ),
        ("a = " + "[" * 20_000, "server.toml:1: it is nested too deeply"),
        (HEAD + "development = 'yes'", 'server.toml:3: server.development must be true or false, not "yes"'),
        (HEAD + "[cache]\nttl = '300'", 'server.toml:4: cache.ttl must be a number, not "300"'),
        (HEAD + "[cache]\nmax_size = 1.5", "server.toml:4: cache.max_size must be an integer, not 1.5"),
        (HEAD + "[cache]\nttl = nan", "server.toml:4: cache.ttl must be a finite number, not NaN"),
        (
            HEAD + "[cache]\nmax_size = 1\nttl = -3",
            "server.toml:3: cache: max_size, ttl and max_bytes must be",
        ),
        (HEAD + "[modules]\nshop = 3", "server.toml:4: modules.shop must be a table, not 3"),
        (
            HEAD + "[modules.shop]\nurl = 'x'",
            "server.toml:3: modules.shop needs the key 'kind': one of database,",
        ),
        (
            HEAD + "[modules.shop]\nurl = 'x'\nkind = 'databse'",
            "server.toml:5: unknown kind 'databse' in modules.shop; did you mean database?",
        ),
        (
            HEAD + "[modules.shop]\nkind = 'database'\nurll = 'x'",
            "server.toml:5: unknown key 'urll' in modules.shop; did you mean url?",
        ),
        (
            HEAD + "[modules.shop]\nkind = 'database'\nurl = 'x'\npool = { min_size = 1, max_sise = 3 }",
            "server.toml:6: unknown key 'max_sise' in modules.shop.pool; did you mean max_size?",
        ),
        (
            HEAD + "[modules.shop]\nkind = 'database'\nurl = 'x'\npool = { min_size = 20, max_size = 3 }",
            "server.toml:6: modules.shop.pool: min_size must be between 0 and max_size",
        ),
        (
            HEAD + "[modules.shop]\nkind = 'database'\nurl = 'x'\nbreaker = { failure_threshold = 0 }",
            "server.toml:6: modules.shop.breaker: failure_threshold and reset_timeout must be greater than 0",
        ),
        (
            HEAD + "[modules.d]\nkind = 'files'\npath = 'd'\nprefix = 'a b'",
            "server.toml:6: modules.d.prefix must be",
        ),
        (
            HEAD + '[modules.f]\nkind = "streams"\n"sources".ticker = { path = "x", folow = true }',
            "server.toml:5: unknown key 'folow' in modules.f.sources.ticker; did you mean follow?",
        ),
        (
            HEAD + "[modules.f]\nkind = 'streams'\nsources.t = { follow = true }",
            "server.toml:5: modules.f.sources.t: a source needs either a path or a function",
        ),
        (
            HEAD + STEPS + "[modules.f.workflows.w]\ndescripton = 'x'\nsteps = []",
            "server.toml:6: unknown key 'descripton' in modules.f.workflows.w; did you mean description?",
        ),
        (
            HEAD
            + STEPS
            + "[[modules.f.workflows.w.steps]]\nid = 'x'\ntype = 'tool_call'\noutputVarible = 'y'",
            "server.toml:8: unknown key 'outputVarible' in modules.f.workflows.w.steps[1]; did you mean",
        ),
        (
            HEAD + STEPS + "[[modules.f.workflows.w.steps]]\ntype = 'tool_cal'",
            "server.toml:6: unknown type 'tool_cal' in modules.f.workflows.w.steps[1]; did you mean tool_call?",
        ),
        (
            HEAD
            + STEPS
            + "[[modules.f.workflows.w.steps]]\ntype = 'condition'\n[[modules.f.workflows.w.steps.else]]\nid = 'x'",
            "server.toml:7: modules.f.workflows.w.steps[1].else[1] needs the key 'type'",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_was_meant(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_of_several_mistakes_the_first_in_the_file_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(HEAD + "zzz = 1\nyyy = 2\n[cache]\nttl = 'x'")
    assert caught.value.line == 3


def test_a_file_is_named_as_it_is_seen_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inner").mkdir()
    path = tmp_path / "inner" / "server.toml"
    path.write_bytes(b"\xef\xbb\xbf[server]\r\nname = 3\r\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value).replace("\\", "/") == "inner/server.toml:2: server.name must be a string, not 3"


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_bytes(b'[server]\nname = "caf\xe9"\n')
    with pytest.raises(ConfigError, match=r":2: this is not UTF-8 \(byte 0xe9\)"):
        load_config(path)


def test_a_missing_file_is_told_without_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"server\.toml: can't be read"):
        load_config(tmp_path / "server.toml")


def test_what_is_written_says_the_same_again() -> None:
    config = parse_config(FULL)
    assert parse_config(config_to_toml(config)) == config


def test_a_config_made_in_python_can_be_written() -> None:
    config = ServerConfig(
        server=ServerSection(name='a "b"\nc'),
        modules={"the docs": FilesSettings(path="d", ignore=["*.a"]), "x": DatabaseSettings(url="sqlite://")},
    )
    text = config_to_toml(config)
    assert parse_config(text) == config
    assert "page_size" not in text


def test_an_update_without_a_change_leaves_the_text_alone() -> None:
    config = parse_config(FULL)
    assert update_toml(FULL, config, config) == FULL


def test_an_update_changes_what_changed_and_keeps_every_comment() -> None:
    old = parse_config(FULL)
    data = old.model_dump()
    data["modules"]["shop"]["pool"]["max_size"] = 4
    data["modules"]["flows"]["workflows"]["restock"]["steps"][0]["output_variable"] = "rows"
    data["cache"]["ttl"] = 60.0
    data["modules"]["more"] = {"kind": "files", "path": "more"}
    del data["modules"]["docs"]
    new = ServerConfig.model_validate(data)
    text = update_toml(FULL, old, new)
    assert parse_config(text) == new
    for comment in ("# A shop.", "# who it is", "# The tables.", "# read only", "# small", "# the first one"):
        assert comment in text
    assert 'outputVariable = "rows"' in text
    assert "max_size = 4" in text
    assert "[modules.docs]" not in text
    assert parse_config(update_toml(text, new, old)).modules["shop"] == old.modules["shop"]


def test_a_value_that_goes_back_to_its_default_is_written_where_it_stood() -> None:
    old = parse_config(HEAD + "[cache]\nttl = 5   # short\n")
    new = parse_config(HEAD)
    text = update_toml(HEAD + "[cache]\nttl = 5   # short\n", old, new)
    assert parse_config(text) == new
    assert "# short" in text


def test_a_module_that_overrides_one_value_of_a_breaker_keeps_the_servers_other_one() -> None:
    config = parse_config(FULL)
    module = build_module("shop", config.modules["shop"], config.breaker)
    assert module.breaker_settings == BreakerSettings(failure_threshold=9, reset_timeout=7.0)


def test_what_a_breaker_ignores_is_read_overridden_and_written() -> None:
    text = FULL.replace(
        "reset_timeout = 7", 'reset_timeout = 7\nignore = ["ValueError", "json.JSONDecodeError"]'
    )
    config = parse_config(text)
    assert config.breaker.ignore == ("ValueError", "json.JSONDecodeError")
    assert build_module("shop", config.modules["shop"], config.breaker).breaker_settings == BreakerSettings(
        9, 7.0, ("ValueError", "json.JSONDecodeError")
    )
    plain = parse_config(FULL)
    assert parse_config(update_toml(FULL, plain, config)) == config
    assert parse_config(update_toml(text, config, plain)) == plain
    text = FULL.replace("failure_threshold = 9", 'ignore = ["OSError"]')
    config = parse_config(text)
    assert build_module("shop", config.modules["shop"], config.breaker).breaker_settings == BreakerSettings(
        2, 7.0, ("OSError",)
    )
    with pytest.raises(ConfigError, match="ignore"):
        parse_config(FULL.replace("reset_timeout = 7", 'ignore = "ValueError"'))


def test_a_server_is_built_with_the_enabled_modules_and_overrides_win(tmp_path: Path) -> None:
    server = build_server(parse_config(FULL), tmp_path, development=False)
    assert list(server.modules) == ["shop", "docs", "jobs", "flows", "feed"]
    assert server.base == tmp_path
    assert server.core.development is False
    assert server.cache.state().max_size == 10


@pytest.mark.parametrize("kind", sorted(known_kinds()))
def test_the_keys_of_a_modules_table_are_its_constructors_keywords(kind: str) -> None:
    settings = kind_settings(kind)
    assert settings is not None
    parameters = inspect.signature(settings.module_class().__init__).parameters
    fields = settings.model_fields
    assert fields["kind"].default == kind
    assert all(each.description for name, each in fields.items() if name != "kind")
    keywords = {key for key, each in parameters.items() if each.kind is each.KEYWORD_ONLY} - {
        "functions",
        "module",
    }
    assert set(fields) - {"kind", "enabled"} == keywords
    for key in keywords - {"breaker", "prefix"}:
        default = parameters[key].default
        if default not in (inspect.Parameter.empty, None, (), ""):
            assert fields[key].default == default, key


def test_the_keys_of_steps_are_those_that_the_workflows_module_takes() -> None:
    from server_core.workflows.parsing import COMMON_STEP_KEYS, STEP_KEYS
    from server_core.workflows.step_keys import BREAKER_KEYS, GUIDE_STEP_KEYS, RETRY_KEYS
    from server_core.workflows.tables import TABLES_OF_STEPS

    assert KEYS_OF_TYPE == STEP_KEYS
    assert set(COMMON_KEYS) == {*COMMON_STEP_KEYS, "config"}
    assert OTHER_NAMES == GUIDE_STEP_KEYS
    assert TABLES_OF_STEPS == {"retry": RETRY_KEYS, "breaker": BREAKER_KEYS}


def test_the_line_of_a_key_is_found_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(FULL, "utf-8")
    assert line_of(path, ("modules", "shop", "url")) == FULL[: FULL.index("url =")].count("\n") + 1
    assert (
        line_of(path, ("modules", "shop", "nothing")) == FULL[: FULL.index("[modules.shop]")].count("\n") + 1
    )
    assert line_of(tmp_path / "none.toml", ("modules",)) == 0


def test_reading_a_config_does_not_import_the_protocol() -> None:
    code = (
        "import sys\n"
        "from server_core.config import parse_config\n"
        "parse_config('[server]\\nname = \"a\"')\n"
        "print('mcp' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_workflows_with_branches_retries_and_inputs_are_written_as_they_were_read() -> None:
    sample = Path(__file__).parents[2] / "workbench" / "demo" / "sample" / "server.toml"
    text = sample.read_text("utf-8")
    config = parse_config(text)
    assert parse_config(config_to_toml(config)) == config
    data = config.model_dump(exclude_unset=True)
    steps = data["modules"]["flows"]["workflows"]["restock"]["steps"]
    steps[2]["then"][0]["steps"][0]["retry"]["attempts"] = 5
    new = ServerConfig.model_validate(data)
    written = update_toml(text, config, new)
    assert parse_config(written) == new
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert [line for line in written.splitlines() if line.startswith("#")] == comments


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (
            "type = 'tool_call'\ntool = 'x'\nretry = { atempts = 3 }",
            "server.toml:8: unknown key 'atempts' in modules.f.workflows.w.steps[1].retry; did you mean attempts?",
        ),
        (
            "type = 'for_each'\nitems = 'x'\n[[modules.f.workflows.w.steps.steps]]\ntype = 'tool_cal'",
            "server.toml:9: unknown type 'tool_cal' in modules.f.workflows.w.steps[1].steps[1]; did you mean",
        ),
        (
            "type = 'parallel'\n[[modules.f.workflows.w.steps.branches.a]]\nid = 'x'",
            "server.toml:7: modules.f.workflows.w.steps[1].branches.a[1] needs the key 'type'",
        ),
    ],
)
def test_unknown_keys_inside_of_steps_are_found(step: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(f"{HEAD}{STEPS}[[modules.f.workflows.w.steps]]\n{step}")
    assert str(caught.value).startswith(says)
