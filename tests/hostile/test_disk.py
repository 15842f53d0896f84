"""A full, a read-only and a limited disk: every writer says in one line what it could not write and what to do, and
leaves nothing half done."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from server_core import Context
from server_core.modules.tasks import TasksModule
from server_core.server import Server
from server_core.tasking.store import TaskStore
from server_core.testing import ManualClock, connect
from tests.waiting import until
from workbench.atomic import LEFT_OVER_SECONDS, remove_left_overs, write_atomically
from workbench.demo import make_demo
from workbench.templates import TEMPLATES, make_project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="disks and limits as POSIX has them")

PROBE = r"""
import asyncio, json, resource, sys
from pathlib import Path
from server_core.modules.tasks import TasksModule
from server_core.server import Server
from workbench.atomic import write_atomically
from workbench.cli import explained
from workbench.demo import make_demo
from workbench.preferences import add_recent
from workbench.project import Project
from workbench.recorder import RecordingWriter
from workbench.records import CallRecord
from workbench.store import Store
from workbench.templates import TEMPLATES, make_project
import sqlite_utils, tomlkit

folder, disk = Path(sys.argv[1]), sys.argv[2]
CONFIG = '[server]\nname = "s"\n'
(folder / "server.toml").write_text(CONFIG)
project = Project.find(folder)
changed = project.config.model_copy(update={"server": project.config.server.model_copy(update={"name": "x"})})
if disk == "limited":
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
elif disk == "full":
    with open(folder / "filler", "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 1024)
        except OSError:
            pass
else:
    import subprocess
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)

def history():
    store, told = Store(project), []
    store.on_trouble = told.append
    store.add_call(CallRecord("k", "tools/call", "t", "p", {}, "ok", None, None, 1.0, 1.0))
    store.close()
    raise RuntimeError("; ".join(told))

def tasks():
    async def reason():
        server = Server("s", base=folder)
        server.add(TasksModule("jobs"))
        async with server.running(settle=10):
            raise RuntimeError(server.inspect().modules[0].reason)
    asyncio.run(reason())

WRITERS = {
    "server.toml": lambda: project.saved(changed),
    "export": lambda: write_atomically(folder / "out.py", "x"),
    "recording": lambda: RecordingWriter(folder / "r.jsonl", module="m", root="", started=0),
    "history": history,
    "tasks": tasks,
    "preferences": lambda: add_recent(folder),
    "demo": lambda: make_demo(folder / "made"),
    **{f"new {name}": lambda name=name: make_project(folder / "made", name) for name in TEMPLATES},
}
said = {}
for name, write in WRITERS.items():
    try:
        write()
        said[name] = ""
    except RuntimeError as error:
        said[name] = str(error)
    except Exception as error:
        said[name] = explained(error)[1]
