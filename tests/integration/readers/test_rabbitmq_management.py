"""RabbitMQ read both ways: what the management API adds, and what its absence must not take away."""

import json
import socket
import time
import urllib.request
import uuid
from base64 import b64encode
from collections.abc import Iterator

import amqp
import pytest
from tools.testbed.servers import RabbitServer, RedisServer, free_port, rabbit_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for_async

from celery_health.broker import BrokerReader, BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.rabbitmq.management import RabbitManagementReader
from celery_health.urls import parse, parse_management
from tests.integration.readers.test_rabbitmq import publish


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    with rabbit_server(tmp_path_factory.mktemp("rabbit"), ["rabbitmq_management"]) as server:
        yield server


def administer(rabbit: RabbitServer, path: str, body: dict[str, object]) -> None:
    """Make a user, a virtual host or the like."""
    headers = {"Authorization": f"Basic {b64encode(b'guest:guest').decode()}"}
    request = urllib.request.Request(
        rabbit.management_url + path, json.dumps(body).encode(), headers, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status in {201, 204}


@pytest.fixture
def own_vhost(rabbit: RabbitServer) -> str:
    """A virtual host that only this test uses: the API lists every queue of one."""
    name = uuid.uuid4().hex
    administer(rabbit, f"/api/vhosts/{name}", {})
    administer(rabbit, f"/api/permissions/{name}/guest", {"configure": ".*", "write": ".*", "read": ".*"})
    return name


def url_of(rabbit: RabbitServer, vhost: str) -> str:
    """The broker URL of a virtual host."""
    return f"{rabbit.url.rstrip('/')}/{vhost}"


async def until_changed(reader: BrokerReader, unacked: int) -> BrokerReading:
    """The management API shows a change some seconds later."""

    async def changed() -> BrokerReading | None:
        reading = await reader.read(["mail"])
        return reading if reading.queues[0].unacked == unacked else None

    return await wait_for_async(changed, 30)


async def until_read(reader: BrokerReader, queue: QueueReading, other: QueueReading) -> BrokerReading:
    """The management API shows each queue some seconds later, and not all at one moment."""
    last: list[BrokerReading] = []

    async def is_read() -> BrokerReading | None:
        last[:] = [await reader.read([queue.name])]
        return last[0] if (last[0].queues, last[0].other_queues) == ((queue,), (other,)) else None

    return await wait_for_async(is_read, describe=lambda: last)


async def test_unacknowledged_messages_and_other_queues_are_reported(
    rabbit: RabbitServer, own_vhost: str
) -> None:
    url = url_of(rabbit, own_vhost)
    publish(url, "mail", 3)
    publish(url, "forgotten", 2)
    publish(url, "celery_delayed_7", 1)  # where messages wait for their ETA
    publish(url, "w1@host.celery.pidbox", 1)
    reader = reader_for(url, management_url=rabbit.management_url)
    address = f"127.0.0.1:{rabbit.port}"
    with amqp.Connection(address, virtual_host=own_vhost, connect_timeout=5) as connection:
        channel = connection.channel()
        channel.queue_declare("one.process", exclusive=True)
        channel.basic_publish(amqp.Message("x"), routing_key="one.process")
        channel.basic_qos(0, 2, False)
        channel.basic_consume("mail", callback=lambda _: None)
        reading = await until_read(
            reader,
            QueueReading("mail", 1, exists=True, consumers=1, unacked=2),
            QueueReading("forgotten", 2, exists=True, consumers=0, unacked=0),
        )
    assert (reading.reachable, reading.reason) == (True, BrokerReason.REACHABLE)
    assert (await reader.read(["missing"])).queues == (
        QueueReading("missing", 0, exists=False, consumers=0, unacked=0),
    )
    await reader.close()


async def test_queues_for_dead_letters_and_delays_are_no_queues_of_tasks(
    rabbit: RabbitServer, own_vhost: str
) -> None:
    address = f"127.0.0.1:{rabbit.port}"
    with amqp.Connection(address, virtual_host=own_vhost, connect_timeout=5) as connection:
        channel = connection.channel()
        channel.exchange_declare("dlx", "direct", durable=True, auto_delete=False)
        for name, arguments in (
            ("refused", {}),
            ("kept", {}),
            ("orders", {"x-dead-letter-exchange": "dlx"}),
            ("bills", {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "kept"}),
            ("later", {"x-dead-letter-exchange": "", "x-message-ttl": 3_600_000}),
        ):
            channel.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)
        channel.queue_bind("refused", "dlx", "orders")
        for name in ("refused", "kept", "later", "bills"):
            channel.basic_publish(amqp.Message("x"), routing_key=name)
    reader = reader_for(url_of(rabbit, own_vhost), management_url=rabbit.management_url)

    async def found() -> set[str]:
        reading = await reader.read([])
        names = {queue.name for queue in reading.other_queues}
        return names if "bills" in names else set()

    names = await wait_for_async(found, 30)
    assert not names & {"refused", "kept", "later"}
    await reader.close()


