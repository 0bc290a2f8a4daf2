"""Tasks and exports over REST, with a real history."""

import asyncio
import csv
import io
import json
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientError, ClientSession, web
from aiohttp.test_utils import TestClient
from yarl import URL

from celery_monitor.history import History, HistoryUnavailableError
from celery_monitor.records.tasks import Run
from celery_monitor.web.application import create_application
from celery_monitor.web.routes import export
from tests.integration.monitor.history.examples import finished, many
from tests.integration.monitor.web.conftest import TASKS
from tests.support.monitor_web import API, VIEWER, problem, served, services

Client = TestClient[Any, Any]


async def tasks(client: Client, **parameters: str) -> dict[str, Any]:
    response = await client.get(f"{API}/tasks", params=parameters, headers=VIEWER)
    assert response.status == 200, await response.text()
    return dict(await response.json())


async def test_pages_list_every_task_once(client: Client) -> None:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await tasks(client, limit="700", **cursor)
        found += [task["id"] for task in page["tasks"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(found) == TASKS
    assert set(found) == {record.id for record in many(TASKS)}


async def test_the_language_and_the_parameters_find_the_same_tasks(client: Client) -> None:
    by_language = await tasks(client, q="state:failure name:shop.*")
    by_parameters = await tasks(client, state="failure", name="shop.*")
    assert by_language["tasks"]
    assert by_language["tasks"] == by_parameters["tasks"]
    assert {task["state"] for task in by_language["tasks"]} == {"FAILURE"}


async def test_tasks_are_sorted(client: Client) -> None:
    times = [task["runtime"] for task in (await tasks(client, sort="-runtime", limit="50"))["tasks"]]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("parameters", "where"),
    [
        ({"q": "colour:red"}, "query.q"),
        ({"sort": "colour"}, "query.sort"),
        ({"limit": "0"}, "query.limit"),
        ({"limit": "1001"}, "query.limit"),
        ({"limit": "ten"}, "query.limit"),
        ({"colour": "red"}, "query.colour"),
        ({"runtime_min": "fast"}, "query.runtime_min"),
        ({"q": "x" * 1001}, "query.q"),
    ],
)
async def test_a_parameter_that_cannot_be_used_is_named(
    client: Client, parameters: dict[str, str], where: str
) -> None:
    response = await client.get(f"{API}/tasks", params=parameters, headers=VIEWER)
    assert response.status == 422
    assert (await problem(response))["errors"][0]["where"].startswith(where)


@pytest.mark.parametrize("cursor", ["x", "%00", "eyJ9", "x" * 4000])
async def test_a_damaged_cursor_is_a_problem(client: Client, cursor: str) -> None:
    response = await client.get(f"{API}/tasks", params={"cursor": cursor}, headers=VIEWER)
    assert response.status == 422
    await problem(response)


async def test_one_task_has_its_runs_and_neighbours(client: Client, history: History) -> None:
    runs = [
        Run(number=1, worker="celery@a", started=1.0, outcome="LOST"),
        Run(number=2, worker="celery@b", started=5.0, finished=6.0, outcome="FAILURE", traceback="line 1"),
    ]
    parent = finished("parent", root_id="parent")
    child = finished(
        "a/b %{x}\u00e4",
        state="FAILURE",
        root_id="parent",
        parent_id="parent",
        exception="KeyError('x')",
        traceback="line 1",
        runs=runs,
    )
    await history.write([parent, child])
    path = f"{API}/tasks/{quote(child.id, safe='')}"
    response = await client.get(URL(path, encoded=True), headers=VIEWER)
    task = await response.json()
    assert response.status == 200, task
    assert task["id"] == child.id
    assert task["traceback"] == "line 1"
    assert [run["worker"] for run in task["runs"]] == ["celery@a", "celery@b"]
    assert task["related"]["parent"]["id"] == "parent"
    response = await client.get(URL(f"{path}/why", encoded=True), headers=VIEWER)
    assert child.id in (await response.json())["sentence"]


async def test_an_unknown_task_is_a_problem_that_says_why(client: Client) -> None:
    response = await client.get(f"{API}/tasks/nothing", headers=VIEWER)
    assert response.status == 404
    assert "send task events" in (await problem(response))["detail"]


@pytest.mark.parametrize("name", ["failures", "tasks/names", "series", "stats", "queues/mail/samples"])
async def test_a_window_of_the_history(client: Client, name: str) -> None:
    response = await client.get(f"{API}/{name}", params={"since": "365d"}, headers=VIEWER)
    assert response.status == 200, await response.text()


async def test_an_export_has_every_task(client: Client) -> None:
    response = await client.get(f"{API}/export", headers=VIEWER)
    assert response.content_type == "text/csv"
    assert 'filename="tasks.csv"' in response.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(await response.text(), newline="")))
    assert len(rows) == TASKS
    response = await client.get(f"{API}/export?format=ndjson&q=state:failure", headers=VIEWER)
    lines = (await response.text()).splitlines()
    assert lines
    assert {json.loads(line)["state"] for line in lines} == {"FAILURE"}


