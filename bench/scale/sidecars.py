"""``python -m bench.scale.sidecars``: the sidecars of all pods, at every loopback address."""

from aiohttp import web
from tests.unit.wire.documents import encoded, worker_answer, worker_document

from celery_health.wire.names import PORT, REPORT_PATH

_IDLE = worker_document(queues=["celery"], active=[], active_count=0, reserved=0, eta=0)
_ANSWER = encoded(worker_answer(report=_IDLE))


async def report(_: web.Request) -> web.Response:
    """The answer of the sidecar of an idle worker."""
    return web.Response(body=_ANSWER, content_type="application/json")


async def order(_: web.Request) -> web.Response:
    """Every order is taken."""
    return web.json_response({}, status=202)


def main() -> None:
    """Serve until the program is ended."""
    application = web.Application()
    application.router.add_get(REPORT_PATH, report)
    application.router.add_post("/{order:.*}", order)
    web.run_app(application, host="0.0.0.0", port=PORT, access_log=None, print=None)


if __name__ == "__main__":
    main()
