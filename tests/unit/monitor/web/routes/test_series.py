from typing import Any

import pytest

from tests.support.monitor_web import API, VIEWER, FakeHistory, served

NOW = 1_795_900_000.0


class EmptyHistory(FakeHistory):
    async def series(self, *_: Any, **__: Any) -> list[Any]:
        return []


async def answer(**query: str) -> tuple[int, Any]:
    async with (
        served(history=EmptyHistory(), clock=lambda: NOW) as client,
        client.get(f"{API}/series", params=query, headers=VIEWER) as response,
    ):
        return response.status, await response.json()


@pytest.mark.parametrize(
    "query",
    [
        {"name": "shop.mail", "since": "12d"},
        {"name": "shop.mail", "queue": "mail", "since": "2d"},
        {"queue": "mail", "worker": "w1", "since": "1h", "until": "47h"},
    ],
    ids=str,
)
async def test_a_series_of_numbers_that_are_kept(query: dict[str, str]) -> None:
    status, document = await answer(**query)
    assert (status, document["points"]) == (200, [])


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        ({"name": "shop.mail", "queue": "mail", "since": "12d"}, "leave out queue."),
        ({"queue": "mail", "worker": "w1", "since": "1h", "until": "48h"}, "leave out worker."),
        ({"name": "a", "queue": "b", "worker": "c", "since": "2026-11-01"}, "leave out queue and worker."),
    ],
    ids=str,
)
async def test_of_two_labels_a_longer_window_is_refused_with_what_to_ask_instead(
    query: dict[str, str], advice: str
) -> None:
    status, problem = await answer(**query)
    assert status == 422
    assert "are kept for 2 days" in problem["detail"]
    assert "since=2d" in problem["detail"]
    assert problem["detail"].endswith(advice)
    assert problem["errors"][0]["where"] == "query.since"
