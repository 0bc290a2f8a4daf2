"""Half-open requests: the probes are answered, and the connections end."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from celery_probe.sidecar.bounded_server import ANSWER_SECONDS, FIRST_REQUEST_SECONDS, MOST_CONNECTIONS
from tests.integration.sidecar.served import Sidecar, served

HALF_A_REQUEST = b"GET /report HTTP/1.1\r\nHost: x\r\nX-Padding: "
MANY_REQUESTS = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 500
RUNS = [{"task": f"t{number}", "value": "x" * 64, "started": 1} for number in range(1000)]
TASK_METRICS = {"version": 1, "prefix": "shop", "label": "customer_id", "bounds": [1.0], "runs": RUNS}
MOST_GROWTH = 8 * 1024
# Each of a hundred connections may have 64 KiB that are not sent, and an answer.
MOST_UNREAD_GROWTH = 24 * 1024


@pytest.fixture
def sidecar(tmp_path: Path) -> Iterator[Sidecar]:
    with served(tmp_path) as sidecar:
        yield sidecar


def memory(sidecar: Sidecar) -> int:
    """Resident memory in KiB."""
    status = Path(f"/proc/{sidecar.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def open_files(sidecar: Sidecar) -> int:
    return len(list(Path(f"/proc/{sidecar.process.pid}/fd").iterdir()))


def test_half_open_requests_cost_little_and_keep_no_probe_waiting(sidecar: Sidecar) -> None:
    before, files = memory(sidecar), open_files(sidecar)
    with ExitStack() as stack:
        for number in range(400):
            connection = socket.create_connection(("127.0.0.1", sidecar.port), BUSY_SECONDS)
            stack.callback(connection.close)
            connection.sendall(HALF_A_REQUEST + b"x" * 3000)
            if number % 100 == 99:
                # The kubelet waits for 3 s.
                assert sidecar.status("/livez") == 200
                assert open_files(sidecar) < files + MOST_CONNECTIONS + 20
        assert memory(sidecar) - before < MOST_GROWTH
        wait_for(
            lambda: open_files(sidecar) <= files + 1,
            FIRST_REQUEST_SECONDS + BUSY_SECONDS,
            "no connection left",
        )
    assert sidecar.status("/livez") == 200


def test_answers_that_no_client_reads_cost_little_and_keep_no_probe_waiting(sidecar: Sidecar) -> None:
    folder = sidecar.directory / "run" / "task-metrics"
    folder.mkdir()
    (folder / "0.json").write_text(json.dumps(TASK_METRICS))
    assert len(sidecar.ask("/metrics")[1]) > 100_000
    before, files = memory(sidecar), open_files(sidecar)
    with ExitStack() as stack:
        for number in range(400):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(BUSY_SECONDS)
            connection.connect(("127.0.0.1", sidecar.port))
            # It may have had to make room already.
            with suppress(ConnectionError):
                connection.sendall(MANY_REQUESTS)
            if number % 100 == 99:
                assert sidecar.status("/livez") == 200
                assert open_files(sidecar) < files + MOST_CONNECTIONS + 20
        assert memory(sidecar) - before < MOST_UNREAD_GROWTH
        wait_for(lambda: open_files(sidecar) <= files + 1, ANSWER_SECONDS + 30, "no connection left")
    assert sidecar.status("/livez") == 200


def test_a_connection_that_has_sent_a_request_is_kept(sidecar: Sidecar) -> None:
    request = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", sidecar.port), BUSY_SECONDS) as connection:
        connection.sendall(request)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connection.settimeout(FIRST_REQUEST_SECONDS + 1)
        # It sends nothing for longer than the first request may take.
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(BUSY_SECONDS)
        connection.sendall(request)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "request_text",
    [
        b"GET /livez HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
    ids=["a long header", "a long path", "many headers"],
)
def test_a_request_with_too_much_of_a_header_is_refused(sidecar: Sidecar, request_text: bytes) -> None:
    with socket.create_connection(("127.0.0.1", sidecar.port), BUSY_SECONDS) as connection:
        connection.sendall(request_text)
        assert connection.recv(4096).split()[1] == b"400"
    assert sidecar.status("/livez") == 200
