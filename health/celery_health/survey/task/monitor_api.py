"""Has a monitor cancel or retry a task: it keeps the cancel, and links both tasks."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from celery_health.error_text import in_one_line
from celery_health.survey.task.actions import TaskActionError

_TASKS = "/api/automation/monitoring/tasks"
_MAX_BYTES = 1024 * 1024
_REFUSALS = frozenset({400, 404, 409, 415, 422})


@dataclass(frozen=True, slots=True)
class MonitorAccess:
    """How to reach a monitor. ``seconds``: for each step of a request."""

    url: str
    token: str = field(repr=False)
    seconds: float


def request_of_monitor(
    access: MonitorAccess, task_id: str, action: str, body: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The monitor's answer to ``POST tasks/{task_id}/{action}``. It blocks.

    Redirects and proxies are not used: they would receive the token.

    Raises:
        TaskActionError: the monitor refuses, or does not answer.
    """
    url = access.url
    try:
        connection, path = _connection(url, access.seconds)
    except ValueError:
        raise TaskActionError(
            f"{url!r} is not the URL of a monitor: write for example http://HOST:8555."
        ) from None
    # An id that is also a word of the API needs the prefix.
    target = f"{path}{_TASKS}/id:{quote(task_id, safe='')}/{action}"
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if access.token:
        headers["Authorization"] = f"Bearer {access.token}"
    try:
        connection.request("POST", target, json.dumps(body).encode(), headers)
        with connection.getresponse() as response:
            status, raw = response.status, response.read(_MAX_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise TaskActionError(
            f"The monitor at {url} cannot be reached: {in_one_line(error).rstrip('.')}.", refused=False
        ) from None
    finally:
        connection.close()
    answer = _json(raw)
    if status in {200, 201, 202}:
        return answer
    raise TaskActionError(_sentence(url, status, answer), refused=status in _REFUSALS)


def _connection(url: str, seconds: float) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise ValueError(url)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return (
            http.client.HTTPSConnection(parts.hostname, parts.port, timeout=seconds, context=context),
            parts.path.rstrip("/"),
        )
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds), parts.path.rstrip("/")


def _json(raw: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _sentence(url: str, status: int, answer: Mapping[str, Any]) -> str:
    if status == 401:
        return f"The monitor at {url} does not know the token: set CELERY_MONITOR_TOKEN to one of its tokens."
    if status == 403:
        return "The token may only read: use one with the role operator."
    detail = answer.get("detail")
    if isinstance(detail, str) and detail.isprintable():
        return detail
    return f"The monitor at {url} answers with HTTP {status}: check that the URL is that of a monitor."
