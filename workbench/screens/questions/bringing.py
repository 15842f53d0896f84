"""When the dialog comes: for a question of a call at once, for a task's when the user wants to answer it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.questions import Answer, Question

if TYPE_CHECKING:
    from server_core.inspection import TaskState
    from workbench.app import WorkbenchApp

PUT_OFF = "The call is waiting for your answer. ctrl+y shows the question again."
NOTHING_ASKED = "Nothing is waiting for your answer."


class Bringer:
    """Brings the questions of an application's server before its user. On the screen's thread.

    Attributes:
        put_off: the keys of the questions that come only when they are asked for.
    """

    def __init__(self, app: WorkbenchApp) -> None:
        self._app = app
        self.put_off: set[str] = set()

    def look(self) -> None:
        """Show the first question of a call that was not put off, unless a dialog is open."""
        questions = self._app.snapshot.questions
        self.put_off.intersection_update(question.key for question in questions)
        fresh = [question for question in questions if question.key not in self.put_off]
        if fresh and not self._app.screen.is_modal:
            self._show(fresh[0])

    def bring(self) -> None:
        """Show what waits for an answer: a call's question first, then the longest waiting task's."""
        snapshot = self._app.snapshot
        if snapshot.questions:
            self._show(snapshot.questions[0])
        elif snapshot.asking_tasks:
            self.bring_task(snapshot.asking_tasks[0])
        else:
            self._app.notify(NOTHING_ASKED)

    def bring_task(self, task: TaskState) -> None:
        """Show what a task asks."""
        self._app.run_worker(self._task(task), name="questions of a task", group="questions", exclusive=True)

    def _show(self, question: Question) -> None:
        from .answer import AnswerScreen

        def answered(answer: Answer | None) -> None:
            self.put_off.add(question.key)  # an answer may be refused: it does not come back by itself either
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
        """Ask one question after the other, then send all answers."""
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
