"""Actions on many tasks: on all that a filter finds, or on some by their ids."""

from typing import Any

from celery_health.verdicts.text import counted
from celery_monitor.control.bulk.proposing import Wanted
from celery_monitor.history import TaskFilter
from celery_monitor.history.filters import Term
from celery_monitor.records.bulk import Bulk as Action
from celery_monitor.records.bulk import ItemState
from celery_monitor.settings import Role
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.models.bulk import Bulk, BulkBody, Reason
from celery_monitor.web.models.tasks import Task
from celery_monitor.web.problems import ProblemError
from celery_monitor.web.routes.actions import task_id_of
from celery_monitor.web.routes.confirmations import check_dry_run_or_confirmation
from celery_monitor.web.routes.filters import written_filter
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Reply, Route


async def act_on_tasks(call: Call[NoQuery, BulkBody]) -> Reply[Bulk]:
    """A dry run, or what a dry run found."""
    body, services = call.body, call.services
    text, tasks = _tasks(body)
    call.note.subject = text
    wanted = Wanted(
        action=body.action,
        filter=text,
        tasks=tasks,
        terminate=body.terminate,
        signal=body.signal,
    )
    check_dry_run_or_confirmation(body.dry_run, body.confirmation)
    if body.confirmation is None:
        return await _proposed(call, wanted)
    action = await services.actions.bulk.start(wanted, body.confirmation, call.caller.name)
    call.note.detail = f"{action.action.value} {counted(action.count, 'task')}, id {action.id}"
    services.actions.bulk_runner.wake()
    return Reply(await _progress(call, action), status=202)


def _tasks(body: BulkBody) -> tuple[str, TaskFilter | tuple[str, ...]]:
    """The tasks, and their text in the filter language."""
    if body.ids is None:
        text = body.filter or ""
        return text, written_filter("body.filter", text)
    ids = tuple(dict.fromkeys(map(task_id_of, body.ids)))
    return str(TaskFilter(tuple(Term(field="id", value=one) for one in ids))), ids


async def get_bulk(call: Call[NoQuery, NoBody]) -> Bulk:
    """How far an action is."""
    action = await call.services.history.bulks.get(call.path["bulk_id"])
    if action is None:
        raise ProblemError(404, "There is no action with this id, or its dry run was not confirmed in time.")
    return await _progress(call, action)


async def _proposed(call: Call[NoQuery, BulkBody], wanted: Wanted) -> Reply[Bulk]:
    proposal = await call.services.actions.bulk.propose(wanted, call.caller.name)
    bulk = proposal.bulk
    call.note.dry_run = True
    call.note.detail = f"{bulk.action.value} {counted(bulk.count, 'task')}"
    document = Bulk(
        **_fields(bulk),
        waiting=bulk.count,
        done=0,
        refused=proposal.matched - bulk.count,
        uncertain=0,
        reasons=[Reason(reason=why, tasks=tasks) for why, tasks in proposal.refused],
        matched=proposal.matched,
        sample=[Task.model_validate(record) for record in proposal.sample],
        confirmation=proposal.confirmation,
        expires=bulk.expires,
    )
    return Reply(document, status=200)


async def _progress(call: Call[NoQuery, BulkBody] | Call[NoQuery, NoBody], action: Action) -> Bulk:
    progress = await call.services.history.bulks.progress(action.id)
    states = progress.states
    return Bulk(
        **_fields(action),
        waiting=states.get(ItemState.WAITING, 0) + states.get(ItemState.SENDING, 0),
        done=states.get(ItemState.DONE, 0),
        refused=states.get(ItemState.REFUSED, 0),
        uncertain=states.get(ItemState.UNCERTAIN, 0),
        reasons=[Reason(reason=problem, tasks=tasks) for problem, tasks in progress.problems],
    )


def _fields(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "action": action.action,
        "filter": action.filter,
        "state": action.state,
        "requested": action.at,
        "requested_by": action.identity,
        "ended": action.ended,
        "count": action.count,
    }


ROUTES = (
    Route(
        method="POST",
        path=f"{MONITORING}/tasks/bulk",
        handler=act_on_tasks,
        summary="Cancel or retry all tasks that a filter finds, or some by their ids, after a dry run.",
        role=Role.OPERATOR,
        statuses=(200, 202),
        errors=(409, 503),
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/tasks/bulk/{{bulk_id}}",
        handler=get_bulk,
        summary="How far an action on many tasks is.",
        errors=(404, 503),
    ),
)
