"""What the conditions say: messages that name the pod, the queue or the line of the log."""

from typing import Any

import pytest

from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.status import ConditionType
from tests.unit.decide.build import NOT_REACHED, broken_pod, broker, condition_of, pod

A = pod("shop-default-a")
NOT_LOADED = "Traceback (most recent call last):\n  ...\nModuleNotFoundError: No module named 'shop'\n"

MESSAGES: list[tuple[str, ConditionType, dict[str, Any], str]] = [
    (
        "a deaf pod is named",
        ConditionType.WORKERS_HEALTHY,
        {"pods": (A, pod("shop-default-b", WorkerReason.DEAF))},
        (
            "1 of 2 workers of group default consume. "
            "Pod shop-default-b is deaf, it is connected and takes no messages: The worker is Deaf."
        ),
    ),
    (
        "the application's own error is quoted from the end of the log",
        ConditionType.WORKERS_HEALTHY,
        {"pods": (broken_pod("CrashLoopBackOff", NOT_LOADED, exit_code=2),)},
        (
            "0 of 2 workers of group default consume. "
            "Pod shop-default-a cannot load the application shop.celery: "
            "ModuleNotFoundError: No module named 'shop'."
        ),
    ),
    (
        "pods with the same trouble are named together",
        ConditionType.WORKERS_HEALTHY,
        {
            "pods": (
                broken_pod("ImagePullBackOff", "not found", name="a"),
                broken_pod("ImagePullBackOff", name="b"),
            )
        },
        (
            "0 of 2 workers of group default consume. "
            "Pod a cannot pull the image of its container worker (ImagePullBackOff): not found (likewise b)."
        ),
    ),
    (
        "a pod that alone does not reach the broker is told so",
        ConditionType.WORKERS_HEALTHY,
        {"pods": (A, pod("b", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED))},
        (
            "1 of 2 workers of group default consume. Pod b does not reach the broker, although the operator "
            "does: redis://redis:6379/0 refuses connections."
        ),
    ),
    (
        "a long queue is named with its length",
        ConditionType.BACKLOG_WITHIN_LIMITS,
        {"broker": broker(celery=5000)},
        "Above the threshold of 1000 messages a queue: celery (5000 ready).",
    ),
    (
        "an absent agent is told how to get in",
        ConditionType.AGENTS_REPORTING,
        {"pods": (A, pod("b", WorkerReason.AGENT_ABSENT))},
        "No agent reports from b: start the worker with python /celery-probe -A shop.celery worker ...",
    ),
]


@pytest.mark.parametrize(
    ("kind", "changes", "message"), [pytest.param(*row[1:], id=row[0]) for row in MESSAGES]
)
def test_a_message_says_what_is_wrong(kind: ConditionType, changes: dict[str, Any], message: str) -> None:
    assert condition_of(kind, **changes).message == message
