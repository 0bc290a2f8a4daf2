"""``serve(port)``: the metrics of a worker from the worker itself, where no sidecar runs beside it."""

import logging
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from celery_health.metrics.options import MetricsError
from celery_health.metrics.scrape import scraped
from celery_health.metrics.worker import METRICS
from celery_health.wire.task_metrics import TASK_METRICS

log = logging.getLogger(__name__)

REQUEST_SECONDS = 5.0
_LAST_PORT = 65_535


def serve(port: int, address: str = "0.0.0.0") -> None:  # noqa: S104 - Prometheus runs elsewhere
    """Answer ``GET /metrics`` on this port as long as the worker lives.

    Call it where the application is made. In programs that only import the application, such as a web server,
    it does nothing. If the port is in use, the worker logs an error and works without it.

    Args:
        port: the TCP port. Every worker of a host needs its own.
        address: the address to listen on; ``127.0.0.1`` for this host alone.

    Raises:
        MetricsError: there is no such port.
    """
    if not isinstance(port, int) or not 0 < port <= _LAST_PORT:
        raise MetricsError(f"port={port!r}: use a number from 1 to {_LAST_PORT}, such as 9100.")
    METRICS.when_begun(lambda: _start(port, address))


def _start(port: int, address: str) -> None:
    try:
        server = ThreadingHTTPServer((address, port), _Handler)
    except OSError as error:
        log.error("Task metrics: not served on port %s, %s. Choose another port.", port, error.strerror)
        return
    server.daemon_threads = True
    # A pool child would keep the port when the worker has ended.
    os.register_at_fork(after_in_child=server.socket.close)
    Thread(target=server.serve_forever, name="task-metrics-http", daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_SECONDS

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404, "The path is /metrics.")
            return
        document = TASK_METRICS.decode(METRICS.shown())
        content_type, body = scraped([document], self.headers.get("Accept", ""))
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A scrape is no news."""
