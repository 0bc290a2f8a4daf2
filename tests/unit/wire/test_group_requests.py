"""Requests of the monitor: four actions and nothing else, each within its bounds."""

from typing import Any

import msgspec
import pytest

from celery_health.wire.documents import UnreadableError
from celery_health.wire.group_requests import (
    MOST_REPLICAS,
    OUTCOMES,
    OUTCOMES_BYTES,
    OUTCOMES_LENGTH,
    REQUESTS_BYTES,
    REQUESTS_LENGTH,
    WAITING_REQUESTS,
    Outcome,
    Outcomes,
    WaitingRequests,
)
from tests.unit.wire.documents import encoded

ID = "0123456789abcdef"


def request(**changes: Any) -> dict[str, Any]:
    return {"id": ID, "action": "restart", "group": "mail", **changes}


def answer(*requests: dict[str, Any], **changes: Any) -> bytes:
    return encoded({"version": 1, "requests": list(requests), **changes})


def test_each_action_is_read() -> None:
    actions = ["pause", "resume", "restart"]
    requests = [*(request(action=action) for action in actions), request(action="scale", replicas=3)]
    read = WAITING_REQUESTS.decode(answer(*requests)).requests
    assert [(one.action.value, one.replicas) for one in read] == [
        ("pause", None),
        ("resume", None),
        ("restart", None),
        ("scale", 3),
    ]


@pytest.mark.parametrize(
    "one",
    [
        request(action="delete"),
        request(action="scale"),
        request(action="scale", replicas=-1),
        request(action="scale", replicas=MOST_REPLICAS + 1),
        request(action="scale", replicas=1.5),
        request(action="restart", replicas=3),
        request(id="short"),
        request(id=f"{ID}\n"),
        request(id="0123456789abcde "),
        request(group="x" * 257),
        request(group=None),
        {"id": ID},
    ],
)
def test_anything_else_is_refused(one: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        WAITING_REQUESTS.decode(answer(one))


def test_more_requests_than_may_wait_are_refused() -> None:
    with pytest.raises(UnreadableError, match="in field requests"):
        WAITING_REQUESTS.decode(answer(*[request()] * (REQUESTS_LENGTH + 1)))


def test_what_is_too_large_is_not_parsed() -> None:
    with pytest.raises(UnreadableError, match="larger than"):
        WAITING_REQUESTS.decode(b" " * (REQUESTS_BYTES + 1))
    with pytest.raises(UnreadableError, match="larger than"):
        OUTCOMES.decode(b" " * (OUTCOMES_BYTES + 1))


def test_the_largest_documents_are_within_their_sizes() -> None:
    longest = WAITING_REQUESTS.decode(answer(*[request(action="scale", replicas=MOST_REPLICAS)])).requests[0]
    longest = msgspec.structs.replace(longest, group="x" * 256)
    full = msgspec.json.encode(WaitingRequests(requests=(longest,) * REQUESTS_LENGTH))
    assert len(WAITING_REQUESTS.decode(full).requests) == REQUESTS_LENGTH
    outcome = Outcome(id=ID, done=False, message="😀" * 1000)
    reported = msgspec.json.encode(Outcomes(outcomes=(outcome,) * OUTCOMES_LENGTH))
    assert len(OUTCOMES.decode(reported).outcomes) == OUTCOMES_LENGTH
