"""The HTTP endpoints of a worker's sidecar: those of every sidecar, and the orders for workers."""

from aiohttp import web

from celery_health.wire.answers import DrainAnswer
from celery_health.wire.bounds import QUARANTINE_LENGTH
from celery_health.wire.names import DRAIN_PATH, QUARANTINE_PATH, TASK_EVENTS_PATH, UNDRAIN_PATH
from celery_health.wire.orders import QUARANTINE_ORDER, TASK_EVENTS_ORDER, QuarantineBody, TaskEventsBody
from celery_probe.sidecar.endpoints.orders import Handler, answered, authorized, explained, with_body
from celery_probe.sidecar.endpoints.process import probe_app
from celery_probe.sidecar.observe.worker import WorkerObserver


def worker_app(observer: WorkerObserver, token: str) -> web.Application:
    """The application. Orders must send ``token``; if it is empty, all orders are refused."""
    app = probe_app(observer, token)
    app.add_routes(
        [
            web.post(DRAIN_PATH, _drain(observer, token, requested=True)),
            web.post(UNDRAIN_PATH, _drain(observer, token, requested=False)),
            web.post(QUARANTINE_PATH, _quarantine(observer, token)),
            web.post(TASK_EVENTS_PATH, _task_events(observer, token)),
        ]
    )
    return app


def _drain(observer: WorkerObserver, token: str, *, requested: bool) -> Handler:
    async def take(_request: web.Request) -> web.Response:
        try:
            observer.drain.set(requested)
        except OSError as error:
            message = f"The drain request cannot be written: {error.strerror}."
            return explained(500, "NotWritten", message)
        return answered(202, DrainAnswer(requested))

    return authorized(token, take)


def _quarantine(observer: WorkerObserver, token: str) -> Handler:
    def take(order: QuarantineBody) -> web.Response:
        try:
            observer.quarantine.set(order)
        except OSError as error:
            return explained(500, "NotWritten", f"The quarantine cannot be written: {error.strerror}.")
        return answered(202, order)

    advice = f'Send {{"queue": NAME, "ids": [ID, ...]}} with at most {QUARANTINE_LENGTH} task ids.'
    return authorized(token, with_body(QUARANTINE_ORDER, advice, take))


def _task_events(observer: WorkerObserver, token: str) -> Handler:
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
