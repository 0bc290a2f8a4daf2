"""What the evidence of a transport means, and what a transport that changed does to it."""

from types import SimpleNamespace
from typing import Any

import pytest

from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker import transport

REDIS = {"kind": "redis", "consumer_tags": 2, "poller": True, "polling": True, "can_consume": True}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"polling": False, "can_consume": False}, True),
        ({"polling": False}, False),
        ({"poller": False}, False),
        ({"poller": None}, True),
        ({"consumer_tags": 1}, False),
        ({"consumer_tags": 0}, False),
        ({"consumer_tags": None}, None),
        ({"polling": None}, None),
        ({"can_consume": None}, None),
        ({"kind": "amqp", "poller": None, "polling": None, "can_consume": None}, True),
        ({"kind": "amqp", "consumer_tags": 1}, False),
        ({"kind": "sqs", "polling": None}, True),
    ],
)
def test_a_worker_of_two_queues_fetches_if_nothing_on_the_way_is_missing(
    changed: dict[str, Any], expected: bool | None
) -> None:
    assert transport.fetches({**REDIS, **changed}, 2) is expected


def test_a_worker_without_queues_fetches_nothing() -> None:
    assert transport.fetches({**REDIS, "consumer_tags": 0}, 0) is False


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"polling": False}, True),
        ({}, False),
        ({"can_consume": False}, True),
        ({"poller": False}, True),
        ({"consumer_tags": 1, "polling": False}, False),
    ],
)
def test_a_drained_worker_is_quiet_once_its_last_pop_was_answered(
    changed: dict[str, Any], expected: bool
) -> None:
    assert transport.is_quiet({**REDIS, "consumer_tags": 0, **changed}) is expected


def test_attributes_that_a_release_of_kombu_moved_are_unknown_and_counted() -> None:
    errors = ErrorLog()
    consumer = SimpleNamespace(
        hub=SimpleNamespace(on_tick=set()),
        connection=SimpleNamespace(transport=SimpleNamespace(driver_type="redis")),
        task_consumer=SimpleNamespace(channel=SimpleNamespace(sep=":")),
    )
    evidence = transport.TransportReader(errors).evidence(consumer)
    assert evidence["separator"] == ":"
    assert [name for name, value in evidence.items() if value is None] == [
        "consumer_tags",
        "poller",
        "polling",
        "can_consume",
        "priority_steps",
        "key_prefix",
        "visibility_timeout",
    ]
    assert errors.count == 7
    assert errors.last == "transport.visibility_timeout: AttributeError"


def test_an_amqp_consumer_that_the_client_forgot_does_not_count() -> None:
    channel = SimpleNamespace(is_open=True, callbacks={"one": print})
    consumer = SimpleNamespace(
        connection=SimpleNamespace(transport=SimpleNamespace(driver_type="amqp")),
        task_consumer=SimpleNamespace(channel=channel, _active_tags={"a": "one", "b": "two"}),
    )
    reader = transport.TransportReader(ErrorLog())
    assert reader.evidence(consumer)["consumer_tags"] == 1
    channel.is_open = False
    assert reader.evidence(consumer)["consumer_tags"] == 0
