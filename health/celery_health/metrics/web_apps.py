"""The metrics of all workers that share a folder, as a WSGI or ASGI application for another program."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from celery_health.metrics.options import FOLDER_VARIABLE, MetricsError
from celery_health.metrics.scrape import scraped
from celery_health.task_metrics.files import read_folder

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
AsgiApp = Callable[[dict[str, Any], Callable[..., Any], Callable[..., Any]], Awaitable[None]]


def wsgi_app(folder: str | Path | None = None) -> WsgiApp:
    """A WSGI application that answers every request with the metrics.

    Args:
        folder: the folder that the workers write to; ``CELERY_METRICS_DIRECTORY`` if None.

    Raises:
        MetricsError: no folder is given.
    """
    found = _folder(folder)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        content_type, body = _scraped(found, environ.get("HTTP_ACCEPT", ""))
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]

    return answer


def asgi_app(folder: str | Path | None = None) -> AsgiApp:
    """The same as an ASGI application. Its arguments and errors are those of ``wsgi_app``."""
    found = _folder(folder)

    async def answer(scope: dict[str, Any], _receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http":
            raise RuntimeError("The task metrics answer HTTP requests only.")
        accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        content_type, body = await asyncio.to_thread(_scraped, found, accept)
        headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def _folder(folder: str | Path | None) -> Path:
    named = folder or os.environ.get(FOLDER_VARIABLE)
    if not named:
        raise MetricsError(
            f"No folder: set {FOLDER_VARIABLE} for the workers and for this program, to the same folder."
        )
    return Path(named)


def _scraped(folder: Path, accept: str) -> tuple[str, bytes]:
    return scraped(read_folder(folder).documents, accept)
