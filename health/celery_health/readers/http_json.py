"""GET of JSON over one connection, for a thread: no redirects, no proxies, which could take the password."""

import base64
import http.client
import json
from types import TracebackType
from typing import Any

from celery_health.readers.limits import READ_SECONDS
from celery_health.readers.tls import http_context
from celery_health.urls import BrokerUrl

_MAX_BYTES = 16 * 1024 * 1024


class HttpError(Exception):
    """An answer with another status than 200. ``body`` is its JSON, or None where it has none."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class HttpJson:
    """A context in which the connection is kept; every step of it has a timeout."""

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
        """The JSON behind the path.

        Raises:
            HttpError: another status than 200.
            OSError: no connection, or it broke.
            ValueError, http.client.HTTPException: what answers is no such server.
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
