"""Which queues no worker reads by design, as the management API shows them."""

import json

import msgspec
import pytest

from celery_health.readers.rabbitmq.unread_queues import (
    Binding,
    ListedQueue,
    names_an_exchange,
    unread_by_design,
)

BINDINGS = (
    Binding("dlx", "dead", "queue"),
    Binding("dlx", "other", "exchange"),
    Binding("tasks", "mail", "queue"),
)


def listed(**columns: object) -> ListedQueue:
    """The queue mail, as the management API lists it."""
    return msgspec.json.decode(json.dumps({"name": "mail", **columns}), type=ListedQueue)


def mail(**arguments: object) -> ListedQueue:
    return listed(arguments={f"x-{name.replace('_', '-')}": one for name, one in arguments.items()})


@pytest.mark.parametrize(
    ("queue", "unread"),
    [
        (listed(arguments=[], effective_policy_definition=[]), set()),
        (mail(dead_letter_exchange="dlx"), {"dead"}),
        (mail(dead_letter_exchange="", dead_letter_routing_key="dead.mail"), {"dead.mail"}),
        (mail(dead_letter_exchange=""), set()),
        (mail(dead_letter_exchange="missing"), set()),
        (mail(dead_letter_exchange="tasks", message_ttl=60_000), {"mail"}),
        (listed(effective_policy_definition={"dead-letter-exchange": "dlx"}), {"dead"}),
        (
            listed(
                arguments={"x-dead-letter-exchange": "dlx"},
                effective_policy_definition={"dead-letter-exchange": "tasks"},
            ),
            {"dead"},
        ),
        (listed(arguments={}, effective_policy_definition={"message-ttl": 5}), set()),
        (mail(dead_letter_exchange=["dlx"]), set()),
        (mail(dead_letter_exchange="", dead_letter_routing_key={}), set()),
    ],
)
def test_dead_letter_queues_and_delaying_queues_are_unread_by_design(
    queue: ListedQueue, unread: set[str]
) -> None:
    assert unread_by_design([queue], BINDINGS) == unread


def test_the_bindings_are_asked_for_only_where_an_exchange_has_a_name() -> None:
    assert names_an_exchange([mail(dead_letter_exchange="dlx")])
    assert not names_an_exchange([mail(dead_letter_exchange="", dead_letter_routing_key="dead"), mail()])