async def test_an_export_of_nothing_is_empty(client: Client) -> None:
    response = await client.get(f"{API}/export?format=ndjson&q=name:nothing", headers=VIEWER)
    assert (response.status, await response.text()) == (200, "")


class Broken(History):
    """A history whose database is away, or goes away in an export."""

    def __init__(self, records: int) -> None:
        super().__init__("postgresql://planted:planted@127.0.0.1:1/planted")
        self.records = records

    async def stream(self, *_: Any, **__: Any) -> Any:
        for number in range(self.records):
            yield finished(str(number))
        raise HistoryUnavailableError("connection to planted-host failed")


async def test_a_database_that_is_away_is_a_problem_and_tasks_in_memory_are_shown() -> None:
    recent = {"known": finished("known")}
    async with served(history=Broken(0), recent_task=recent.get) as client:
        for path in ("tasks", "tasks/unknown", "export"):
            response = await client.get(f"{API}/{path}", headers=VIEWER)
            assert response.status == 503
            assert response.headers["Retry-After"] == "5"
            assert "planted" not in (await problem(response))["detail"]
        response = await client.get(f"{API}/tasks/known", headers=VIEWER)
        assert response.status == 200
        assert (await response.json())["related"] is None


async def test_an_export_that_breaks_is_not_complete() -> None:
    async with served(history=Broken(5)) as client:
        response = await client.get(f"{API}/export", headers=VIEWER)
        with pytest.raises(Exception, match=r"payload|closed|reset|disconnected"):
            await response.read()


class Endless(Broken):
    """More tasks than any client takes."""

    read = 0

    async def stream(self, *_: Any, **__: Any) -> Any:
        while True:
            self.read += 1
            yield finished(str(self.read), args="x" * 1000)


async def test_the_history_is_read_only_as_fast_as_the_client_takes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "WRITE_SECONDS", 1.0)
    history = Endless(0)
    async with served(history=history) as client:
        response = await client.get(f"{API}/export", headers=VIEWER)
        assert response.status == 200
        before = -1
        async with asyncio.timeout(60):
            while before != history.read:
                before = history.read
                await asyncio.sleep(0.3)
        # Buffers of sockets take some megabytes; then nothing more is read.
        assert history.read < 50_000
        response.close()


class Followed(Endless):
    """Notes the end of the reading."""

    def __init__(self) -> None:
        super().__init__(0)
        self.ended = asyncio.Event()

    async def stream(self, *_: Any, **__: Any) -> Any:
        try:
            async for record in super().stream():
                yield record
        finally:
            self.ended.set()


async def test_an_export_that_its_client_ends_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    history = Followed()
    # Unlike the server of other tests, the monitor does not cancel a request whose client has gone.
    runner = web.AppRunner(create_application(services(history=history)))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as client:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}{API}/export"
        response = await client.get(url, headers=VIEWER)
        assert response.status == 200
        response.close()
        async with asyncio.timeout(60):
            await history.ended.wait()
    await runner.cleanup()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_client_that_stops_reading_is_given_up_and_its_place_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "WRITE_SECONDS", 0.5)
    history = Followed()
    async with served(history=history) as client:
        response = await client.get(f"{API}/export", headers=VIEWER)
        async with asyncio.timeout(60):
            await history.ended.wait()
        with pytest.raises(ClientError):
            await response.read()
        others = [await client.get(f"{API}/export", headers=VIEWER) for _ in range(export.MOST_AT_ONCE)]
        assert [one.status for one in others] == [200] * export.MOST_AT_ONCE


async def test_the_number_of_exports_is_bounded() -> None:
    async with served(history=Endless(0)) as client:
        running = [await client.get(f"{API}/export", headers=VIEWER) for _ in range(export.MOST_AT_ONCE)]
        response = await client.get(f"{API}/export", headers=VIEWER)
        assert response.status == 503
        assert "exports are running" in (await problem(response))["detail"]
        for one in running:
            one.close()


@pytest.mark.parametrize("identity", ["names", "bulk", "export", "id:names", "plain"])
async def test_any_id_can_be_read(client: Client, history: History, identity: str) -> None:
    """An id that is also a word of the API is written with `id:`."""
    await history.write([finished(identity)])
    for path in (f"{API}/tasks/id:{identity}", f"{API}/tasks/id:{identity}/why"):
        response = await client.get(path, headers=VIEWER)
        assert response.status == 200, await response.text()
        document = await response.json()
        assert document.get("id", identity) == identity
