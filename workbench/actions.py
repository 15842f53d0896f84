"""Every key of the workbench: one registry of actions, used for bindings, footer, palette and help.

A screen's actions are defined here, or next to it with `define`. `workbench.widgets.binding.bind` turns them
into Textual bindings; users remap keys by an action's id.
"""

from __future__ import annotations

from typing import NamedTuple


class Action(NamedTuple):
    """Something the user can do.

    Attributes:
        id: unique, `group.verb`; the group says where it works ("app", "list", "tasks", …).
        keys: Textual key names, separated by commas; the footer shows the first.
        title: the label in the footer, one or two words.
        tooltip: the description in the palette and the help, one sentence.
        run: the Textual action, such as `quit` or `app.go('tools')`.
        shown: whether it appears in the footer.
        priority: whether it takes precedence over the focused widget's own keys.
    """

    id: str
    keys: str
    title: str
    tooltip: str
    run: str
    shown: bool = True
    priority: bool = False

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]


REGISTRY: dict[str, Action] = {}
"""All defined actions by id."""


def define(*actions: Action) -> tuple[Action, ...]:
    """Register `actions` and return them.

    Raises:
        ValueError: an id is already used by a different action.
    """
    for action in actions:
        if REGISTRY.setdefault(action.id, action) != action:
            raise ValueError(f"Duplicate action id {action.id!r}")
    return actions


class Place(NamedTuple):
    """One of the main screens: its mode, number key and titles."""

    mode: str
    key: str
    title: str
    short: str
    """For narrow terminals."""
    tooltip: str


PLACES = (
    Place("overview", "1", "Overview", "Over", "Server status, activity and problems at a glance"),
    Place("tools", "2", "Tools", "Tools", "Call tools and inspect their results and traces"),
    Place(
        "resources", "3", "Resources", "Res", "Browse, read and subscribe to resources; see what is cached"
    ),
    Place("tasks", "4", "Tasks", "Tasks", "Start, follow and cancel long tasks and workflow runs"),
    Place(
        "health",
        "5",
        "Health",
        "Health",
        "Breakers, pools and errors: what is failing, why, and the controls",
    ),
    Place("watch", "6", "Watch", "Watch", "Watch file changes live, record them and replay recordings"),
    Place("export", "7", "Export", "Export", "Export the server as a single script that runs anywhere"),
)

GO = define(
    *(
        Action(
            f"app.go_{place.mode}", place.key, place.title, place.tooltip, f"go('{place.mode}')", shown=False
        )
        for place in PLACES
    )
)

APP = define(
    Action("app.help", "question_mark,f1", "Help", "Explain the focused panel and list its keys", "help"),
    Action("app.palette", "ctrl+p", "Palette", "Search all actions", "command_palette", priority=True),
    Action(
        "app.maximize",
        "f10",
        "Maximize",
        "Show the focused panel full screen, or restore it",
        "zoom",
        shown=False,
    ),
    Action(
        "app.theme",
        "ctrl+t",
        "Theme",
        "Switch between the dark and the light theme",
        "toggle_theme",
        shown=False,
    ),
    Action("app.themes", "", "Choose a theme", "Pick from all available themes", "change_theme", shown=False),
    Action(
        "app.reload",
        "ctrl+r",
        "Reload project",
        "Reload server.toml; only what changed restarts",
        "reload_project",
        shown=False,
    ),
    Action(
        "app.projects",
        "",
        "Open another project",
        "Return to the start screen to open or create a project",
        "close_project",
        shown=False,
    ),
    Action(
        "app.faults",
        "f12",
        "Injected faults",
        "List the injected faults and how often each has acted; clear them",
        "faults",
        shown=False,
    ),
    Action(
        "app.answer",
        "a",
        "Answer",
        "Answer the server's question to a waiting call or task",
        "answer",
        shown=False,
    ),
    Action(
        "app.answer_anywhere",
        "ctrl+y",
        "Answer",
        "The same while you type in a field; works while something waits for your answer",
        "answer_waiting",
        priority=True,
    ),
    Action(
        "app.problems",
        "exclamation_mark",
        "Problems",
        "List every problem in the project, in full",
        "problems",
        shown=False,
    ),
    Action("app.back", "escape", "Back", "Go back to the previous screen; never quits", "back", shown=False),
    Action(
        "app.suspend",
        "ctrl+z",
        "Suspend",
        "Suspend to the shell; fg resumes. The server is paused meanwhile",
        "suspend_process",
        shown=False,
    ),
    Action("app.quit", "q,ctrl+q", "Quit", "Quit the workbench; asks first if something is running", "quit"),
)

