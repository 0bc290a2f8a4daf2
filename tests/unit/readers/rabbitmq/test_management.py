"""RabbitMQ's management API behind TLS, and answers that only something else would give."""

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.rabbitmq.http_json import MAX_VALUES
from celery_health.readers.rabbitmq.management import RabbitManagementReader
from celery_health.urls import parse, parse_management

BROKER = parse("amqp://shop:secret@broker/shop")
QUEUES = json.dumps(
    [
        {"name": "mail", "messages_ready": 3, "messages_unacknowledged": 2, "consumers": 1},
        {"name": "new"},
        {"name": "forgotten", "messages_ready": 1, "messages_unacknowledged": 0, "consumers": 0},
        {"name": "private", "messages_ready": 1, "exclusive": True},
        {"name": "reply", "messages_ready": 1, "auto_delete": True},
        {"no": "queue"},
        {"name": 7},
    ]
)


@contextmanager
def api(
    queues: str,
    alarms: tuple[int, str],
    certificate: Path | None = None,
    bindings: tuple[int, str] = (401, "{}"),
) -> Iterator[int]:
    """Serves these answers to the requests of one read. Yields its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answers = {"/api/queues/shop": (200, queues), "/api/bindings/shop": bindings}
            status, body = answers.get(self.path.partition("?")[0], alarms)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            serving.join()


async def read_api(url: str) -> BrokerReading:
    return await RabbitManagementReader(parse_management(url), BROKER).read(["mail", "new", "missing"])


OK = (200, '{"status": "ok"}')


async def test_queues_are_read_as_far_as_they_have_numbers() -> None:
    with api(QUEUES, OK) as port:
        reading = await read_api(f"http://127.0.0.1:{port}")
    assert reading.queues == (
        QueueReading("mail", 3, exists=True, consumers=1, unacked=2),
        QueueReading("new", None, exists=True),
        QueueReading("missing", 0, exists=False, consumers=0, unacked=0),
    )
    assert reading.other_queues == (QueueReading("forgotten", 1, exists=True, consumers=0, unacked=0),)


REFUSING = json.dumps(
    [
        {"name": "mail", "arguments": {"x-dead-letter-exchange": "dlx"}},
        {"name": "refused", "messages_ready": 2, "arguments": []},
    ]
)
BINDINGS = [{"source": "dlx", "destination": "refused", "destination_type": "queue"}, {"source": 7}, "x"]


@pytest.mark.parametrize(
    ("bindings", "others"),
    [
        ((200, json.dumps(BINDINGS)), []),
        ((403, "{}"), ["refused"]),
        ((200, "{}"), ["refused"]),
        ((200, "<html></html>"), ["refused"]),
        ((200, f"[{'7,' * MAX_VALUES}7]"), ["refused"]),
    ],
    ids=["listed", "not permitted", "no list", "no JSON", "too many"],
)
async def test_the_bindings_name_the_queues_of_dead_letters_where_they_can_be_read(
    bindings: tuple[int, str], others: list[str]
) -> None:
    with api(REFUSING, OK, bindings=bindings) as port:
        reading = await read_api(f"http://127.0.0.1:{port}")
    assert reading.reachable is True
    assert [queue.name for queue in reading.other_queues] == others


@pytest.mark.parametrize(
    ("alarms", "words"),
    [
        ((503, '{"alarms": [{"resource": "memory"}, {"resource": "disk space"}]}'), "disk space and memory"),
        ((503, '{"alarms": "many"}'), "a resource alarm"),
        ((503, '{"alarms": [{"resource": "SSH-2.0"}]}'), "a resource alarm"),
        ((503, '{"alarms": [7]}'), "a resource alarm"),
    ],
)
async def test_every_kind_of_alarm_is_reported(alarms: tuple[int, str], words: str) -> None:
    with api("[]", alarms) as port:
        reading = await read_api(f"http://127.0.0.1:{port}")
    assert (reading.reachable, reading.reason) == (False, BrokerReason.ALARM)
    assert words in reading.message


@pytest.mark.parametrize("alarms", [(404, "{}"), (403, ""), (503, "<html>a proxy's own</html>")])
async def test_alarms_that_cannot_be_read_are_none(alarms: tuple[int, str]) -> None:
    with api("[]", alarms) as port:
        assert (await read_api(f"http://127.0.0.1:{port}")).reachable is True


@pytest.mark.parametrize("queues", ["", "<html></html>", "{}", '"text"', '["queue", 7]'])
async def test_an_answer_that_is_not_a_list_of_queues_does_not_end_the_reader(queues: str) -> None:
    with api(queues, OK) as port:
        reading = await read_api(f"http://127.0.0.1:{port}")
    assert reading.queues[0].ready in {None, 0}
    assert "secret" not in repr(reading)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-made certificate for localhost, with its key beside it."""
    request = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    files = ["-keyout", str(tmp_path / "api.key"), "-out", str(tmp_path / "api.crt")]
    subprocess.run(["openssl", *request.split(), *files], check=True, capture_output=True)
    return tmp_path / "api.crt"


async def test_tls_is_checked_as_the_url_says(certificate: Path) -> None:
    with api(QUEUES, OK, certificate) as port:
        url = f"https://localhost:{port}"
        trusted = await read_api(f"{url}?ssl_cert_reqs=required&ssl_ca_certs={certificate}")
        unchecked = await read_api(f"{url}?ssl_cert_reqs=none")
        distrusted = await read_api(url)
    assert (trusted.reachable, unchecked.reachable) == (True, True), trusted.message
    assert (distrusted.reachable, distrusted.reason) == (None, BrokerReason.TLS_FAILED)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://rabbit", "http://rabbit:15672"),
        ("https://u:hunter2@rabbit", "https://rabbit:15671"),
        ("https://u:hunter2@proxy:443/rabbit/?ssl_cert_reqs=none", "https://proxy:443/rabbit"),
    ],
)
def test_the_address_shows_no_credentials(url: str, address: str) -> None:
    parsed = parse_management(url)
    assert parsed.address == address
    assert "hunter2" not in repr(parsed)
