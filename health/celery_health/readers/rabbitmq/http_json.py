"""Blocking HTTP GET of JSON, without redirects and proxies: they would receive the password."""

import base64
import http.client
import io
import socket
import ssl
from functools import partial
from types import TracebackType
from typing import Any

from celery_health.readers.access import ANYWHERE, Access, first_that_connects
from celery_health.readers.budget import Budget, MeteredFile, TooMuchError
from celery_health.readers.timeouts import READ_SECONDS
from celery_health.readers.tls import http_context
from celery_health.urls import BrokerUrl

MAX_BYTES = 2 * 1024 * 1024
"""The size of an answer. The columns of 7,000 queues take about as much."""

MAX_VALUES = 100_000
"""The values of a JSON document, counted by what separates them: those of some 6,000 queues with rates."""

_HEAD_BYTES = 64 * 1024
_PART = 64 * 1024


class HttpError(Exception):
    """The status of the answer is not 200. ``body`` is the answer."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class HttpJson:
    """One connection, open within the context. Each step has a timeout."""

    def __init__(self, url: BrokerUrl, user: str, password: str, access: Access = ANYWHERE) -> None:
        self._url = url
        self._access = access
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}", "Accept": "application/json"}
        self._connection: http.client.HTTPConnection | None = None
        self._budget = Budget(MAX_BYTES)

    def __enter__(self) -> "HttpJson":
        context = http_context(self._url) if self._url.tls else None
        self._connection = _Connection(self._url, context, self._access)
        self._connection.response_class = partial(_Response, budget=self._budget)  # type: ignore[assignment]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str) -> bytes:
        """The document at ``path``: JSON of a bounded size with a bounded number of values, not yet decoded.

        Raises:
            HttpError: the status is not 200.
            OSError: the connection failed.
            TooMuchError: the answer exceeds a bound.
            ValueError, http.client.HTTPException: the answer is not HTTP.
        """
        assert self._connection is not None
        prefix = f"/{self._url.path}" if self._url.path else ""
        self._connection.request("GET", f"{prefix}{path}", headers=self._headers)
        with self._connection.getresponse() as response:
            body = self._body(response)
        if sum(map(body.count, (b",", b"[", b"{"))) > MAX_VALUES:
            raise TooMuchError
        if response.status != 200:
            raise HttpError(response.status, body)
        return body

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """In parts: ``read`` would keep a list of all chunks, however small they are."""
        body = bytearray()
        while part := response.read1(_PART):
            self._budget.take(0)
            body += part
        return bytes(body)


class _Connection(http.client.HTTPConnection):
    """Connects to an address that was checked. It sends the host's name all the same."""

    def __init__(self, url: BrokerUrl, context: ssl.SSLContext | None, access: Access) -> None:
        super().__init__(url.host, url.port, timeout=READ_SECONDS)
        # As http.client.HTTPSConnection has it: the header Host then has no port.
        self.default_port = http.client.HTTPS_PORT if context else http.client.HTTP_PORT
        self._context = context
        self._access = access

    def connect(self) -> None:
        """Connect, with TLS if the URL says so. Raises OSError."""
        self.sock = first_that_connects(self.host, self.port, self._access, self._connected_to)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)

    def _connected_to(self, address: str) -> socket.socket:
        made = socket.create_connection((address, self.port), self.timeout)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


class _Response(http.client.HTTPResponse):
    """Takes its head, and then its body, from the budget while they arrive."""

    def __init__(self, sock: Any, *arguments: Any, budget: Budget, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._budget = budget
        self.fp = io.BufferedReader(MeteredFile(self.fp.detach(), budget))

    def begin(self) -> None:
        """Read the head, and those of interim responses before it."""
        self._budget.begin(_HEAD_BYTES - MAX_BYTES)
        super().begin()
        self._budget.begin()