LIST = define(
    Action("list.down", "j,down", "Down", "Move down one row", "move(1)", shown=False),
    Action("list.up", "k,up", "Up", "Move up one row", "move(-1)", shown=False),
    Action("list.first", "g,home", "First", "Go to the first row", "first", shown=False),
    Action("list.last", "G,end", "Last", "Go to the last row", "last", shown=False),
    Action("list.page_down", "pagedown,ctrl+d", "Page down", "Move down one page", "page(1)", shown=False),
    Action("list.page_up", "pageup,ctrl+u", "Page up", "Move up one page", "page(-1)", shown=False),
    Action("list.open", "enter", "Open", "Open the highlighted row", "open"),
    Action("list.copy", "y", "Copy", "Copy the highlighted row", "copy", shown=False),
)

BREAKERS = define(
    Action("breaker.trip", "t", "Trip", "Open the highlighted breaker; its calls are refused", "trip"),
    Action("breaker.reset", "r", "Reset", "Close the highlighted breaker and clear its failures", "reset"),
    Action(
        "breaker.probe",
        "p",
        "Try",
        "Make a trial call now to see whether the open breaker can close",
        "probe",
    ),
)

CACHE = define(
    Action("cache.clear", "c", "Clear", "Remove every entry from the resource cache", "clear"),
)

RUNNING = define(
    Action("running.cancel", "x", "Cancel", "Cancel the highlighted task", "cancel"),
)

HAPPENED = define(
    Action("happened.topic", "f", "Filter", "Show only calls, files, tasks and so on, in turn", "topic(1)"),
    Action("happened.topic_back", "F", "Filter back", "Go to the previous filter", "topic(-1)", shown=False),
)

DETAILS = define(
    Action("details.close", "escape,enter,q", "Close", "Close this dialog", "dismiss"),
    Action("details.copy", "y", "Copy", "Copy the whole text", "copy"),
)

CONFIRM = define(
    Action("confirm.yes", "y", "Yes", "Do it", "answer(True)"),
    Action("confirm.no", "n,escape", "No", "Change nothing", "answer(False)"),
)

HELP = define(
    Action("help.close", "escape,question_mark,f1,q", "Close", "Close this dialog", "dismiss"),
)

TASKS = define(
    Action("tasks.start", "n", "New task", "Start a long task", "start_task"),
)

TASK_LIST = define(
    Action("tasks.answer", "a", "Answer", "Answer the highlighted task's question", "answer"),
    Action("tasks.cancel", "x", "Cancel", "Cancel the highlighted task", "cancel"),
)

RUN_LIST = define(
    Action("runs.cancel", "x", "Cancel", "Cancel the highlighted workflow run", "cancel_run"),
    Action(
        "runs.resume",
        "r",
        "Resume",
        "Resume the run at the failed step, with the variables it had there",
        "resume_run",
    ),
)

START_TASK = define(
    Action("start_task.run", "ctrl+j,f5,alt+enter", "Start", "Start the task with these arguments", "start"),
    Action("start_task.close", "escape", "Close", "Close without starting a task", "dismiss"),
)

WATCH = define(
    Action("watch.record", "r", "Record", "Start recording file changes", "record"),
    Action("watch.complete", "r", "Stop recording", "Finish the recording and save it", "complete"),
    Action(
        "watch.pace",
        "p",
        "Speed",
        "Change the speed of the next replay: as recorded, 10×, at once, stepped",
        "pace",
    ),
    Action("watch.pause", "space", "Pause", "Pause the replay before its next batch", "pause"),
    Action("watch.resume", "space", "Resume", "Resume the replay", "resume"),
    Action("watch.step", "full_stop", "Step", "Replay the next batch, then pause", "step"),
    Action(
        "watch.stop", "x", "Stop replay", "Stop the replay; the list shows the files on disk again", "stop"
    ),
)

RECORDINGS = define(
    Action(
        "recordings.replay", "enter", "Replay", "Replay the highlighted recording into the server", "open"
    ),
    Action("recordings.delete", "d", "Delete", "Delete the highlighted recording; asks first", "delete"),
)

BROKEN = define(
    Action("broken.reload", "r", "Reload", "Reload this screen", "reload"),
)

ASK = define(
    Action("ask.close", "escape", "Close", "Close without choosing", "close"),
)

READING = define(
    Action("reading.down", "j,down", "Down", "Scroll down one line", "scroll_down", shown=False),
    Action("reading.up", "k,up", "Up", "Scroll up one line", "scroll_up", shown=False),
    Action("reading.first", "g,home", "First", "Go to the beginning", "scroll_home", shown=False),
    Action("reading.last", "G,end", "Last", "Go to the end", "scroll_end", shown=False),
)
