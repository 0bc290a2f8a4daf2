"""Ends the requests whose job fails inside the pool, which Celery leaves active for good.

The pools that run tasks in the worker's own process do not report a job that raises: a result that cannot be
stored, a task that raises SystemExit. Celery then keeps the request in ``celery.worker.state`` until the
process ends. Prefork reports each end, and is left alone. Read in the sources of Celery 5.3 to 5.7.
"""

from __future__ import annotations

from functools import wraps
from typing import Any, Callable

from celery.worker import state

from celery_probe.agent.worker import pool

IN_PROCESS = frozenset({"threads", "gevent", "eventlet", "solo"})


def end_failed_jobs(workers: Any) -> None:
    """End from now on each request whose job raises in this pool; call it once for a pool.

    A job accepts the request, runs the task and calls back, in this order. A step that raises ends the job:
    no later step runs.
    """
    if pool.kind(workers) not in IN_PROCESS:
        return
    apply = workers.on_apply

    def on_apply(target: Any, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        request = getattr(options.get("accept_callback"), "__self__", None)
        if hasattr(request, "request_dict"):
            target = _ending(request, target)
            for callback in ("accept_callback", "callback"):
                options[callback] = _ending(request, options[callback])
        return apply(target, args, kwargs, **options)

    workers.on_apply = on_apply


def _ending(request: Any, step: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(step)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return step(*args, **options)
        except BaseException:
            _end(request)
            raise

    return run


def _end(request: Any) -> None:
    """Do what ``celery.worker.state.task_ready`` does, to this request alone.

    A second delivery of the message has the same id, and may run by now.
    """
    if state.requests.get(request.id) is request:
        del state.requests[request.id]
    state.active_requests.discard(request)
    state.reserved_requests.discard(request)
