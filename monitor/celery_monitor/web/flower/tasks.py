"""GET /api/tasks, /api/task/types and /api/task/info/ID."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from pydantic import ConfigDict, Field

from celery_monitor.history.errors import HistoryError
from celery_monitor.history.filters.errors import FilterError
from celery_monitor.history.filters.terms import TaskFilter
from celery_monitor.history.history import History
from celery_monitor.history.views import Sort, SortKey
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.web.flower.plain_errors import PLAIN_ERRORS
from celery_monitor.web.flower.search import SearchError, list_filter, parse_search
from celery_monitor.web.flower.task_document import FlowerTask, flower_task
from celery_monitor.web.models.base import Document, NoBody, NoQuery, Query
from celery_monitor.web.problems import ProblemError, unavailable
from celery_monitor.web.routing import Call, Route

MAX_TASKS = 1000
MAX_OFFSET = 10_000
_TASKS_IN_A_TURN = 200
_SORTS = {
    "name": SortKey.NAME,
    "state": SortKey.STATE,
    # The history is sorted by the time at which a task was sent or first seen.
    "received": SortKey.TIME,
    "started": SortKey.TIME,
}
_KEYS = ", ".join(sorted(_SORTS))


class FlowerQuery(Query):
    """Parameters of Flower. It ignores others, and so do these routes."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TasksQuery(FlowerQuery):
    """Which tasks to list."""

    limit: int | None = Field(default=None, ge=0, description=f"How many tasks; {MAX_TASKS} at most.")
    offset: int = Field(default=0, le=MAX_OFFSET, description="How many tasks to leave out first.")
    sort_by: str | None = Field(
        default=None, description="`name`, `state`, `received` or `started`; `-` before."
    )
    workername: str | None = Field(default=None, max_length=255, description="The worker of the last run.")
    taskname: str | None = Field(default=None, max_length=255, description="The name of the task.")
    state: str | None = Field(default=None, max_length=64, description="The state of the task.")
    received_start: str | None = Field(default=None, max_length=32, description="`YYYY-MM-DD HH:MM`.")
    received_end: str | None = Field(default=None, max_length=32, description="`YYYY-MM-DD HH:MM`.")
    search: str | None = Field(default=None, max_length=2048, description="Terms that all have to hold.")


class TaskTypes(Document):
    """The names of tasks. In JSON the field is `task-types`."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)

    task_types: list[str] = Field(serialization_alias="task-types", description="The names, sorted.")


async def flower_tasks(call: Call[TasksQuery, NoBody]) -> web.Response:
    """Tasks by id, newest first."""
    query = call.query
    try:
        wanted = _filter(query)
    except SearchError as error:
        return web.json_response({"error": str(error)}, status=400)
    limit = MAX_TASKS if query.limit is None else min(query.limit, MAX_TASKS)
    records = await _listed(call.services.history, wanted, _sort(query.sort_by), max(0, query.offset), limit)
    return web.json_response(text=await _document(records))


async def flower_task_types(call: Call[NoQuery, NoBody]) -> TaskTypes:
    """The names of all tasks of the history."""
    try:
        return TaskTypes(task_types=sorted(await call.services.history.values("name")))
    except HistoryError as error:
        raise unavailable(str(error)) from None


async def flower_task_info(call: Call[NoQuery, NoBody]) -> FlowerTask:
    """One task."""
    task_id = call.path["task_id"]
    try:
        view = await call.services.history.detail(task_id)
    except HistoryError as error:
        raise unavailable(str(error)) from None
    if view.task is None:
        raise ProblemError(404, f"Unknown task '{task_id}'")
    children = () if view.related is None else tuple(child.id for child in view.related.children)
    return flower_task(view.task, children)


def _filter(query: TasksQuery) -> TaskFilter:
    try:
        found = list_filter(
            worker=query.workername,
            name=query.taskname,
            state=query.state,
            since=query.received_start,
            until=query.received_end,
        )
    except FilterError as error:
        raise ProblemError(400, f"{error}.") from None
    except ValueError:
        raise ProblemError(
            400, "Invalid received_start or received_end, expected format 'YYYY-MM-DD HH:MM'"
        ) from None
    return found & parse_search(query.search) if query.search else found


def _sort(text: str | None) -> Sort:
    if not text:
        return Sort()
    key = _SORTS.get(text.lstrip("-"))
    if key is None:
        raise ProblemError(400, f"Invalid sort_by '{text}', expected one of {_KEYS}")
    return Sort(key, text.startswith("-"))


async def _listed(
    history: History, wanted: TaskFilter, sort: Sort, offset: int, limit: int
) -> list[TaskRecord]:
    """The history has pages with a cursor, and no offset: the tasks before are read and left out."""
    records: list[TaskRecord] = []
    cursor = None
    try:
        while len(records) < offset + limit:
            page = await history.tasks(wanted, sort, cursor, offset + limit - len(records))
            records += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
    except HistoryError as error:
        raise unavailable(str(error)) from None
    return records[offset : offset + limit]


async def _document(records: Sequence[TaskRecord]) -> str:
    """All tasks by id as JSON, made in turns: thousands take long, and others are served in between."""
    entries = []
    for number, record in enumerate(records, 1):
        entries.append(f"{json.dumps(record.id)}: {json.dumps(_listed_task(record))}")
        if number % _TASKS_IN_A_TURN == 0:
            await asyncio.sleep(0)
    return f"{{{', '.join(entries)}}}"


def _listed_task(record: TaskRecord) -> dict[str, Any]:
    """As Flower's list has it: the worker comes last, and not at all if there is none."""
    task = flower_task(record).model_dump()
    worker = task.pop("worker")
    return task if worker is None else {**task, "worker": worker}


ROUTES = (
    Route(
        method="GET",
        path="/api/tasks",
        handler=flower_tasks,
        summary="Flower: tasks by id.",
        errors=(400, 503),
        error_shape=PLAIN_ERRORS,
        tag="flower",
    ),
    Route(
        method="GET",
        path="/api/task/types",
        handler=flower_task_types,
        summary="Flower: the names of tasks.",
        errors=(503,),
        error_shape=PLAIN_ERRORS,
        tag="flower",
    ),
    Route(
        method="GET",
        path="/api/task/info/{task_id}",
        handler=flower_task_info,
        summary="Flower: one task.",
        errors=(404, 503),
        error_shape=PLAIN_ERRORS,
        tag="flower",
    ),
)
