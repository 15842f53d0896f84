"""When the dialog opens: for a call's question at once, for a task's when the user asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.questions import Answer, Question

if TYPE_CHECKING:
    from server_core.inspection import TaskState
    from workbench.app import WorkbenchApp

PUT_OFF = "The call is waiting. Press ctrl+y to answer it."
NOTHING_ASKED = "No questions from the server."


class Bringer:
    """Presents the server's questions to the user. Runs on the UI thread.

    Attributes:
        put_off: the keys of postponed questions, shown only on request.
    """

    def __init__(self, app: WorkbenchApp) -> None:
        self._app = app
        self.put_off: set[str] = set()

    def look(self) -> None:
        """Show the first call's question that was not postponed, unless a dialog is open."""
        questions = self._app.snapshot.questions
        self.put_off.intersection_update(question.key for question in questions)
        fresh = [question for question in questions if question.key not in self.put_off]
        if fresh and not self._app.screen.is_modal:
            self._show(fresh[0])

    def bring(self) -> None:
        """Show a pending question: a call's first, then that of the task waiting longest."""
        snapshot = self._app.snapshot
        if snapshot.questions:
            self._show(snapshot.questions[0])
        elif snapshot.asking_tasks:
            self.bring_task(snapshot.asking_tasks[0])
        else:
            self._app.notify(NOTHING_ASKED)

    def bring_task(self, task: TaskState) -> None:
        """Show a task's question."""
        self._app.run_worker(self._task(task), name="questions of a task", group="questions", exclusive=True)

    def _show(self, question: Question) -> None:
        from .answer import AnswerScreen

        def answered(answer: Answer | None) -> None:
            self.put_off.add(
                question.key
            )  # the server may reject the answer: don't reopen the dialog then either
            if answer is not None:
                self._app.do(self._app.engine.answer(question.key, answer))
            elif any(each.key == question.key for each in self._app.snapshot.questions):
                self._app.notify(PUT_OFF)

        self._app.push_screen(AnswerScreen(question, f"client {question.protocol}"), answered)

    async def _task(self, task: TaskState) -> None:
        from workbench.engine import EngineError

        try:
            questions = await self._app.engine.task_questions(task.task)
        except EngineError as error:
            self._app.notify(str(error), severity="error", markup=False)
            return
        if questions:
            self._ask(task, questions, {})
        else:
            self._app.notify(NOTHING_ASKED)

    def _ask(self, task: TaskState, questions: Sequence[Question], given: dict[str, Answer]) -> None:
        """Ask the questions in turn, then send all answers."""
        from .answer import AnswerScreen

        question, *others = questions

        def answered(answer: Answer | None) -> None:
            if answer is None:
                return
            answers = {**given, question.key: answer}
            if others:
                self._ask(task, others, answers)
            else:
                self._app.do(self._app.engine.answer_task(task.task, answers))

        self._app.push_screen(AnswerScreen(question, f"task {task.name}"), answered)
