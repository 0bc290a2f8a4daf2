"""Whatever bytes a server sends, each reader gives a reading with one short sentence, and never raises."""

import asyncio
import ssl
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celery_health.broker import BrokerReading
from celery_health.readers import reader_for
from celery_health.readers.rabbitmq.management import RabbitManagementReader
from celery_health.urls import parse, parse_management
from celery_health.wire.limits import LARGEST_COUNT, LARGEST_SECONDS
from tests.support import wire_bytes
from tests.support.peer import HOST, Peer, peer

# The profile that searches for new counterexamples has more.
EXAMPLES = settings(max_examples=10_000 if settings().max_examples > 1000 else 300)

QUEUES = ["mail", "pictures"]


@pytest.fixture(scope="module")
def server() -> Iterator[Peer]:
    with peer() as one:
        yield one


@pytest.fixture(scope="module", autouse=True)
def one_tls_context() -> Iterator[None]:
    """PyMySQL makes one for each connection, which takes longer than everything else here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def pieces(*known: bytes) -> st.SearchStrategy[bytes]:
    """Any bytes, and any sequence of pieces of the protocol with some bytes between them."""
    piece = st.sampled_from(known) | st.binary(max_size=8)
    return st.binary(max_size=64) | st.lists(piece, max_size=25).map(b"".join)


RESP = pieces(
    *(
        text + b"\r\n"
        for text in (
            *(
                b"+OK",
                b"+",
                b":0",
                b":7",
                b":-1",
                b":%d" % 2**63,
                b":" + b"9" * 400,
                b":x",
                b"$-1",
                b"$0\r\n",
            ),
            *(
                b"$5\r\nhello",
                b"$3\r\n0.5",
                b"$3\r\nnan",
                b"$-7",
                b"$x",
                b"$999999999",
                b"*-1",
                b"*0",
                b"*-3",
            ),
            *(
                b"*1",
                b"*2",
                b"*3",
                b"*99999999",
                b"*2\r\n$1\r\n0\r\n*0",
                b"*2\r\n:1\r\n:2",
                b"_",
                b"%1",
                b"#t",
            ),
            *(
                b"*3\r\n$6\r\nmaster\r\n:0\r\n*0",
                b"$17\r\nused_memory:1\r\na:",
                b"$10\r\ndb0:keys=x",
                b"*1" * 9,
            ),
            *(b"-ERR no", b"-NOAUTH", b"-WRONGPASS x", b"-LOADING", b"-OOM", b"-READONLY", b"-NOPERM", b"-"),
            *(b"-MOVED 1 h:1", b"-MOVED", b"-ASK", b"-MISCONF \xff", b"-ERR max number of clients reached"),
            *(b"-ERR unknown command", b"-MASTERDOWN", b"-ERR " + b"redis://:p@" * 2000),
        )
    )
)
AMQP = pieces(
    *(wire_bytes.AMQP_START, wire_bytes.AMQP_TUNE, wire_bytes.AMQP_OPENED, wire_bytes.AMQP_LOGIN),
    *(wire_bytes.AMQP_LOGIN + wire_bytes.AMQP_DECLARED, wire_bytes.AMQP_DECLARED, wire_bytes.AMQP_HEARTBEAT),
    *(
        wire_bytes.AMQP_DELIVERY,
        wire_bytes.AMQP_ENDLESS_BODY,
        wire_bytes.AMQP_CHANNEL_OPENED,
        b"AMQP\0\0\x09\1",
    ),
    *(wire_bytes.amqp_method(0, 10, 50), wire_bytes.amqp_method(1, 20, 40, b"\x01\x94\0\0\x32\0\x0a")),
    *(wire_bytes.amqp_method(1, 999, 9), wire_bytes.amqp_frame(3, 1, b"x" * 9), b"\1\0\0\xff\xff\xff\xff"),
    wire_bytes.amqp_method(0, 10, 10, b"\x00\x09\x00\x00\x10\x00" + b"\x01aF\0\0\1\0" * 500),
)
HTTP = pieces(
    *(
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 503 no\r\n",
        b"HTTP/1.1 401 x\r\n",
        b"HTTP/1.1 100 \r\n\r\n",
        b"\r\n",
    ),
    *(
        b"Content-Length: 5\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Location: /\r\n",
    ),
    *(
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"[]",
        b"[{}]",
        b"[" * 900,
        b'[{"name": "mail", "messages_ready": 1}',
        b"]",
        b",",
    ),
    *(
        b'{"name": 7}',
        b'{"alarms": [{"resource": "memory"}]}',
        b'{"alarms": 7}',
        b"5\r\n[{},1\r\n",
        b"0\r\n\r\n",
    ),
    *(
        b'{"name": "pictures", "messages_ready": 1e400, "consumers": -1}',
        b'{"name": "a", "message_stats": []}',
    ),
    *(b'{"name": "mail", "messages_ready": %d}' % 10**400, b"\xff", b'"\\ud800"', b"X: " + b"x" * 70_000),
)
POSTGRESQL = pieces(
    *(wire_bytes.POSTGRESQL_OK, wire_bytes.POSTGRESQL_PARAMETER, wire_bytes.POSTGRESQL_READY, b"S", b"N"),
    *(wire_bytes.postgresql(b"E", b"SFATAL\0Mno \xff\0\0"), wire_bytes.postgresql(b"N", b"Mx\0\0")),
    *(
        wire_bytes.postgresql(b"R", b"\0\0\0\x0aSCRAM-SHA-256\0\0"),
        wire_bytes.postgresql(b"R", b"\0\0\0\5salt"),
    ),
    *(
        wire_bytes.postgresql(b"K", b"12345678"),
        wire_bytes.postgresql(b"D", b"x", 2**31),
        b"HTTP/1.1 400 \r\n",
    ),
)
# The first byte answers the question whether the server speaks TLS.
WITHOUT_TLS = st.tuples(st.just(b"N"), POSTGRESQL).map(b"".join)
MYSQL = pieces(
    *(wire_bytes.MYSQL_GREETING, wire_bytes.mysql(2, wire_bytes.MYSQL_OK), wire_bytes.mysql(1, b"\1")),
    *(wire_bytes.mysql(1, b"\xff\x10\x04#08004too many"), wire_bytes.mysql(2, b"\xfemysql_clear_password\0")),
    *(
        wire_bytes.mysql(2, b"\xfbfile"),
        wire_bytes.mysql(1, wire_bytes.MYSQL_OK),
        wire_bytes.mysql(2, b"\1\0\0"),
    ),
    *(
        wire_bytes.mysql(3, b"\xfe\0\0\2\0"),
        wire_bytes.mysql(4, b"\1x"),
        b"\xff\xff\xff\0",
        wire_bytes.mysql(0, b""),
    ),
)


def check(reading: BrokerReading) -> None:
    """Its numbers are within the bounds that the rest of the operator relies on."""
    assert reading.message
    assert len(reading.message) < 400
    for queue in (*reading.queues, *reading.other_queues):
        for number in (queue.ready, queue.consumers, queue.unacked):
            assert number is None or 0 <= number <= LARGEST_COUNT * 10
        assert len(queue.name) <= 255
        for rate in (queue.in_rate, queue.out_rate):
            assert rate is None or 0 <= rate <= LARGEST_COUNT
    if reading.unacked is not None and reading.unacked.oldest_age is not None:
        assert 0 <= reading.unacked.oldest_age <= 2 * LARGEST_SECONDS


async def read(url: str) -> BrokerReading:
    """Two reads: the second one may use what the first one has found, or its connection."""
    reader = reader_for(url)
    try:
        await reader.read(QUEUES)
        return await reader.read(QUEUES)
    finally:
        await reader.close()


@EXAMPLES
@given(answer=RESP)
def test_redis(server: Peer, loop: asyncio.Runner, answer: bytes) -> None:
    server.head, server.listens = answer, True
    check(loop.run(read(f"redis://{HOST}:{server.port}/0")))


@EXAMPLES
@given(answer=RESP)
def test_sentinel(server: Peer, loop: asyncio.Runner, answer: bytes) -> None:
    server.head, server.listens = answer, True
    check(loop.run(read(f"sentinel://{HOST}:{server.port}/0?master_name=shop")))


@EXAMPLES
@given(answer=AMQP)
def test_rabbitmq(server: Peer, loop: asyncio.Runner, answer: bytes) -> None:
    server.head, server.listens = answer, True
    check(loop.run(read(f"amqp://{HOST}:{server.port}//")))


@EXAMPLES
@given(answer=HTTP)
def test_the_management_api(server: Peer, loop: asyncio.Runner, answer: bytes) -> None:
    server.head, server.listens = answer, True
    management = parse_management(f"http://{HOST}:{server.port}")
    check(loop.run(RabbitManagementReader(management, parse("amqp://broker//")).read(QUEUES)))


@EXAMPLES
@given(answer=POSTGRESQL | WITHOUT_TLS)
def test_postgresql(server: Peer, loop: asyncio.Runner, answer: bytes) -> None:
    server.head, server.listens = answer, True
    check(loop.run(read(f"postgresql://shop:x@{HOST}:{server.port}/shop")))


@EXAMPLES
@given(answer=MYSQL)
def test_mysql(server: Peer, loop: asyncio.Runner, answer: bytes) -> None:
    server.head, server.listens = answer, False
    check(loop.run(read(f"mysql://shop:x@{HOST}:{server.port}/shop")))
