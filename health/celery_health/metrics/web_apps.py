"""The metrics of all workers that share a folder, as a WSGI or ASGI application for another program."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from stat import S_ISDIR
from typing import Any

from celery_health.metrics.options import FOLDER_VARIABLE, MetricsError
from celery_health.metrics.scrape import scraped
from celery_health.task_metrics.files import Found, read_folder

log = logging.getLogger(__name__)

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
AsgiApp = Callable[[dict[str, Any], Callable[..., Any], Callable[..., Any]], Awaitable[None]]


def wsgi_app(folder: str | Path | None = None) -> WsgiApp:
    """A WSGI application that answers every request with the metrics.

    It answers 503 with a sentence, and logs the sentence once, while the folder does not exist or cannot be
    read. The first worker creates the folder.

    Args:
        folder: the folder that the workers write to; ``CELERY_METRICS_DIRECTORY`` if None.

    Raises:
        MetricsError: no folder is given.
    """
    metrics = _FolderMetrics(_folder(folder))

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, content_type, body = metrics.scraped(environ.get("HTTP_ACCEPT", ""))
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    return answer


def asgi_app(folder: str | Path | None = None) -> AsgiApp:
    """The same as an ASGI application. Its arguments and errors are those of ``wsgi_app``."""
    metrics = _FolderMetrics(_folder(folder))

    async def answer(scope: dict[str, Any], _receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http":
            raise RuntimeError("The task metrics answer HTTP requests only.")
        accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        status, content_type, body = await asyncio.to_thread(metrics.scraped, accept)
        headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status.value, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def _folder(folder: str | Path | None) -> Path:
    named = folder or os.environ.get(FOLDER_VARIABLE)
    if not named:
        raise MetricsError(
            f"No folder: set {FOLDER_VARIABLE} for the workers and for this program, to the same folder."
        )
    return Path(named)


class _FolderMetrics:
    """The answers to scrapes of one folder. A problem is logged when it begins."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._problem = ""

    def scraped(self, accept: str) -> tuple[HTTPStatus, str, bytes]:
        """The status, the content type and the body."""
        found = read_folder(self._folder)
        problem = _as_text(self._problem_of(found))
        if problem and problem != self._problem:
            log.warning("Task metrics: %s", problem)
        self._problem = problem
        if problem:
            return HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", f"{problem}\n".encode()
        return HTTPStatus.OK, *scraped(found.documents, accept)

    def _problem_of(self, found: Found) -> str:
        folder = self._folder
        if found.documents:
            return ""
        unreadable = f"No file in {folder} can be read. Give this program read access."
        try:
            is_folder = S_ISDIR(folder.stat().st_mode)
        except FileNotFoundError:
            return _missing(folder)
        except PermissionError:
            return unreadable
        except OSError as error:
            return f"The folder {folder} cannot be opened: {error.strerror}."
        if not is_folder:
            return f"{folder} is not a folder."
        return unreadable if found.unreadable or not os.access(folder, os.R_OK | os.X_OK) else ""


def _missing(folder: Path) -> str:
    if folder.is_symlink():
        return f"{folder} is a link to a folder that does not exist. Create the folder that it names."
    return (
        f"The folder {folder} does not exist. The first worker with {FOLDER_VARIABLE}={folder} "
        "creates it, if the folder above it exists and the worker may write there."
    )


def _as_text(problem: str) -> str:
    # The name of a folder may be bytes that are no text: neither an answer nor a log can carry them.
    return problem.encode(errors="backslashreplace").decode()
