"""What the operator does for a monitor: it pushes what it knows, and carries out what users request."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tools.testbed.waiting import wait_for

from celery_health.wire.group_requests import REQUESTS_PATH
from celery_health.wire.resource_push import PUSH_PATH, PUSH_TOKEN_HEADER
from tests.integration.monitor.monitor_process import Monitor

PUSH_TOKEN = "fedcba9876543210fedc"
_SECONDS = 60.0
_PUSH_SECONDS = 3.0


def post(running: Monitor, path: str, body: Any, header: tuple[str, str]) -> tuple[int, Any]:
    """Status and document of a request with a JSON body."""
    request = urllib.request.Request(
        running.url + path,
        data=json.dumps(body).encode(),
        headers={header[0]: header[1], "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
            return response.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def push(running: Monitor, document: Mapping[str, Any]) -> None:
    """Describe the resource."""
    assert post(running, PUSH_PATH, document, (PUSH_TOKEN_HEADER, PUSH_TOKEN))[0] == 202


def hand_over(running: Monitor, *outcomes: Any) -> list[Any]:
    """Say what became of requests; returns those that wait."""
    body = {"version": 1, "outcomes": list(outcomes)}
    status, answer = post(running, REQUESTS_PATH, body, (PUSH_TOKEN_HEADER, PUSH_TOKEN))
    assert status == 202
    return list(answer["requests"])


class OperatorSide:
    """An operator that pushes ``document`` until it is stopped, and carries out requests as the test says."""

    def __init__(self, running: Monitor, document: dict[str, Any]) -> None:
        self.running = running
        self.document = document
        self._stopped = threading.Event()
        # A push that began before a change must not arrive after that of the change.
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._push_on, daemon=True)

    def group(self, name: str, **changes: Any) -> None:
        """Push at once that a group has changed."""
        with self._turn:
            for one in self.document["groups"]:
                if one["name"] == name:
                    one.update(changes)
            push(self.running, self.document)

    def carry_out(self, *, done: bool, message: str) -> Any:
        """Wait for a request, say what became of it, and return it."""
        [request] = wait_for(lambda: hand_over(self.running), _SECONDS, self.running.text)
        assert hand_over(self.running, {"id": request["id"], "done": done, "message": message}) == []
        return request

    def start(self) -> None:
        """Push now, and then every few seconds."""
        push(self.running, self.document)
        self._thread.start()

    def stop(self) -> None:
        """Push no more."""
        self._stopped.set()
        self._thread.join()

    def _push_on(self) -> None:
        while not self._stopped.wait(_PUSH_SECONDS):
            with self._turn:
                push(self.running, self.document)


@contextmanager
def operating(running: Monitor, document: dict[str, Any]) -> Iterator[OperatorSide]:
    """An operator that pushes until the block ends."""
    operator = OperatorSide(running, document)
    operator.start()
    try:
        yield operator
    finally:
        operator.stop()
