"""The tasks that clients may send."""

from collections import Counter
from collections.abc import Mapping

_MAX_LISTED = 20


class TaskNotAllowedError(Exception):
    """The settings do not allow this task. ``known``: the names that clients may use instead."""

    def __init__(self, message: str, known: tuple[str, ...]) -> None:
        super().__init__(message)
        self.known = known


class AllowedTasks:
    """The tasks that the settings name: by alias, by full name, and by the last part of the name.

    ``names`` has the name of the task by the name that a client uses. The last part of a name counts where
    only one task ends with it.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        tasks = set(names.values())
        ends = Counter(_last_part(task) for task in tasks)
        short = {_last_part(task): task for task in tasks if ends[_last_part(task)] == 1}
        self._names = {**short, **{task: task for task in tasks}, **names}
        self.names = tuple(sorted(self._names))
        """Every name that a client may use."""
        self.tasks = tuple(sorted(tasks))
        """The names of the tasks themselves."""

    def resolve(self, name: str) -> str:
        """The name of the task.

        Raises:
            TaskNotAllowedError: the settings do not name it. The message says how to allow it.
        """
        if name in self._names:
            return self._names[name]
        listed = ", ".join(self.names[:_MAX_LISTED])
        may = f"Allowed are {listed}." if self.names else "No task is allowed yet."
        raise TaskNotAllowedError(
            f"The task {name!r} may not be sent. {may} To allow it, start the monitor with "
            "--submit-task NAME or --submit-task ALIAS=NAME, with the full name of the task, or set "
            "CELERY_MONITOR_SUBMIT_TASK.",
            self.names,
        )


def _last_part(task: str) -> str:
    return task.rpartition(".")[2]
