"""What the broker checks report before, between and without checks of a broker."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tools.testbed.servers import free_port
from tools.testbed.waiting import wait_for

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_probe.sidecar.broker import checks
from celery_probe.sidecar.broker.checks import STALE_SECONDS, BrokerChecks
from tests.unit.sidecar.clock import Clock, StillClock


@contextmanager
def watching(url: str, clock: Clock | None = None) -> Iterator[BrokerChecks]:
    watch = BrokerChecks(url, clock or Clock(), interval=0.05)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


def reading(*, reachable: bool | None) -> BrokerReading:
    return BrokerReading("redis", "redis://127.0.0.1", reachable, BrokerReason.REACHABLE, "Set by a test.")


def has_checked(watch: BrokerChecks) -> bool:
    return watch.latest().checked_mono is not None


@pytest.mark.parametrize(
    ("url", "reason", "advice"),
    [
        ("", BrokerReason.NOT_READ, "CELERY_BROKER_URL is not set"),
        ("sqs://key:hunter2@", BrokerReason.UNSUPPORTED_KIND, "A sqs broker cannot be checked"),
        ("postgresql://shop:hunter2@db/shop", BrokerReason.URL_INVALID, "There is no transport postgresql"),
        ("reddis://:hunter2@h/0", BrokerReason.URL_INVALID, "did you mean redis?"),
        ("ampq://u:hunter2@h//", BrokerReason.URL_INVALID, "did you mean amqp?"),
        ("https://u:hunter2@h", BrokerReason.URL_INVALID, "write redis://"),
        (
            "redis://:hunter2@$REDIS_HOST:6379/0",
            BrokerReason.URL_INVALID,
            "'$REDIS_HOST' in the redis URL is a",
        ),
        ("amqp://hunter2:${PASSWORD}@h//", BrokerReason.URL_INVALID, "replace it with its value"),
        ("redis://:hunter2@host/zero", BrokerReason.URL_INVALID, "write redis://HOST:PORT/0"),
        ("redis://:hunter2@redis..svc", BrokerReason.URL_INVALID, "'redis..svc' in the redis URL is no host"),
    ],
)
def test_a_broker_that_cannot_be_checked_is_unknown_for_good(
    url: str, reason: BrokerReason, advice: str
) -> None:
    clock = Clock()
    with watching(url, clock) as watch:
        clock.ahead = 10 * STALE_SECONDS
        finding = watch.latest()
    assert (finding.reachable, finding.reason, finding.checked_mono) == (None, reason, None)
    assert advice in finding.message
    assert "hunter2" not in finding.message


def test_a_check_that_fails_unexpectedly_is_followed_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[int] = []

    def check() -> BrokerReading:
        attempts.append(1)
        raise UnicodeError

    monkeypatch.setattr(checks, "check_of", lambda *_: check)
    with watching("redis://localhost") as watch:
        wait_for(lambda: len(attempts) > 1, describe="another check")
        assert watch.latest().reason is BrokerReason.ERROR


def test_before_the_first_check_nothing_is_known() -> None:
    watch = BrokerChecks("redis://localhost", Clock())
    assert (watch.latest().reachable, watch.latest().reason) == (None, BrokerReason.NOT_READ)


def test_a_result_that_no_check_renews_is_no_longer_believed() -> None:
    clock = Clock()
    with watching(f"redis://127.0.0.1:{free_port()}", clock) as watch:
        wait_for(lambda: has_checked(watch))
    assert watch.latest().reachable is False
    clock.ahead = STALE_SECONDS + 5
    assert watch.latest().reachable is None
    assert "hangs" in watch.latest().message


def test_the_first_failure_is_reported_where_no_failover_broker_answers() -> None:
    url = f"redis://127.0.0.1:{free_port()};redis://broker.invalid"
    with watching(url) as watch:
        wait_for(lambda: has_checked(watch))
    assert (watch.latest().reachable, watch.latest().reason) == (False, BrokerReason.CONNECTION_REFUSED)


@pytest.mark.parametrize(
    ("scheme", "reachable", "reason"),
    [
        ("redis", True, BrokerReason.REACHABLE),
        ("sentinel", None, BrokerReason.UNSUPPORTED_KIND),
    ],
)
def test_one_failover_broker_that_answers_is_enough_and_a_sentinel_is_not_the_broker(
    scheme: str, reachable: bool | None, reason: BrokerReason
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with watching(f"{scheme}://127.0.0.1:{free_port()};{scheme}://127.0.0.1:{port}") as watch:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"+PONG\r\n:0\r\n")
                wait_for(lambda: has_checked(watch))
                finding = watch.latest()
    assert (finding.reachable, finding.reason) == (reachable, reason)
    assert str(port) in finding.message


@pytest.mark.parametrize(
    ("scheme", "answers"), [("redis", True), ("rediss", True), ("amqp", False), ("amqps", False)]
)
def test_a_broker_that_lets_in_counts_as_answering_unless_it_may_keep_its_clients_waiting(
    scheme: str, answers: bool
) -> None:
    clock = StillClock()
    watch = BrokerChecks(f"{scheme}://127.0.0.1", clock)
    assert (watch.reachable_for(), watch.answers_for()) == (None, None)
    watch.note(reading(reachable=True))
    clock.ahead = 20
    assert watch.reachable_for() == 20
    assert (watch.answers_for() is not None) is answers


@pytest.mark.parametrize("reachable", [False, None])
def test_one_check_without_an_answer_begins_the_count_anew(reachable: bool | None) -> None:
    clock = StillClock()
    watch = BrokerChecks("redis://127.0.0.1", clock)
    watch.note(reading(reachable=True))
    clock.ahead = 20
    watch.note(reading(reachable=reachable))
    assert watch.reachable_for() is None
    watch.note(reading(reachable=True))
    assert watch.reachable_for() == 0


def test_a_result_that_no_check_renews_is_no_answer() -> None:
    clock = Clock()
    watch = BrokerChecks("redis://127.0.0.1", clock)
    watch.note(reading(reachable=True))
    clock.ahead = STALE_SECONDS + 1
    assert (watch.reachable_for(), watch.answers_for()) == (None, None)
