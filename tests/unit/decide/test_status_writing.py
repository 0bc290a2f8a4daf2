"""The status is written when a reader would act on it, not at every number."""

import pytest

from celery_health.catalogue.workers import WorkerReason
from celery_operator.decide.status_writing import NUMBERS_EVERY_SECONDS, worth_writing
from tests.unit.decide.build import broker, spec, status_of
from tests.unit.decide.pods import pod


def test_the_same_status_is_never_written_twice() -> None:
    assert not worth_writing(status_of(), status_of(), 3600)


def test_a_changed_verdict_is_written_at_once() -> None:
    deaf = status_of(pods=(pod("a"), pod("b", WorkerReason.DEAF)))
    assert worth_writing(status_of(), deaf, 0)


def test_a_changed_replica_count_is_written_at_once() -> None:
    assert worth_writing(status_of(), status_of(spec=spec(replicas=3)), 0)


@pytest.mark.parametrize(("seconds", "written"), [(0.0, False), (4.9, False), (NUMBERS_EVERY_SECONDS, True)])
def test_task_and_message_counts_are_written_every_few_seconds(seconds: float, written: bool) -> None:
    before = status_of(broker=broker(celery=5000), pods=(pod("a", active=1), pod("b")))
    after = status_of(broker=broker(celery=5001), pods=(pod("a", active=2), pod("b")))
    assert worth_writing(before, after, seconds) is written


@pytest.mark.parametrize(("seconds", "written"), [(4.9, False), (NUMBERS_EVERY_SECONDS, True)])
def test_a_sentence_alone_is_written_every_few_seconds(seconds: float, written: bool) -> None:
    before = status_of(pods=(pod("a", WorkerReason.DEAF), pod("b")))
    conditions = tuple(one.model_copy(update={"message": "Another sentence."}) for one in before.conditions)
    after = before.model_copy(update={"conditions": conditions, "message": "Another sentence."})
    assert worth_writing(before, after, seconds) is written


def test_another_command_is_written_at_once() -> None:
    deaf = {name: status_of(pods=(pod(name, WorkerReason.DEAF), pod("c"))) for name in "ab"}
    assert worth_writing(deaf["a"], deaf["b"], 0)
