"""Blocking HTTP GET of JSON, without redirects and proxies: they would receive the password."""

import base64
import http.client
import json
from types import TracebackType
from typing import Any

from celery_health.readers.timeouts import READ_SECONDS
from celery_health.readers.tls import http_context
from celery_health.urls import BrokerUrl

_MAX_BYTES = 16 * 1024 * 1024


class HttpError(Exception):
    """The status of the answer is not 200. ``body`` is the answer as JSON, None if it is not JSON."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class HttpJson:
    """One connection, open within the context. Each step has a timeout."""

    def __init__(self, url: BrokerUrl, user: str, password: str) -> None:
        self._url = url
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}", "Accept": "application/json"}
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> "HttpJson":
        url = self._url
        if url.tls:
            self._connection = http.client.HTTPSConnection(
                url.host, url.port, timeout=READ_SECONDS, context=http_context(url)
            )
        else:
            self._connection = http.client.HTTPConnection(url.host, url.port, timeout=READ_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str) -> Any:
        """The JSON document at ``path``.

        Raises:
            HttpError: the status is not 200.
            OSError: the connection failed.
            ValueError, http.client.HTTPException: the answer is not HTTP, not JSON or too large.
        """
        assert self._connection is not None
        prefix = f"/{self._url.path}" if self._url.path else ""
        self._connection.request("GET", f"{prefix}{path}", headers=self._headers)
        with self._connection.getresponse() as response:
            raw = response.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise ValueError(f"more than {_MAX_BYTES} bytes")
        if response.status != 200:
            raise HttpError(response.status, _json_or_none(raw))
        return json.loads(raw)


def _json_or_none(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
