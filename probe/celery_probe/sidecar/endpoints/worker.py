"""The HTTP endpoints of a worker's sidecar: those of every sidecar, and the orders for workers."""

from aiohttp import web

from celery_health.wire.answers import DrainAnswer
from celery_health.wire.bounds import LONGEST_DRAIN_EXPIRY, QUARANTINE_LENGTH
from celery_health.wire.names import DRAIN_PATH, QUARANTINE_PATH, TASK_EVENTS_PATH, UNDRAIN_PATH
from celery_health.wire.orders import (
    DRAIN_ORDER,
    QUARANTINE_ORDER,
    TASK_EVENTS_ORDER,
    DrainBody,
    QuarantineBody,
    TaskEventsBody,
)
from celery_probe.sidecar.endpoints.access import authorized
from celery_probe.sidecar.endpoints.answers import Handler, answered, explained
from celery_probe.sidecar.endpoints.orders import with_body
from celery_probe.sidecar.endpoints.process import probe_app
from celery_probe.sidecar.observe.worker import WorkerObserver
from celery_probe.sidecar.token import Token

_EXPIRY = f"from 1 to {LONGEST_DRAIN_EXPIRY:.0f} seconds"


def worker_app(observer: WorkerObserver, token: Token) -> web.Application:
    """The application. ``token`` as of ``probe_app``."""
    app = probe_app(observer, token)
    app.add_routes(
        [
            web.post(DRAIN_PATH, _drain(observer, token)),
            web.post(UNDRAIN_PATH, _undrain(observer, token)),
            web.post(QUARANTINE_PATH, _quarantine(observer, token)),
            web.post(TASK_EVENTS_PATH, _task_events(observer, token)),
        ]
    )
    return app


def _drain(observer: WorkerObserver, token: Token) -> Handler:
    """A drain without a body does not expire."""

    def take(order: DrainBody) -> web.Response:
        return _set_drain(observer, True, order.expires_after)

    with_expiry = with_body(DRAIN_ORDER, f'Send nothing, or {{"expires_after": N}} with N {_EXPIRY}.', take)

    async def answer(request: web.Request) -> web.Response:
        return await with_expiry(request) if request.can_read_body else take(DrainBody())

    return authorized(token, answer)


def _undrain(observer: WorkerObserver, token: Token) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        return _set_drain(observer, False)

    return authorized(token, answer)


def _set_drain(observer: WorkerObserver, requested: bool, expires_after: float | None = None) -> web.Response:
    try:
        observer.drain.set(requested, expires_after)
    except OSError as error:
        return explained(500, "NotWritten", f"The drain request cannot be written: {error.strerror}.")
    return answered(202, DrainAnswer(requested))


def _quarantine(observer: WorkerObserver, token: Token) -> Handler:
    def take(order: QuarantineBody) -> web.Response:
        try:
            observer.quarantine.set(order)
        except OSError as error:
            return explained(500, "NotWritten", f"The quarantine cannot be written: {error.strerror}.")
        return answered(202, order)

    advice = f'Send {{"queue": NAME, "ids": [ID, ...]}} with at most {QUARANTINE_LENGTH} task ids.'
    return authorized(token, with_body(QUARANTINE_ORDER, advice, take))


def _task_events(observer: WorkerObserver, token: Token) -> Handler:
    def take(order: TaskEventsBody) -> web.Response:
        try:
            observer.task_events.set(order.enabled)
        except OSError as error:
            message = f"The request for task events cannot be written: {error.strerror}."
            return explained(500, "NotWritten", message)
        return answered(202, order)

    return authorized(
        token, with_body(TASK_EVENTS_ORDER, 'Send {"enabled": true} or {"enabled": false}.', take)
    )
