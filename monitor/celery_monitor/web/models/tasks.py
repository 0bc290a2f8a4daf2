"""Tasks and their runs."""

from typing import Annotated

from pydantic import ConfigDict, Field

from celery_health.catalogue.entry import Severity
from celery_monitor.web.models.actions import Cancel
from celery_monitor.web.models.base import Document, Query

MAX_LIMIT = 1000

TIME = "Unix time in seconds."
_REASON = "Why it was revoked: `expired`, or `terminated` with the signal. Null: by request, before it ran."

Text = Annotated[str, Field(max_length=1000)]
Texts = Annotated[tuple[Text, ...], Field(max_length=20)]


class TaskFilterQuery(Query):
    """The filter of a list of tasks. All parameters have to hold; repeated ones are alternatives."""

    q: Text = Field(
        default="",
        description="The filter language, such as `state:failure name:shop.* arg:42 runtime:>30s`.",
        examples=["state:failure name:shop.* runtime:>30s"],
    )
    state: Texts = Field(default=(), description="A state; a custom one too. `*` stands for any characters.")
    name: Texts = Field(default=(), description="The name of the task. `*` stands for any characters.")
    worker: Texts = Field(
        default=(), description="The worker of the last run. `*` stands for any characters."
    )
    queue: Texts = Field(default=(), description="The queue that the task was sent to.")
    error: Texts = Field(default=(), description="The type of the last error, such as `KeyError`.")
    root: Texts = Field(default=(), description="The id of the first task of the workflow.")
    parent: Texts = Field(default=(), description="The id of the task that sent the task.")
    arg: Texts = Field(default=(), description="A whole value in the arguments: 42 does not find 421.")
    text: Texts = Field(default=(), description="Text in name, arguments, error or result.")
    since: Text | None = Field(
        default=None, description="Sent, or first seen, since this time: `2h`, or `2026-11-29T10:00Z`."
    )
    until: Text | None = Field(default=None, description="Sent, or first seen, before this time.")
    runtime_min: Text | None = Field(
        default=None, description="The last run took at least this, as in `30s`."
    )
    runtime_max: Text | None = Field(default=None, description="The last run took at most this.")
    wait_min: Text | None = Field(default=None, description="The task waited at least this to be started.")
    wait_max: Text | None = Field(default=None, description="The task waited at most this to be started.")
    retries_min: Text | None = Field(default=None, description="The task was retried at least this often.")
    twice: Text | None = Field(default=None, description="Whether the task ran twice: `yes` or `no`.")


class TasksQuery(TaskFilterQuery):
    """One page of tasks."""

    sort: Text = Field(
        default="-time",
        description="`time`, `runtime`, `wait`, `name`, `state`, `worker`, `queue`; `-` for descending.",
    )
    cursor: Annotated[str, Field(max_length=4000)] | None = Field(
        default=None, description="The `next_cursor` of the page before."
    )
    limit: int = Field(default=100, ge=1, le=MAX_LIMIT, description="The number of tasks in the page.")
    count: bool = Field(default=False, description="Count all tasks that the filter finds, up to 10,000.")


