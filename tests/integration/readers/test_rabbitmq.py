"""The AMQP reader against a real RabbitMQ: lengths, consumers, refusals and a server that hangs."""

import threading
import time
from pathlib import Path

import amqp
from celery import Celery
from tools.testbed.servers import RabbitServer, RedisServer, free_port, rabbit_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for_async

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from tests.integration.readers.conftest import Read


def publish(url: str, queue: str, number: int) -> None:
    """Send tasks as an application would; the queue is declared on the way."""
    app = Celery(broker=url, set_as_current=False)
    app.conf.update(task_ignore_result=True)
    for _ in range(number):
        app.send_task("shop.pay", queue=queue)
    app.close()


async def test_ready_messages_and_consumers_are_counted(rabbit: RabbitServer, read: Read) -> None:
    publish(rabbit.url, "mail", 3)

    async def all_are_ready() -> bool:
        return (await read(rabbit.url, ["mail"])).queues[0].ready == 3

    await wait_for_async(all_are_ready)
    with amqp.Connection(f"127.0.0.1:{rabbit.port}", connect_timeout=5) as connection:
        channel = connection.channel()
        channel.basic_qos(0, 1, False)
        channel.basic_consume("mail", callback=lambda _: None)
        reading = await read(rabbit.url, ["mail"])
    assert reading.queues == (QueueReading("mail", 2, exists=True, consumers=1),)


async def test_a_missing_queue_is_empty_and_hides_no_other(rabbit: RabbitServer, read: Read) -> None:
    publish(rabbit.url, "orders", 1)

    async def orders_are_counted() -> bool:
        reading = await read(rabbit.url, ["missing", "orders", "missing too"])
        return [queue.ready for queue in reading.queues] == [0, 1, 0]

    await wait_for_async(orders_are_counted)
    reading = await read(rabbit.url, ["missing", "orders"])
    assert [queue.exists for queue in reading.queues] == [False, True]
    assert (reading.reachable, reading.reason) == (True, BrokerReason.REACHABLE)


async def test_without_queues_the_answer_alone_is_the_reading(rabbit: RabbitServer) -> None:
    reader = reader_for(rabbit.url)
    for _ in range(3):
        reading = await reader.read([])
        assert (reading.reachable, reading.queues) == (True, ())
    await reader.close()


async def test_a_wrong_password_is_refused_and_never_shown(rabbit: RabbitServer, read: Read) -> None:
    reading = await read(f"amqp://guest:hunter2@127.0.0.1:{rabbit.port}//", ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.AUTHENTICATION_FAILED)
    assert "hunter2" not in repr(reading)


async def test_a_wrong_virtual_host_is_not_permitted(rabbit: RabbitServer, read: Read) -> None:
    reading = await read(f"amqp://guest:guest@127.0.0.1:{rabbit.port}/nowhere", ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.NOT_PERMITTED)


async def test_an_exclusive_queue_of_another_connection_has_no_known_length(
    rabbit: RabbitServer, read: Read
) -> None:
    publish(rabbit.url, "shared", 1)
    with amqp.Connection(f"127.0.0.1:{rabbit.port}", connect_timeout=5) as connection:
        connection.channel().queue_declare("private", exclusive=True)
        reading = await read(rabbit.url, ["private", "shared"])
    assert reading.reachable is True
    assert reading.queues[0] == QueueReading("private", None, exists=True, exclusive=True)
    assert reading.queues[1].exists is True


async def test_a_port_where_nothing_listens_is_reported(read: Read) -> None:
    reading = await read(f"amqp://127.0.0.1:{free_port()}//", ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.CONNECTION_REFUSED)


async def test_a_name_that_does_not_resolve_is_reported(read: Read) -> None:
    reading = await read("amqp://no-such-host.invalid//", ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.NAME_NOT_RESOLVED)


async def test_tls_that_the_server_does_not_support_is_reported(rabbit: RabbitServer, read: Read) -> None:
    reading = await read(f"amqps://127.0.0.1:{rabbit.port}//", ["mail"])
    assert (reading.reachable, reading.reason) == (False, BrokerReason.TLS_FAILED)


async def test_something_that_is_no_rabbitmq_is_a_reading_too(redis: RedisServer, read: Read) -> None:
    reading = await read(f"amqp://127.0.0.1:{redis.port}//", ["mail"])
    assert reading.reachable is False


async def test_a_server_that_hangs_restarts_and_stops_is_followed(tmp_path: Path) -> None:
    with rabbit_server(tmp_path / "rabbit") as server:
        reader = reader_for(server.url)
        assert (await reader.read(["mail"])).reachable is True

        threads = threading.active_count()
        server.pause()
        for _ in range(3):
            started = time.monotonic()
            reading = await reader.read(["mail"])
            assert (reading.reachable, reading.reason) == (False, BrokerReason.TIMED_OUT)
            assert time.monotonic() - started < 5 + BUSY_SECONDS
        assert threading.active_count() <= threads + 1
        server.resume()

        async def is_reachable() -> bool:
            return (await reader.read(["mail"])).reachable is True

        await wait_for_async(is_reachable)
        server.restart()
        await wait_for_async(is_reachable)
        server.stop()
        reading = await reader.read(["mail"])
        assert (reading.reachable, reading.reason) == (False, BrokerReason.CONNECTION_REFUSED)
        await reader.close()


async def test_amqps_is_read_with_and_without_a_checked_certificate(
    certificate: Path, tmp_path: Path, read: Read
) -> None:
    port = free_port()
    with rabbit_server(tmp_path / "rabbit") as server:
        with (server.directory / "rabbitmq.conf").open("a") as configuration:
            configuration.write(
                f"listeners.ssl.1 = 127.0.0.1:{port}\n"
                f"ssl_options.certfile = {certificate}\n"
                f"ssl_options.keyfile = {certificate.with_suffix('.key')}\n"
                "ssl_options.verify = verify_none\n"
            )
        server.restart()
        url = f"amqps://guest:guest@localhost:{port}//"

        async def is_readable() -> BrokerReading | None:
            """RabbitMQ listens for TLS some time after it listens without."""
            reading = await read(f"{url}?ssl_cert_reqs=none", ["mail"])
            return reading if reading.reachable else None

        unchecked = await wait_for_async(is_readable)
        checked = await read(f"{url}?ssl_cert_reqs=required&ssl_ca_certs={certificate}", ["mail"])
        distrusted = await read(url, ["mail"])
    assert (unchecked.reachable, checked.reachable) == (True, True), checked.message
    assert (distrusted.reachable, distrusted.reason) == (None, BrokerReason.TLS_FAILED)
