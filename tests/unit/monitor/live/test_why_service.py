"""Questions about tasks of which something becomes known while the answer is collected."""

from celery_health.survey.app_connection import resolve
from celery_monitor.live.live import Live
from celery_monitor.live.why.service import Why
from celery_monitor.live.why.tasks import Percentile
from celery_monitor.records.tasks import TaskRecord
from tests.unit.monitor.live.worlds import NOW, Clock

NO_BROKER = resolve(None, None, "redis://127.0.0.1:1/0", None, {})


class Records:
    """Gives one record after the other, and the last one again and again."""

    def __init__(self, *records: TaskRecord | None) -> None:
        self._records = list(records)

    async def record(self, task_id: str) -> TaskRecord | None:
        return self._records.pop(0) if len(self._records) > 1 else self._records[0]

    async def active_on(self, worker: str) -> list[TaskRecord]:
        return []

    async def runtime(self, name: str) -> Percentile | None:
        return None

    async def cancel(self, task_id: str) -> None:
        return None

    async def succeeded_as(self, task_id: str) -> str | None:
        return "8"


def question(*records: TaskRecord | None) -> Why:
    return Why(Live(clock=Clock()), Records(*records), NO_BROKER)


def record(state: str) -> TaskRecord:
    return TaskRecord(
        id="7", name="shop.mail", state=state, queue="mail", worker="w1@a", sent=NOW, started=NOW
    )


async def test_a_task_whose_event_comes_during_the_search_has_been_seen() -> None:
    found = await question(None, record("STARTED")).answer("7")

    assert found.reason == "Running"
    assert not [line for line in found.evidence if "searched" in line]


async def test_a_task_that_is_received_during_the_search_does_not_wait_in_its_queue_any_more() -> None:
    assert (await question(record("PENDING"), record("STARTED")).answer("7")).reason == "Running"


async def test_a_task_that_the_monitor_does_not_know_may_have_been_sent_just_now() -> None:
    found = await question(None).answer("7")

    assert found.reason == "NeverSeen"
    assert "may not be known yet" in found.sentence
    assert [line for line in found.evidence if line.startswith("Events have been received since 2026-")]


async def test_a_task_that_failed_and_was_retried_with_success_needs_nothing_more() -> None:
    found = await question(record("FAILURE")).answer("7")

    assert (found.reason, found.remedy) == ("Recovered", "")
    assert "as task 8, which succeeded" in found.sentence


async def test_a_task_that_succeeded_itself_is_not_explained_by_its_retry() -> None:
    assert (await question(record("SUCCESS")).answer("7")).reason == "Succeeded"