async def alarmed(reader: BrokerReader) -> BrokerReading | None:
    """A reading with an alarm. RabbitMQ raises the alarm a moment after the command."""
    reading = await reader.read(["mail"])
    return reading if reading.reason is BrokerReason.ALARM else None


async def test_an_alarm_is_reported_while_it_lasts(rabbit: RabbitServer) -> None:
    reader = reader_for(rabbit.url, management_url=rabbit.management_url)
    rabbit.control("set_disk_free_limit", "999GB")
    try:
        reading = await wait_for_async(lambda: alarmed(reader))
        assert reading.reachable is False
        assert "disk space alarm" in reading.message
        assert reading.queues[0].ready is not None
    finally:
        rabbit.control("set_disk_free_limit", "1MB")

    async def is_over() -> bool:
        return (await reader.read(["mail"])).reachable is True

    await wait_for_async(is_over)
    await reader.close()


async def test_a_user_with_the_tag_management_and_the_right_to_read_is_enough(rabbit: RabbitServer) -> None:
    administer(rabbit, "/api/users/eye", {"password": "word", "tags": "management"})
    administer(rabbit, "/api/permissions/%2F/eye", {"configure": "^$", "write": "^$", "read": ".*"})
    publish(rabbit.url, "mail", 1)
    url = f"amqp://eye:word@127.0.0.1:{rabbit.port}//"
    reader = reader_for(url, management_url=rabbit.management_url)  # the broker's user, for both
    assert (await until_changed(reader, 0)).reason is BrokerReason.REACHABLE
    await reader.close()


async def read_with(rabbit: RabbitServer, management_url: str, url: str = "") -> BrokerReading:
    reader = reader_for(url or rabbit.url, management_url=management_url)
    reading = await reader.read(["mail"])
    await reader.close()
    return reading


@pytest.mark.parametrize(
    ("management_url", "words"),
    [
        ("http://guest:hunter2@127.0.0.1:{management}", "refuses the login"),
        ("http://guest:guest@127.0.0.1:{management}/elsewhere", "HTTP 400"),
        ("http://guest:guest@127.0.0.1:{closed}", "Nothing listens"),
        ("http://guest:guest@no-such-host.invalid", "does not resolve"),
        ("http://guest:guest@127.0.0.1:{redis}", "sends an answer that cannot be read"),
        ("https://guest:guest@127.0.0.1:{management}", "TLS with"),
        ("rabbit.example:15672", "write http://HOST:15672"),
        ("http://guest:hunter2/x@rabbit.example", "write http"),
    ],
)
async def test_a_management_api_that_is_not_to_be_had_takes_nothing_from_the_broker(
    rabbit: RabbitServer, redis: RedisServer, management_url: str, words: str
) -> None:
    filled = management_url.format(management=rabbit.management_port, closed=free_port(), redis=redis.port)
    reading = await read_with(rabbit, filled)
    assert (reading.reachable, reading.reason) == (True, BrokerReason.REACHABLE)
    assert words in reading.message
    assert "hunter2" not in repr(reading)
    assert reading.queues[0].ready is not None
    assert (reading.queues[0].unacked, reading.other_queues) == (None, ())


async def test_the_reading_of_a_user_without_the_tag_names_the_tag_to_give(rabbit: RabbitServer) -> None:
    administer(rabbit, "/api/users/shop", {"password": "word", "tags": ""})
    administer(rabbit, "/api/permissions/%2F/shop", {"configure": ".*", "write": ".*", "read": ".*"})
    reading = await read_with(rabbit, rabbit.management_url, f"amqp://shop:word@127.0.0.1:{rabbit.port}//")
    assert reading.reachable is True
    assert "management tag" in reading.message


async def test_a_broker_that_is_away_is_away_whatever_its_management_api_says(rabbit: RabbitServer) -> None:
    url = f"amqp://guest:guest@127.0.0.1:{free_port()}//"
    reading = await read_with(rabbit, rabbit.management_url, url)
    assert (reading.reachable, reading.reason) == (False, BrokerReason.CONNECTION_REFUSED)


async def test_the_api_alone_reads_queues_too_and_reports_a_missing_virtual_host(
    rabbit: RabbitServer,
) -> None:
    management = parse_management(rabbit.management_url)
    reader = RabbitManagementReader(management, parse(rabbit.url))
    reading = await reader.read(["missing"])
    assert (reading.reachable, reading.address) == (True, rabbit.management_url)
    assert reading.queues[0].exists is False
    nowhere = RabbitManagementReader(management, parse(f"{rabbit.url.rstrip('/')}/nowhere"))
    reading = await nowhere.read(["missing"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.NOT_PERMITTED)
    assert reading.queues == (QueueReading("missing", None),)


async def test_an_api_that_hangs_costs_a_bounded_time(rabbit: RabbitServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        reading = await read_with(rabbit, f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - started < 4 + BUSY_SECONDS
    assert reading.reachable is True
    assert "does not answer in time" in reading.message
