"""What the document of one task says can be done to it."""

import pytest

from celery_monitor.history import History
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.web.documents import task_detail

# Nothing listens there: the task is the one in memory.
AWAY = "postgresql://shop@127.0.0.1:1/shop"


@pytest.mark.parametrize(
    ("state", "may_cancel", "may_retry"),
    [
        ("PENDING", True, False),
        ("RECEIVED", True, False),
        ("STARTED", True, False),
        ("RETRY", True, False),
        ("A_STATE_OF_ITS_OWN", True, False),
        ("UNREPORTED", False, False),
        ("LOST", True, True),
        ("FAILURE", False, True),
        ("REVOKED", False, True),
        ("REJECTED", False, True),
        ("SUCCESS", False, False),
    ],
)
async def test_a_task_says_whether_it_can_be_cancelled_and_retried(
    state: str, may_cancel: bool, may_retry: bool
) -> None:
    history = History(AWAY)
    detail = await task_detail(history, lambda task: TaskRecord(id=task, name="pay", state=state), "a")
    assert detail is not None
    assert (detail.may_cancel, detail.may_retry) == (may_cancel, may_retry)
    await history.close()


async def test_a_task_without_a_name_cannot_be_retried() -> None:
    history = History(AWAY)
    detail = await task_detail(history, lambda task: TaskRecord(id=task, state="FAILURE"), "a")
    assert detail is not None
    assert (detail.may_cancel, detail.may_retry) == (False, False)
    await history.close()
