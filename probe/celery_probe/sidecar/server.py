"""The HTTP endpoints of a worker's sidecar: those of every sidecar, and drains on the shared volume."""

from aiohttp import web

from celery_probe.sidecar.endpoints import probe_app
from celery_probe.sidecar.observer import Observer
from celery_probe.sidecar.orders import Handler, refusal, said


def make_app(observer: Observer, token: str) -> web.Application:
    """The application. ``token`` is what orders must show; empty, nobody may give one."""
    app = probe_app(observer, token)
    app.add_routes(
        [
            web.post("/drain", _drain(observer, token, wanted=True)),
            web.post("/undrain", _drain(observer, token, wanted=False)),
        ]
    )
    return app


def _drain(observer: Observer, token: str, *, wanted: bool) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        refused = refusal(request, token)
        if refused is not None:
            return refused
        try:
            observer.drain.set(wanted)
        except OSError as error:
            return said(500, "NotWritten", f"The wish cannot be written: {error.strerror}.")
        return web.json_response({"drain_wanted": wanted}, status=202)

    return answer
