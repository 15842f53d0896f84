"""Secrets of a config: never in a script, and named where they went."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from server_core.config import ModuleSettings, setting
from server_core.databases.urls import fill_variables
from tests.workbench.exporter.scripts import project_in
from workbench.exporter import make_export
from workbench.exporter.plan import plan_of
from workbench.exporter.secrets import hidden_secrets, variable_name, without_secrets
from workbench.exporter.wiring import wiring_of


@pytest.mark.parametrize(
    ("url", "hidden", "values"),
    [
        ("sqlite:///shop.db", "sqlite:///shop.db", {}),
        ("postgresql://me@host/db", "postgresql://me@host/db", {}),
        ("postgresql://me:pw@host/db", "postgresql://me:${SHOP_PASSWORD}@host/db", {"SHOP_PASSWORD": "pw"}),
        (
            "mysql+pymysql://me:p%40w@h/db",
            "mysql+pymysql://me:${SHOP_PASSWORD}@h/db",
            {"SHOP_PASSWORD": "p@w"},
        ),
        ("postgresql://me:${PW}@host/db", "postgresql://me:${PW}@host/db", {}),
        ("${SHOP_URL}", "${SHOP_URL}", {}),
        (
            "postgresql://h/db?user=me&password=pw&sslmode=require",
            "postgresql://h/db?user=me&password=${SHOP_PASSWORD}&sslmode=require",
            {"SHOP_PASSWORD": "pw"},
        ),
        ("x://h/db?authToken=a&token=b", "x://h/db?authToken=${SHOP_AUTHTOKEN}&token=${SHOP_TOKEN}", None),
    ],
)
def test_a_secret_in_a_url_becomes_a_variable(url: str, hidden: str, values: dict[str, str] | None) -> None:
    found = without_secrets(url, "shop")
    assert found.url == hidden
    if values is not None:
        assert found.values == values
    assert not without_secrets(found.url, "shop").values


@pytest.mark.parametrize("password", ["pw", "p@ss:w/rd", "ü€ %", "${HOME}"])
def test_the_core_fills_in_what_was_taken_out(password: str) -> None:
    from urllib.parse import quote

    from sqlalchemy import make_url

    url = f"postgresql://me:{quote(password, safe='')}@host/db"
    found = without_secrets(url, "shop")
    filled = fill_variables(found.url, found.values)
    assert make_url(filled).password == make_url(url).password == password


@pytest.mark.parametrize(("text", "name"), [("book shop", "BOOK_SHOP"), ("2nd", "_2ND"), ("é", "SERVER")])
def test_a_variables_name_is_one_that_shells_take(text: str, name: str) -> None:
    assert variable_name(text) == name


def test_secrets_of_http_requests_become_variables_in_branches_too() -> None:
    inner = {"type": "api_call", "url": "https://me:pw@host/", "params": {"api_key": "k", "q": "x"}}
    workflows = {
        "w": {
            "steps": [
                {
                    "type": "api_call",
                    "url": "https://host/",
                    "headers": {"Authorization": "Bearer t", "Accept": "a"},
                },
                {"type": "api_call", "config": {"headers": {"X-Api-Key": "${env.KEY}"}}},
                {"type": "condition", "then": [inner]},
            ]
        }
    }
    hidden, secrets = hidden_secrets(workflows, "flows")
    first, second, third = hidden["w"]["steps"]
    assert first["headers"] == {"Authorization": "${env.FLOWS_AUTHORIZATION}", "Accept": "a"}
    assert second == workflows["w"]["steps"][1]
    assert third["then"][0]["url"] == "https://me:${env.FLOWS_PASSWORD}@host/"
    assert third["then"][0]["params"] == {"api_key": "${env.FLOWS_API_KEY}", "q": "x"}
    assert {name: value for name, (value, _place) in secrets.items()} == {
        "FLOWS_AUTHORIZATION": "Bearer t",
        "FLOWS_PASSWORD": "pw",
        "FLOWS_API_KEY": "k",
    }
    assert inner["url"] == "https://me:pw@host/"


@pytest.mark.parametrize(
    ("url", "hidden", "secrets"),
    [
        ("https://h/a?token=t&q=x", "https://h/a?token=${env.W_TOKEN}&q=x", {"W_TOKEN": "t"}),
        ("https://h/?api_key=a%20b#c", "https://h/?api_key=${env.W_API_KEY}#c", {"W_API_KEY": "a%20b"}),
        (
            "https://h/?key=k&sig=s",
            "https://h/?key=${env.W_KEY}&sig=${env.W_SIG}",
            {"W_KEY": "k", "W_SIG": "s"},
        ),
        ("https://h/?x-api-key=k", "https://h/?x-api-key=${env.W_X_API_KEY}", {"W_X_API_KEY": "k"}),
        ("https://h/?token=${env.T}&monkey=1&limit=3", "https://h/?token=${env.T}&monkey=1&limit=3", {}),
        (
            "${base}/books?access_token=t",
            "${base}/books?access_token=${env.W_ACCESS_TOKEN}",
            {"W_ACCESS_TOKEN": "t"},
        ),
        ("https://h:80/a@b?q=1", "https://h:80/a@b?q=1", {}),
    ],
)
def test_a_secret_in_the_url_of_a_request_becomes_a_variable(
    url: str, hidden: str, secrets: dict[str, str]
) -> None:
    found, taken = hidden_secrets({"w": {"steps": [{"type": "api_call", "url": url}]}}, "w")
    assert found["w"]["steps"][0]["url"] == hidden
    assert {name: value for name, (value, _place) in taken.items()} == secrets


def test_secrets_in_branches_side_by_side_and_in_items_become_variables() -> None:
    def asking(token: str) -> dict[str, object]:
        return {"type": "api_call", "url": "https://a.example/", "headers": {"Authorization": token}}

    each = {"type": "for_each", "items": "x", "steps": [asking("Bearer one")]}
    both = {"type": "parallel", "branches": {"a": [asking("Bearer two")], "b": [each]}}
    hidden, secrets = hidden_secrets({"w": {"steps": [both]}}, "flows")
    assert sorted(value for value, _place in secrets.values()) == ["Bearer one", "Bearer two"]
    assert "Bearer" not in str(hidden)


def test_the_script_has_no_secret_and_the_export_says_what_to_set(tmp_path: Path) -> None:
    toml = """
    [server]
    name = "shop"
    [modules.db]
    kind = "database"
    url = "postgresql://me:very-secret@localhost/db"
    [modules.flows]
    kind = "workflows"
    [[modules.flows.workflows.w.steps]]
    type = "api_call"
    url = "https://example.com/"
    headers = { Authorization = "Bearer very-secret" }
    """
    for thin in (False, True):
        export = make_export(project_in(tmp_path / "p", toml), tmp_path / "shop.py", thin=thin)
        assert "very-secret" not in export.text
        assert [each.name for each in export.variables] == ["DB_PASSWORD", "FLOWS_AUTHORIZATION"]
        assert any("modules.db.url" in note and "DB_PASSWORD" in note for note in export.notes)
        assert not any("very-secret" in note for note in export.notes)
        assert "Environment variables: DB_PASSWORD, FLOWS_AUTHORIZATION." in export.text


class LabSettings(ModuleSettings):
    """A kind of somebody else's."""

    module_path: ClassVar[str] = "tests.workbench.exporter.test_secrets:LabModule"
    kind: str = "lab"

    token: str = setting(description="A token.", secret=True)
    folder: str = setting("data", description="A folder.", path=True)


def test_settings_of_other_kinds_that_are_secrets_become_variables(tmp_path: Path) -> None:
    kind = f"{__name__}:LabSettings"
    toml = f'[server]\nname = "s"\n[modules.lab]\nkind = "{kind}"\ntoken = "very-secret"\n'
    plan = plan_of(project_in(tmp_path / "p", toml))
    assert plan.secrets == {"LAB_TOKEN": "very-secret"}
    assert plan.needs_folder
    build = wiring_of(plan).build
    assert 'server.add(LabModule("lab", token=os.environ["LAB_TOKEN"]))' in build
    (finding,) = plan.findings
    assert (finding.file, finding.line) == ("server.toml", 4)
    assert "is not part of an installed distribution" in finding.message
