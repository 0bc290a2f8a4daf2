"""A push of the operator is read whole, or refused with the field that is wrong."""

from typing import Any

import msgspec
import pytest

from celery_health.wire.documents import UnreadableError
from celery_health.wire.resource_push import PODS_LENGTH, PUSH_BYTES, RESOURCE_PUSH
from tests.unit.wire.documents import encoded, push_document, pushed_pod


def test_every_field_is_read() -> None:
    push = RESOURCE_PUSH.decode(encoded(push_document()))
    assert (push.namespace, push.name, push.health, push.pod_count) == ("shop", "shop", "Healthy", 1)
    (pod,) = push.pods
    assert pod.worker is not None
    assert pod.worker.active[0].queue == "mail"
    assert push.groups[0].queues == ("mail",)
    assert push.events[0].reason == "Ready"


def test_what_is_written_is_read_again() -> None:
    push = RESOURCE_PUSH.decode(encoded(push_document()))
    assert RESOURCE_PUSH.decode(msgspec.json.encode(push)) == push


def test_the_group_of_a_worker_is_that_of_its_pod() -> None:
    silent = {**pushed_pod(), "name": "shop-mail-2", "worker": None}
    push = RESOURCE_PUSH.decode(encoded(push_document(pods=[pushed_pod(), silent], pod_count=2)))
    assert push.groups_of_workers() == {"mail@shop-mail-1": "mail"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "The push of the operator has version 2"),
        ({"pods": [pushed_pod()] * (PODS_LENGTH + 1)}, "in field pods"),
        ({"pod_count": -1}, "in field pod_count"),
        ({"taken_at": 1e30}, "in field taken_at"),
        ({"name": "x" * 300}, "in field name"),
        ({"health": None}, "in field health"),
        ({"queues": {}}, "in field queues"),
    ],
)
def test_a_push_outside_its_bounds_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableError, match=message):
        RESOURCE_PUSH.decode(encoded(push_document(**changes)))


def test_a_push_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(UnreadableError, match="larger than"):
        RESOURCE_PUSH.decode(b" " * (PUSH_BYTES + 1))
