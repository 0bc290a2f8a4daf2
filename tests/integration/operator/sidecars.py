"""Worker pods without a kubelet: their status is written by the test, their sidecars are servers here."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from celery_health.wire.names import DRAIN_PATH, PORT, RESTART_HOLD_PATH, TOKEN_HEADER
from celery_operator.kinds import POD
from tests.integration.api.apiserver import Object
from tests.integration.operator.world import World
from tests.unit.wire.documents import worker_answer, worker_document

QUEUE = "celery"
NOW_MONO = 5000.0


@dataclass
class Worker:
    """One pod and what its sidecar says; ``orders`` are the holds that it was sent, with their token.

    It drains when it is ordered to, and has ``active`` tasks until the test takes them away.
    """

    pod: Object
    works: bool
    reason: str = "Consuming"
    live: bool = True
    active: int = 0
    drains: bool = False
    has_agent: bool = True
    orders: list[tuple[str, float]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.pod["metadata"]["name"])

    @property
    def has_restart_hold(self) -> bool:
        """Whether the last order was to hold."""
        return bool(self.orders) and self.orders[-1][1] > 0

    def report(self) -> Object:
        """It consumes by its own word; one that does not work has begun and ended no task for long."""
        if not self.has_agent:
            return _without_agent()
        seconds_left = self.orders[-1][1] if self.orders else 0
        consumes = self.reason == "Consuming" and not self.drains
        verdict = {"started": True, "live": self.live, "ready": consumes, "consuming": consumes}
        reason = "Draining" if self.drains else self.reason
        document = worker_document(
            queues=[QUEUE],
            written_mono=NOW_MONO,
            loop_mono=NOW_MONO,
            progress_mono=NOW_MONO - (0 if self.works else 3600),
            phase="draining" if self.drains else "consuming",
            active=[],
            active_count=self.active,
            reserved=0,
            eta=0,
        )
        return worker_answer(
            restart_hold_seconds_left=seconds_left or None,
            drain_requested=self.drains,
            drain_requested_for=1.0 if self.drains else None,
            report=document,
            verdict={"reason": reason, "message": f"The worker is {reason}.", **verdict},
        )


def _without_agent() -> Object:
    """What a sidecar answers whose worker runs and writes no report."""
    verdict = {"started": True, "live": True, "ready": True, "consuming": None}
    says = {"reason": "AgentAbsent", "message": "The worker runs, but no agent reports from it."}
    return worker_answer(hostname="", written_age=None, loop_age=None, verdict={**verdict, **says})


def _server(address: str, worker: Worker) -> ThreadingHTTPServer:
    class Sidecar(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers[TOKEN_HEADER]:
                self._answer(200, worker.report())
            else:
                self._answer(401, {"reason": "Unauthorized", "message": "Send the token."})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == RESTART_HOLD_PATH:
                worker.orders.append((self.headers[TOKEN_HEADER], body["seconds"]))
            else:
                worker.drains = self.path == DRAIN_PATH
            self._answer(202, {})

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

        def _answer(self, status: int, body: Object) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    return ThreadingHTTPServer((address, PORT), Sidecar)


class Workers:
    """The workers of a test, each at a loopback address of its own, where the operator finds its sidecar."""

    def __init__(self, world: World, stack: ExitStack) -> None:
        self._world = world
        self._stack = stack

    def run(self, pod: Object, *, works: bool) -> Worker:
        """Let a pod run, as a kubelet would, with a worker that takes messages or with a stalled one."""
        worker = Worker(pod, works)
        server, address = self._listen(worker)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self._stack.callback(server.server_close)
        self._stack.callback(server.shutdown)
        status = {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Ready")],
        }
        self._world.change(POD, worker.name, {"status": status}, "status")
        return worker

    @staticmethod
    def _listen(worker: Worker) -> tuple[ThreadingHTTPServer, str]:
        # All of 127/8 is the own machine; from the uid, so that tests side by side rarely meet.
        number = int(worker.pod["metadata"]["uid"][:6], 16)
        for attempt in range(100):
            address = f"127.{1 + (number >> 16) % 254}.{(number >> 8) % 256}.{1 + (number + attempt) % 254}"
            try:
                return _server(address, worker), address
            except OSError:
                continue
        raise AssertionError(f"no free address for port {PORT}")


@contextmanager
def running_workers(world: World) -> Iterator[Workers]:
    """Their sidecars are gone afterwards."""
    with ExitStack() as stack:
        yield Workers(world, stack)
