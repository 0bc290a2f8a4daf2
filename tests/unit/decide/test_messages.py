"""What the conditions say: messages that name the pod, the queue or the line of the log."""

from typing import Any

import pytest

from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.status import ConditionType
from tests.unit.decide.build import broker, condition_of
from tests.unit.decide.pods import NOT_REACHED, broken_pod, pod

A = pod("shop-default-a")
NOT_LOADED = "Traceback (most recent call last):\n  ...\nModuleNotFoundError: No module named 'shop'\n"

MESSAGES: list[tuple[str, ConditionType, dict[str, Any], tuple[str, ...]]] = [
    (
        "a deaf pod is named",
        ConditionType.WORKERS_HEALTHY,
        {"pods": (A, pod("shop-default-b", WorkerReason.DEAF))},
        ("1 of 2 workers", "default", "shop-default-b", "The worker is Deaf"),
    ),
    (
        "the application's own error is quoted from the end of the log",
        ConditionType.WORKERS_HEALTHY,
        {"pods": (broken_pod("CrashLoopBackOff", NOT_LOADED, exit_code=2),)},
        (
            "0 of 2 workers",
            "shop-default-a",
            "shop.celery",
            "ModuleNotFoundError: No module named 'shop'",
        ),
    ),
    (
        "pods with the same failure are named together",
        ConditionType.WORKERS_HEALTHY,
        {
            "pods": (
                broken_pod("ImagePullBackOff", "not found", name="a"),
                broken_pod("ImagePullBackOff", name="b"),
            )
        },
        ("Pod a ", "container worker (ImagePullBackOff): not found", "(also b)"),
    ),
    (
        "a pod that alone does not reach the broker is named, with what it found",
        ConditionType.WORKERS_HEALTHY,
        {"pods": (A, pod("b", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED))},
        ("Pod b ", "although the operator does", "redis://redis:6379/0 refuses connections"),
    ),
    (
        "a long queue is named with its length",
        ConditionType.BACKLOG_WITHIN_LIMITS,
        {"broker": broker(celery=5000)},
        ("celery (5000 ready)", "1000"),
    ),
    (
        "a pod without an agent is named",
        ConditionType.AGENTS_REPORTING,
        {"pods": (A, pod("b", WorkerReason.AGENT_ABSENT))},
        (" b.",),
    ),
    (
        "a pod whose report is unreadable is named with the cause",
        ConditionType.AGENTS_REPORTING,
        {"pods": (A, pod("b", WorkerReason.REPORT_UNREADABLE), pod("c", WorkerReason.REPORT_UNREADABLE))},
        ("pod b ", "The worker is ReportUnreadable", "(also c)"),
    ),
]


@pytest.mark.parametrize(
    ("kind", "changes", "facts"), [pytest.param(*row[1:], id=row[0]) for row in MESSAGES]
)
def test_a_message_names_the_facts(
    kind: ConditionType, changes: dict[str, Any], facts: tuple[str, ...]
) -> None:
    message = condition_of(kind, **changes).message
    assert [fact for fact in facts if fact not in message] == [], message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pods": (A, pod("b", WorkerReason.DEAF))}, '1 of 2 workers in group "default" is consuming.'),
        ({}, "2 of 2 desired workers are consuming."),
    ],
)
def test_singular_and_plural_agree(changes: dict[str, Any], words: str) -> None:
    assert condition_of(ConditionType.WORKERS_HEALTHY, **changes).message.startswith(words)