said["config"] = (folder / "server.toml").read_text() == CONFIG
said["left"] = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
print(json.dumps(said))
"""

ADVICE = {
    "full": "the disk is full; free some space and try again",
    "read-only": "the disk is read-only; choose another place",
    "limited": "ulimit -f",
}
FILES = {
    "server.toml": "server.toml",
    "export": "out.py",
    "recording": "r.jsonl",
    "history": "history.db",
    "tasks": "tasks.db",
    "demo": "made",
} | {f"new {name}": "made" for name in TEMPLATES}


def said_on(disk: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", PROBE, str(folder), disk]
    if disk != "limited":
        mount = f"mount -t tmpfs -o size=64k none '{folder}' && exec \"$@\""
        if subprocess.run(
            ["unshare", "-rm", "sh", "-c", mount, "sh", "true"], capture_output=True, check=False
        ).returncode:
            pytest.skip("a small disk can't be mounted here")
        command = ["unshare", "-rm", "sh", "-c", mount, "sh", *command]
    environment = {**os.environ, "WORKBENCH_STATE": str(folder / "state"), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert ran.returncode == 0, ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return said


@pytest.mark.parametrize("disk", ADVICE)
def test_every_writer_names_its_file_and_says_what_to_do(disk: str, tmp_path: Path) -> None:
    said = said_on(disk, tmp_path)
    wrong = {
        name: said[name]
        for name, file in FILES.items()
        if file not in said[name]
        or "\n" in said[name]
        or ".tmp" in said[name]
        # SQLite says of a file limit only that the disk failed.
        or not (
            ADVICE[disk] in said[name] or (disk == "limited" and "the disk reported an error" in said[name])
        )
    }
    assert wrong == {}
    assert said["preferences"] == ""
    assert said["config"] is True
    assert [name for name in said["left"] if "made" in name or ".tmp" in name or name == "out.py"] == []


MAKERS = {"demo": make_demo} | {
    f"new {name}": (lambda folder, name=name: make_project(folder, name)) for name in TEMPLATES
}


def failed(maker: str, folder: Path) -> OSError | None:
    try:
        MAKERS[maker](folder)
    except OSError as error:
        return error
    return None


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("maker", MAKERS)
def test_a_project_that_could_not_be_made_can_be_made_at_the_second_try(
    maker: str, existing: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    if existing:
        folder.mkdir()
    rename = Path.rename
    left = [0]

    def full(self: Path, target: Path) -> Path:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", full)
    failures = 0  # at the first file, then at the second, …
    while (error := failed(maker, folder)) is not None:
        assert (error.filename, error.errno) == (str(folder), 28)
        assert list(tmp_path.rglob("*")) == ([folder] if existing else [])
        failures += 1
        left[0] = failures
    assert failures >= 1
    assert (folder / "server.toml").is_file()
    assert ".workbench/" in (folder / ".gitignore").read_text().splitlines()


def test_a_folder_with_other_things_in_it_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "mine.md").write_text("mine")
    (tmp_path / ".gitignore").write_text("mine")
    make_demo(tmp_path)
    assert (tmp_path / "docs" / "mine.md").read_text() == "mine"
    assert (tmp_path / ".gitignore").read_text() == "mine"
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FileExistsError):
        make_demo(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_killed_writes_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    dead, digits = dead_process(), "0123456789ab"
    old = time.time() - LEFT_OVER_SECONDS - 10
    rows = {
        f".a.toml.{dead}-{digits}.tmp": (old, False),
        f".folder.{dead}-{digits}.tmp/x": (old, False),
        f".a.toml.{os.getpid()}-{digits}.tmp": (old, True),  # its process lives
        f".b.toml.{dead}-{digits}.tmp": (time.time(), True),  # perhaps of another machine
        f".c.{digits}.tmp": (old, True),
        f"d.{dead}-{digits}.tmp": (old, True),
        "e.tmp": (old, True),
    }
    for name, (changed, _) in rows.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
        os.utime(path, (changed, changed))
        if path.parent != tmp_path:
            os.utime(path.parent, (changed, changed))
    remove_left_overs(tmp_path)
    assert {name: (tmp_path / name).exists() for name in rows} == {
        name: stays for name, (_, stays) in rows.items()
    }


def test_the_next_write_of_a_file_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        left = tmp_path / f".{name}.{dead_process()}-0123456789ab.tmp"
        left.write_text("")
        os.utime(left, (1, 1))
    write_atomically(tmp_path / "a.toml", "x")
    assert {path.name[:7] for path in tmp_path.iterdir()} == {"a.toml", ".b.toml"}


@pytest.mark.anyio
async def test_a_task_goes_on_while_the_disk_is_full_and_its_end_is_kept_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, go_on = ManualClock(), asyncio.Event()
    server = Server("s", base=tmp_path, clock=clock)
    server.add(TasksModule("jobs"))

    @server.task
    async def work(ctx: Context) -> str:
        """Works."""
        await go_on.wait()
        await ctx.report_progress(1, 2, "half")
        return "done"

    def full(*_arguments: Any, **_options: Any) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    async with server.running(), connect(server) as client:
        started = await client.call_tool("start_long_task", {"task": "work"})
        assert started.structured_content is not None
        task = {"taskId": started.structured_content["taskId"]}
        with monkeypatch.context() as patch:
            for method in ("add", "progressed", "ended"):
                patch.setattr(TaskStore, method, full)
            refused = await client.call_tool("start_long_task", {"task": "work"})
            assert refused.content[0].text == (  # type: ignore[union-attr]
                "The task can't be accepted: tasks.db can't be written "
                "(the disk is full; free some space and try again)"
            )
            go_on.set()
            await until(lambda: server.inspect().tasks[0].status == "completed", "the task is done")
            module = next(each for each in server.inspect().modules if each.name == "jobs")
            assert module.trouble
            assert "the disk is full" in module.note
            answer = await client.call_tool("check_task_status", task)
            assert answer.structured_content is not None
            assert answer.structured_content["result"] == {"result": "done"}
        clock.advance(1)
        stored = sqlite3.connect(tmp_path / ".workbench" / "tasks.db")
        select = "select status from tasks"
        await until(lambda: stored.execute(select).fetchall() == [("completed",)], "the end is kept")
        stored.close()
