"""Whether a worker is the application's: applications may share a broker and its remote control."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from celery_health.survey.check_run import CheckRun
from celery_health.survey.remote_control import broadcast
from celery_health.survey.snapshot import Snapshot
from celery_health.survey.workers import seconds_for_known_workers
from celery_health.threads import run_in_thread
from celery_health.verdicts.worker_snapshot import WorkerSnapshot

_TASKS_OF_EVERY_APPLICATION = ("celery.", "celery_health.")


async def is_served(run: CheckRun, snapshot: Snapshot) -> bool | None:
    """None if unknown: the tasks of the application, or of the workers, are not known."""
    app, workers = run.connection.app, snapshot.workers
    consumed = {name for worker in workers for name in worker.queues}
    complete = snapshot.workers_known and app is not None and workers
    if not complete or consumed & _own_queues(run):
        return True
    seconds = seconds_for_known_workers(run.budget)
    try:
        known = await run_in_thread(lambda: _know_a_task(app, seconds, workers), run.budget.left)
    except Exception:  # whatever a broker or the application raises, the answer is not known
        return None
    return known or (None if has_functions(app.conf.task_routes) else known)


def _know_a_task(app: Any, seconds: float, workers: Sequence[WorkerSnapshot]) -> bool | None:
    """Whether one of these workers knows a task of ``app``; None where no task of it is known here.

    It imports the modules with tasks as a worker does, and then blocks for at most about ``seconds``.
    """
    complete = True
    try:
        app.loader.import_default_modules()
    except (Exception, SystemExit):  # the tasks that are loaded are evidence all the same
        complete = False
    own = {name for name in app.tasks if not name.startswith(_TASKS_OF_EVERY_APPLICATION)}
    names = [worker.name for worker in workers]
    limit = sum(worker.copies for worker in workers)
    with app.connection_for_write(connect_timeout=seconds) as connection:
        registered = broadcast(app, connection, "registered", seconds, destination=names, limit=limit)
    if any(str(task).split(" ", 1)[0] in own for tasks in registered.values() for task in tasks):
        return True
    return False if own and complete and len(registered) == len(names) else None


def _own_queues(run: CheckRun) -> set[str]:
    """The queues that the application declares or routes tasks to, and those that the user names."""
    declared = run.connection.queues or (run.connection.default_queue,)
    return {*routed_queues(run.connection.app.conf.task_routes), *declared, *run.options.queues}


def routed_queues(routes: object) -> Iterator[str]:
    """The queues in ``task_routes``, but for those that functions choose."""
    for route in _each(routes):
        pairs = (
            route.items() if isinstance(route, Mapping) else route if isinstance(route, list | tuple) else ()
        )
        for _, target in pairs:
            queue = target.get("queue") if isinstance(target, Mapping) else target
            name = getattr(queue, "name", queue)
            if isinstance(name, str):
                yield name


def has_functions(routes: object) -> bool:
    """Whether functions, or classes by their names, are among the routes: their queues are not known."""
    return any(not isinstance(route, Mapping | list | tuple) for route in _each(routes))


def _each(routes: object) -> Sequence[Any]:
    if routes is None:
        return ()
    return routes if isinstance(routes, list | tuple) else (routes,)
