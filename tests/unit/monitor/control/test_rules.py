"""Why a task cannot be cancelled or retried."""

from celery_monitor.control.rules import cancel_refusal, retry_refusal
from celery_monitor.records.tasks import TaskRecord


def test_a_task_whose_end_was_not_reported_has_ended_for_a_cancel_and_for_a_retry() -> None:
    record = TaskRecord(id="a", name="pay", state="UNREPORTED")
    cancel, retry = cancel_refusal(record), retry_refusal(record)
    assert cancel == "The worker has ended the task, and no event says how: there is nothing to cancel."
    assert retry is not None
    assert "it may have succeeded" in retry
    assert "has not ended" not in retry


def test_the_refusal_of_a_retry_names_the_replay_because_a_cancel_would_lose_a_dead_letter() -> None:
    # A task in quarantine has begun, and no run of it has ended.
    retry = retry_refusal(TaskRecord(id="a", name="pay", state="STARTED"))
    assert retry is not None
    assert "replay that and do not cancel the task" in retry
