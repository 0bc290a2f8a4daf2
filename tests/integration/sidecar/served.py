"""A sidecar as its own process, asked over HTTP."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.testbed.servers import free_port
from tools.testbed.waiting import wait_for

from celery_health.wire.names import RESTART_HOLD_PATH
from celery_probe.bundle import install

TOKEN = "drain-me"
AUTHORIZED: Mapping[str, str] = {"Authorization": f"Bearer {TOKEN}"}
ROOT = Path(__file__).parents[3]
NO_HEADERS: Mapping[str, str] = {}
# For one answer: a busy machine may hold the sidecar up for seconds.
ANSWER_SECONDS = 30.0
COMMAND = [sys.executable, "-m", "celery_probe.sidecar", "serve"]


@dataclass(frozen=True)
class Sidecar:
    """A served sidecar of the worker that shares ``directory``."""

    port: int
    directory: Path
    process: subprocess.Popen[str]

    def ask(self, path: str, method: str = "GET", headers: Mapping[str, str] = NO_HEADERS) -> tuple[int, Any]:
        """Status and body of one request; JSON is read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, headers=dict(headers))
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        return answer.status, json.loads(text) if text.startswith("{") else text

    def status(self, path: str) -> int:
        """Status alone."""
        return self.ask(path)[0]

    def reason(self, path: str) -> str:
        """The reason in a probe's answer."""
        return str(self.ask(path)[1]["reason"])

    def order(self, path: str) -> int:
        """POST with the token."""
        return self.ask(path, "POST", AUTHORIZED)[0]

    def hold(self, seconds: float) -> int:
        """POST a hold with the token."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            body = json.dumps({"seconds": seconds})
            connection.request("POST", RESTART_HOLD_PATH, body, dict(AUTHORIZED))
            return connection.getresponse().status
        finally:
            connection.close()

    def report(self) -> dict[str, Any]:
        """The body of ``/report``, with the token."""
        body: dict[str, Any] = self.ask("/report", headers=AUTHORIZED)[1]
        return body


def environment(**changes: str) -> dict[str, str]:
    """This process's environment with the source roots on the path, and these changes."""
    roots = os.pathsep.join(str(ROOT / name) for name in ("health", "probe"))
    return {**os.environ, "PYTHONPATH": roots, **changes}


@contextmanager
def served(directory: Path, broker_url: str = "") -> Iterator[Sidecar]:
    """A sidecar that answers, with the agent installed in ``directory``; ended when the block ends."""
    install(directory)
    port = free_port()
    env = environment(
        CELERY_PROBE_DIRECTORY=str(directory),
        CELERY_PROBE_PORT=str(port),
        CELERY_PROBE_TOKEN=TOKEN,
        CELERY_BROKER_URL=broker_url,
    )
    with subprocess.Popen(COMMAND, env=env, text=True) as process:
        sidecar = Sidecar(port, directory, process)
        try:
            wait_for(lambda: _answers(sidecar), 60, "the sidecar to answer")
            yield sidecar
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _answers(sidecar: Sidecar) -> bool:
    assert sidecar.process.poll() is None, "the sidecar ended"
    try:
        return sidecar.status("/healthz") == 200
    except OSError:
        return False
