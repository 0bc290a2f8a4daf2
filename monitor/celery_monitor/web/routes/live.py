"""What runs now: workers, queues and the schedule, and the verdicts on them."""

from typing import Any

from celery_monitor.live.views import QueueView
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.models.live import Queue, Queues, Schedule, Worker, Workers
from celery_monitor.web.models.verdicts import FleetHealth, FleetVerdict
from celery_monitor.web.problems import ProblemError
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Route


async def list_workers(call: Call[NoQuery, NoBody]) -> Workers:
    """All workers, those that are offline too."""
    return Workers(workers=[Worker.model_validate(view) for view in call.services.live.workers()])


async def get_worker(call: Call[NoQuery, NoBody]) -> Worker:
    """One worker."""
    view = call.services.live.worker(call.path["worker"])
    if view is None:
        raise ProblemError(404, "The monitor has never seen a worker of this name.")
    return Worker.model_validate(view)


async def list_queues(call: Call[NoQuery, NoBody]) -> Queues:
    """All queues."""
    return Queues(queues=[Queue.model_validate(view) for view in call.services.live.queues()])


async def get_queue(call: Call[NoQuery, NoBody]) -> Queue:
    """One queue."""
    return Queue.model_validate(known_queue(call))


def known_queue(call: Call[Any, Any]) -> QueueView:
    """The queue that the path names. Raises ProblemError (404) for a name that is none."""
    view = call.services.live.queue(call.path["queue"])
    if view is None:
        raise ProblemError(404, "No worker consumes a queue of this name, and the broker shows none.")
    return view


async def get_schedule(call: Call[NoQuery, NoBody]) -> Schedule:
    """The periodic tasks of beat."""
    return Schedule.model_validate(call.services.live.schedule())


async def get_health(call: Call[NoQuery, NoBody]) -> FleetHealth:
    """The verdicts on the fleet, as `celery-health` prints them."""
    application = call.services.application
    state = await application.fleet.state()
    return FleetHealth(
        at=state.snapshot.at,
        app=application.connection.name,
        broker=state.snapshot.broker.address,
        health=state.result.health,
        verdicts=[FleetVerdict.model_validate(problem) for problem in state.result.problems],
    )


ROUTES = (
    Route(
        method="GET",
        path=f"{MONITORING}/health",
        handler=get_health,
        summary="The health of the fleet, and its verdicts.",
    ),
    Route(method="GET", path=f"{MONITORING}/workers", handler=list_workers, summary="All workers."),
    Route(
        method="GET",
        path=f"{MONITORING}/workers/{{worker}}",
        handler=get_worker,
        summary="One worker.",
        errors=(404,),
    ),
    Route(method="GET", path=f"{MONITORING}/queues", handler=list_queues, summary="All queues."),
    Route(
        method="GET",
        path=f"{MONITORING}/queues/{{queue}}",
        handler=get_queue,
        summary="One queue.",
        errors=(404,),
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/schedule",
        handler=get_schedule,
        summary="The periodic tasks of beat, with last and next run.",
    ),
)
