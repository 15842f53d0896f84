"""Every key of the workbench: one registry of actions, which feeds bindings, footer, palette and help.

A screen's actions are defined here, or beside it with `define`. `workbench.widgets.binding.bind` makes
Textual's bindings of them; an action's id is the name under which its keys can be remapped.
"""

from __future__ import annotations

from typing import NamedTuple


class Action(NamedTuple):
    """Something that a user can do.

    Attributes:
        id: unique, `group.verb`; the group is where it works ("app", "list", "tasks", …).
        keys: Textual's names of keys, separated by commas; the first one is shown.
        title: what the footer says, one or two words.
        tooltip: what the palette and the help say, one sentence.
        run: Textual's action, as `quit` or `app.go('tools')`.
        shown: whether the footer has it.
        priority: whether it works before the focused widget's own keys.
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
"""Every defined action by its id."""


def define(*actions: Action) -> tuple[Action, ...]:
    """Register `actions` and return them.

    Raises:
        ValueError: an id is taken by a different action.
    """
    for action in actions:
        if REGISTRY.setdefault(action.id, action) != action:
            raise ValueError(f"There is an action {action.id!r} already")
    return actions


class Place(NamedTuple):
    """One of the main screens: its name as a mode, its number key, its titles."""

    mode: str
    key: str
    title: str
    short: str
    """For narrow terminals."""
    tooltip: str


PLACES = (
    Place("overview", "1", "Overview", "Over", "Is it up, what is it doing, what is wrong"),
    Place("tools", "2", "Tools", "Tools", "Fill in a tool's form, run it, see its result and its trace"),
    Place("resources", "3", "Resources", "Res", "Browse and read resources, subscribe, see what is cached"),
    Place("tasks", "4", "Tasks", "Tasks", "Long tasks and workflow runs: progress, results, cancel, start"),
    Place("health", "5", "Health", "Health", "Breakers, pools and errors: what fails, why, and hands on it"),
    Place("watch", "6", "Watch", "Watch", "File changes as they come; record them, replay recordings"),
    Place("export", "7", "Export", "Export", "Write the server as one script that runs anywhere"),
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
    Action(
        "app.help", "question_mark,f1", "Help", "What this place is and every key that works here", "help"
    ),
    Action(
        "app.palette", "ctrl+p", "Palette", "Find any action by its name", "command_palette", priority=True
    ),
    Action(
        "app.maximize",
        "f10",
        "Maximize",
        "Give the focused panel the whole screen, and back",
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
    Action("app.themes", "", "Choose a theme", "Choose one of all the themes", "change_theme", shown=False),
    Action(
        "app.reload",
        "ctrl+r",
        "Reload project",
        "Read server.toml again; only what changed restarts",
        "reload_project",
        shown=False,
    ),
    Action(
        "app.projects",
        "",
        "Open another project",
        "Back to the start screen: recent, new, demo",
        "close_project",
        shown=False,
    ),
    Action(
        "app.faults",
        "f12",
        "Faults on purpose",
        "What fails on purpose, and how often it did; clear one or all",
        "faults",
        shown=False,
    ),
    Action(
        "app.answer",
        "a",
        "Answer",
        "Answer what the server asks: a call that waits, or a task",
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
        "Everything that is to be fixed in the project, in full",
        "problems",
        shown=False,
    ),
    Action("app.back", "escape", "Back", "Back to where you came from; never quits", "back", shown=False),
    Action(
        "app.suspend",
        "ctrl+z",
        "Suspend",
        "Back to the shell; fg returns. The server stands still meanwhile",
        "suspend_process",
        shown=False,
    ),
    Action("app.quit", "q,ctrl+q", "Quit", "Leave the workbench; asks while something runs", "quit"),
)

LIST = define(
    Action("list.down", "j,down", "Down", "One row down", "move(1)", shown=False),
    Action("list.up", "k,up", "Up", "One row up", "move(-1)", shown=False),
    Action("list.first", "g,home", "First", "To the first row", "first", shown=False),
    Action("list.last", "G,end", "Last", "To the last row", "last", shown=False),
    Action("list.page_down", "pagedown,ctrl+d", "Page down", "One page down", "page(1)", shown=False),
    Action("list.page_up", "pageup,ctrl+u", "Page up", "One page up", "page(-1)", shown=False),
    Action("list.open", "enter", "Open", "Open the highlighted row", "open"),
    Action("list.copy", "y", "Copy", "Copy the highlighted row", "copy", shown=False),
)

BREAKERS = define(
    Action(
        "breaker.trip", "t", "Trip", "Open the highlighted breaker by hand: its calls are refused", "trip"
    ),
    Action("breaker.reset", "r", "Reset", "Close the highlighted breaker and forget its failures", "reset"),
    Action(
        "breaker.probe", "p", "Probe", "Try now whether what the open breaker guards works again", "probe"
    ),
)

CACHE = define(
    Action("cache.clear", "c", "Clear", "Drop every entry of the resource cache", "clear"),
)

RUNNING = define(
    Action("running.cancel", "x", "Cancel", "Cancel the highlighted task", "cancel"),
)

HAPPENED = define(
    Action("happened.topic", "f", "Filter", "Show only calls, files, tasks, … in turn", "topic(1)"),
    Action("happened.topic_back", "F", "Filter back", "The same, backwards", "topic(-1)", shown=False),
)

DETAILS = define(
    Action("details.close", "escape,enter,q", "Close", "Back to where you were", "dismiss"),
    Action("details.copy", "y", "Copy", "Copy all of the text", "copy"),
)

CONFIRM = define(
    Action("confirm.yes", "y", "Yes", "Do it", "answer(True)"),
    Action("confirm.no", "n,escape", "No", "Leave everything as it is", "answer(False)"),
)

HELP = define(
    Action("help.close", "escape,question_mark,f1,q", "Close", "Back to where you were", "dismiss"),
)

TASKS = define(
    Action("tasks.start", "n", "New task", "Start a long task by hand", "start_task"),
)

TASK_LIST = define(
    Action("tasks.answer", "a", "Answer", "Answer what the highlighted task asks", "answer"),
    Action("tasks.cancel", "x", "Cancel", "Cancel the highlighted task", "cancel"),
)

RUN_LIST = define(
    Action("runs.cancel", "x", "Cancel", "Stop the highlighted workflow run", "cancel_run"),
    Action(
        "runs.resume",
        "r",
        "Go on",
        "Start the run again from the step that failed, with the variables it had there",
        "resume_run",
    ),
)

START_TASK = define(
    Action("start_task.run", "ctrl+j,f5,alt+enter", "Start", "Start the task with these arguments", "start"),
    Action("start_task.close", "escape", "Close", "Back without starting anything", "dismiss"),
)

WATCH = define(
    Action("watch.record", "r", "Record", "Record the file changes from now on", "record"),
    Action("watch.complete", "r", "Stop recording", "Complete the recording", "complete"),
    Action(
        "watch.pace",
        "p",
        "Pace",
        "The pace of the next replay: as recorded, ten times, at once, stepped",
        "pace",
    ),
    Action("watch.pause", "space", "Pause", "Hold the replay before its next batch", "pause"),
    Action("watch.resume", "space", "Go on", "Go on with the replay", "resume"),
    Action("watch.step", "full_stop", "Step", "Replay the next batch, then hold", "step"),
    Action(
        "watch.stop", "x", "Stop replay", "End the replay; the list becomes true to the disk again", "stop"
    ),
)

RECORDINGS = define(
    Action("recordings.replay", "enter", "Replay", "Feed the highlighted recording to the server", "open"),
    Action(
        "recordings.delete", "d", "Delete", "Delete the highlighted recording, after a question", "delete"
    ),
)

BROKEN = define(
    Action("broken.reload", "r", "Reload", "Show this screen again", "reload"),
)

ASK = define(
    Action("ask.close", "escape", "Close", "Back without choosing anything", "close"),
)

READING = define(
    Action("reading.down", "j,down", "Down", "One line down", "scroll_down", shown=False),
    Action("reading.up", "k,up", "Up", "One line up", "scroll_up", shown=False),
    Action("reading.first", "g,home", "First", "To the beginning", "scroll_home", shown=False),
    Action("reading.last", "G,end", "Last", "To the end", "scroll_end", shown=False),
)
