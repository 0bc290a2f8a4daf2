"""Messages that wait in queues."""

from celery_health.verdicts.text import counted
from celery_monitor.settings import Role
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.models.messages import Message, Messages, MessagesQuery, Purge, PurgeBody, Removed
from celery_monitor.web.routes.confirmations import check_dry_run_or_confirmation
from celery_monitor.web.routes.live import known_queue
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Route


async def list_messages(call: Call[MessagesQuery, NoBody]) -> Messages:
    """The next messages of a queue. Nothing changes."""
    queue, query = known_queue(call).name, call.query
    found = await call.services.actions.messages.peek(queue, query.priority, query.limit)
    return Messages(queue=queue, messages=[Message.model_validate(one) for one in found])


async def remove_message(call: Call[NoQuery, NoBody]) -> Removed:
    """Remove the message of one task."""
    queue = known_queue(call).name
    await call.services.actions.messages.remove(queue, call.path["task_id"])
    return Removed(queue=queue, removed=1)


async def purge_queue(call: Call[NoQuery, PurgeBody]) -> Purge:
    """Remove all messages of a queue that wait."""
    queue, body = known_queue(call).name, call.body
    check_dry_run_or_confirmation(body.dry_run, body.confirmation)
    messages = call.services.actions.messages
    if body.confirmation is None:
        plan = await messages.plan_purge(queue)
        call.note.dry_run = True
        call.note.detail = counted(plan.messages, "message")
        return Purge(
            queue=queue,
            removed=0,
            messages=plan.messages,
            confirmation=plan.confirmation,
            expires=plan.expires,
        )
    removed = await messages.purge(queue, body.confirmation)
    call.note.detail = f"{counted(removed, 'message')} removed"
    return Purge(queue=queue, removed=removed)


_QUEUE = f"{MONITORING}/queues/{{queue}}"

ROUTES = (
    Route(
        method="GET",
        path=f"{_QUEUE}/messages",
        handler=list_messages,
        summary="The messages of a queue that are delivered next.",
        errors=(404, 409, 503),
    ),
    Route(
        method="DELETE",
        path=f"{_QUEUE}/messages/{{task_id}}",
        handler=remove_message,
        summary="Remove the message of one task from a queue.",
        role=Role.ADMIN,
        errors=(404, 409, 503),
    ),
    Route(
        method="POST",
        path=f"{_QUEUE}/purge",
        handler=purge_queue,
        summary="Remove all messages of a queue that wait, after a dry run.",
        role=Role.ADMIN,
        errors=(404, 409, 503),
    ),
)