class Run(Document):
    """One execution of a task by one worker."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="1 for the first run.")
    worker: str = Field(description="The worker.")
    received: float | None = Field(description="When the worker received the task. " + TIME)
    started: float | None = Field(description="When the run began. " + TIME)
    finished: float | None = Field(description="When the run ended. " + TIME)
    outcome: str | None = Field(description="The state that ended the run; null while it lasts.")
    reason: str | None = Field(description=_REASON)
    runtime: float | None = Field(description="Seconds, as the worker measured them.")
    retries: int = Field(description="How many retries came before this run.")
    exception: str | None = Field(description="The error.")
    traceback: str | None = Field(description="Where the error was raised.")


class Task(Document):
    """One task. Null always means unknown, never zero."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="The task's id: `execution_id` in the database.")
    name: str | None = Field(description="The name of the task.")
    state: str = Field(
        description="A state of Celery, a custom one, `LOST`: lost with its worker, or `UNREPORTED`: its "
        "worker ended it, and no event of the end came."
    )
    reason: str | None = Field(description=_REASON)
    args: str | None = Field(description="Positional arguments, as the worker shortened them.")
    kwargs: str | None = Field(description="Keyword arguments, as the worker shortened them.")
    arguments_truncated: bool = Field(description="Whether something is missing in the arguments.")
    result: str | None = Field(description="The result, shortened.")
    exception: str | None = Field(description="The last error.")
    retries: int = Field(description="How often the task was retried.")
    worker: str | None = Field(description="The worker of the last run.")
    sender: str | None = Field(description="The process that sent the task.")
    queue: str | None = Field(description="The queue that the task was sent to.")
    exchange: str | None = Field(description="The exchange that the task was sent to.")
    routing_key: str | None = Field(description="The routing key of its message.")
    priority: int | None = Field(description="The priority of its message.")
    eta: float | None = Field(description="Not to be started before. " + TIME)
    expires: float | None = Field(description="Not to be started after. " + TIME)
    root_id: str | None = Field(description="The first task of its workflow.")
    parent_id: str | None = Field(description="The task that sent it.")
    group_id: str | None = Field(description="Its group.")
    at: float | None = Field(
        description="When it was sent, or else first seen: lists by `time` have this order. Null while the "
        "history is away. " + TIME
    )
    sent: float | None = Field(description="When it was sent. " + TIME)
    received: float | None = Field(description="When a worker received it. " + TIME)
    started: float | None = Field(description="When its last run began. " + TIME)
    finished: float | None = Field(description="When it ended. " + TIME)
    runtime: float | None = Field(description="Seconds of its last run.")
    progress: str | None = Field(description="What a custom state says, as JSON text.")
    run_twice: bool = Field(description="Whether it ran again after a success, or on two workers at once.")
    updated: float = Field(description="When the monitor last received something about it. " + TIME)


class TaskCount(Document):
    """How many tasks the filter finds."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="The number.")
    exact: bool = Field(description="False: there are more than this number.")


class TaskPage(Document):
    """One page of tasks."""

    tasks: list[Task] = Field(description="In the order of `sort`.")
    next_cursor: str | None = Field(description="The cursor of the next page; null at the end of the list.")
    count: TaskCount | None = Field(description="Only if the query asks to count.")


class Workflow(Document):
    """The neighbours of a task: of a chain, a group, a chord."""

    model_config = ConfigDict(from_attributes=True)

    root: Task | None = Field(description="The first task of the workflow.")
    parent: Task | None = Field(description="The task that sent this one.")
    children: list[Task] = Field(description="The tasks that this one sent.")
    workflow: list[Task] = Field(description="All tasks with the same root, oldest first.")
    complete: bool = Field(description="False: there are more tasks than are listed.")


class TaskDetail(Task):
    """One task with its runs and its neighbours."""

    traceback: str | None = Field(description="Where the last error was raised.")
    runs: list[Run] = Field(description="Every run of the task, the first one first.")
    related: Workflow | None = Field(description="Its neighbours; null while the history is away.")
    cancel: Cancel | None = Field(description="The cancel that was requested of it; null without one.")
    retry_of: str | None = Field(description="The task that this one is a retry of.")
    retried_as: list[str] = Field(description="The retries of this task, oldest first.")
    may_cancel: bool = Field(description="Whether its state allows `POST /tasks/{task_id}/cancel`.")
    may_retry: bool = Field(
        description="Whether its state allows `POST /tasks/{task_id}/retry`, and its name is known."
    )


class Explanation(Document):
    """Why a task is not running, or what became of it."""

    model_config = ConfigDict(from_attributes=True)

    reason: str = Field(description="The machine-readable word.")
    severity: Severity = Field(description="`unhealthy`: the task does not run until a person acts.")
    sentence: str = Field(description="The answer, in one sentence.")
    short_sentence: str = Field(description="The same with `this task` in place of its name and its id.")
    evidence: tuple[str, ...] = Field(description="The facts that lead to it.")
    remedy: str = Field(description="What to do; empty if there is nothing to do.")
    command: str = Field(description="The command for it; empty if there is none.")
