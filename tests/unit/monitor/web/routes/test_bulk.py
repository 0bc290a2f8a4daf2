"""Which tasks an action on many tasks is about."""

from typing import Any

import pytest

from celery_monitor.web.models.bulk import MOST_IDS
from tests.support.monitor_web import API, OPERATOR, problem, served


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ({}, "give either filter or ids"),
        ({"filter": "state:failure", "ids": ["a"]}, "give either filter or ids"),
        ({"ids": []}, "at least 1 item"),
        ({"ids": [str(number) for number in range(MOST_IDS + 1)]}, f"at most {MOST_IDS} items"),
        ({"ids": ["a", "b\x00"]}, "all of them printable"),
        ({"filter": "stat:failure"}, "'stat' is unknown"),
    ],
)
async def test_tasks_that_cannot_be_read_are_refused_with_what_to_write(
    tasks: dict[str, Any], message: str
) -> None:
    async with served() as client:
        body = {"action": "retry", "dry_run": True, **tasks}
        response = await client.post(f"{API}/tasks/bulk", json=body, headers=OPERATOR)
        assert response.status == 422
        document = await problem(response)
        assert message in " ".join([document["detail"], *(one["message"] for one in document["errors"])])
