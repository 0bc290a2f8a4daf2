"""Questions about tasks of which something becomes known while the answer is collected."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from msgspec import structs

from celery_health.survey.app_connection import resolve
from celery_health.survey.remote_control import Replies
from celery_health.wire.names import DEATHS_STAT, QUARANTINE_STAT
from celery_monitor.live.live import Live
from celery_monitor.live.why import service
from celery_monitor.live.why.service import Ask, Why
from celery_monitor.live.why.tasks import Percentile
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.remote_control.remote_control import RemoteControlError
from tests.unit.monitor.live.test_workers import push, pushed_worker
from tests.unit.monitor.live.worlds import NOW, Clock

LISTED = {"id": "7", "name": "shop.mail", "left": 500.0}
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


def question(*records: TaskRecord | None, live: Live | None = None, ask: Ask | None = None) -> Why:
    return Why(live or Live(clock=Clock()), Records(*records), NO_BROKER, ask=ask)


def with_worker() -> Live:
    """A worker w1@a that is online."""
    live = Live(clock=Clock())
    live.on_push(push(pushed_worker("w1@a", 1.0)))
    return live


def answers(*active: str, **stats: Any) -> Ask:
    """The answers of w1@a."""

    async def ask(commands: Sequence[str], names: Sequence[str] | None) -> Replies:
        assert (tuple(commands), tuple(names or ())) == (("active", "stats"), ("w1@a",))
        return {"active": {"w1@a": [{"id": one} for one in active]}, "stats": {"w1@a": stats}}

    return ask


def record(state: str) -> TaskRecord:
    return TaskRecord(
        id="7", name="shop.mail", state=state, queue="mail", worker="w1@a", sent=NOW, started=NOW
    )


async def test_a_task_whose_event_comes_during_the_search_has_been_seen() -> None:
    found = await question(None, record("STARTED")).answer("7")

    assert found.reason == "Running"
    assert not [line for line in found.evidence if "searched" in line]


@pytest.fixture
def prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """No event is on its way."""
    monkeypatch.setattr(service, "_EVENT_SECONDS", 0.0)


@pytest.mark.usefixtures("prompt")
async def test_a_started_task_that_its_worker_does_not_have_is_not_running() -> None:
    running = question(record("STARTED"), live=with_worker(), ask=answers("7"))
    left = question(record("STARTED"), live=with_worker(), ask=answers("8"))
    ended = question(record("STARTED"), record("SUCCESS"), live=with_worker(), ask=answers())

    assert (await running.answer("7")).reason == "Running"
    assert (await left.answer("7")).reason == "NoWorkerHasIt"
    assert (await ended.answer("7")).reason == "Succeeded"


@pytest.mark.usefixtures("prompt")
async def test_a_worker_that_shares_its_name_proves_nothing() -> None:
    live = with_worker()
    worker = live.known_workers.get("w1@a")
    assert worker is not None
    worker.shared_at = worker.seen_at

    found = await question(record("STARTED"), live=live, ask=answers("8")).answer("7")

    assert found.reason == "Running"


@pytest.mark.usefixtures("prompt")
async def test_a_task_that_started_after_the_workers_were_asked_is_running() -> None:
    late = structs.replace(record("STARTED"), started=NOW + 60)

    found = await question(late, live=with_worker(), ask=answers("8")).answer("7")

    assert found.reason == "Running"


async def test_questions_of_the_same_moment_ask_the_workers_once() -> None:
    asked = []

    async def ask(commands: Sequence[str], names: Sequence[str] | None) -> Replies:
        asked.append(commands)
        return {"active": {"w1@a": [{"id": "7"}]}, "stats": {}}

    why = question(record("STARTED"), live=with_worker(), ask=ask)
    await asyncio.gather(*(why.answer("7") for _ in range(5)))

    assert asked == [("active", "stats")]


@pytest.mark.usefixtures("prompt")
async def test_the_last_of_many_workers_is_asked_as_well() -> None:
    live, names = Live(clock=Clock()), [f"w{number:03}@a" for number in range(1_000)]
    live.on_push(push(*(pushed_worker(name, 1.0) for name in names)))
    quarantine = {"queue": "mail.dead-letter", "tasks": [LISTED], "waiting": 0, "problem": ""}

    async def ask(_: Sequence[str], names: Sequence[str] | None) -> Replies:
        stats = {name: {QUARANTINE_STAT: quarantine} for name in names or () if name == "w999@a"}
        return {"active": {name: [] for name in names or ()}, "stats": stats}

    found = await question(record("REJECTED"), live=live, ask=ask).answer("7")

    assert (found.reason, [line for line in found.evidence if "did not answer" in line]) == (
        "Quarantined",
        [],
    )


async def test_workers_that_do_not_answer_are_counted() -> None:
    async def silent(*_: object) -> Replies:
        return {"active": {}}

    async def failing(*_: object) -> Replies:
        raise RemoteControlError("Remote control does not end in time.")

    for ask in (silent, failing):
        found = await question(None, live=with_worker(), ask=ask).answer("7")

        assert found.reason == "NeverSeen"
        assert "1 of 1 worker did not answer." in found.evidence


@pytest.mark.usefixtures("prompt")
async def test_workers_say_that_a_task_is_in_quarantine_and_why_its_message_is_not_moved() -> None:
    quarantine = {"queue": "mail.dead-letter", "tasks": [LISTED], "waiting": 1, "problem": "Redis is full."}
    ask = answers(**{QUARANTINE_STAT: quarantine})

    found = await question(record("STARTED"), live=with_worker(), ask=ask).answer("7")

    assert found.reason == "Quarantined"
    assert "cannot be moved to the dead-letter queue: Redis is full." in found.sentence


async def test_workers_say_that_a_running_task_is_a_poison_task() -> None:
    times = {"count": 45, "first_mono": 100.0, "last_mono": 580.0}
    deaths = [{"id": "7", "name": "shop.mail", "cause": "signal SIGKILL", "returns": True, **times}]
    counts = {"written_mono": 600.0, "processed": 45, "children_lost": 45, "tasks_lost": 0}
    ask = answers("7", **{DEATHS_STAT: {**counts, "deaths": deaths, "deaths_by_name": []}})

    found = await question(record("STARTED"), live=with_worker(), ask=ask).answer("7")

    assert found.reason == "PoisonTask"
    assert "Task shop.mail 7 killed its worker 45 times in 8 min: signal SIGKILL." in found.sentence


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


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result backend on a busy machine gets the time that it needs."""
    monkeypatch.setattr(service, "_RESULT_SECONDS", 60.0)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("state", "stored", "later", "noted"),
    [
        ("RECEIVED", "SUCCESS", 60, ["SUCCESS"]),
        ("STARTED", "FAILURE", 60, ["FAILURE"]),
        ("UNREPORTED", "REVOKED", 60, ["REVOKED"]),
        # The worker stores it when it gets the order.
        ("STARTED", "REVOKED", 60, []),
        # The event may still come.
        ("STARTED", "SUCCESS", 1, []),
        ("SUCCESS", "SUCCESS", 60, []),
    ],
)
async def test_an_end_that_only_the_result_backend_has_is_noted(
    tmp_path: Path, state: str, stored: str, later: float, noted: list[str]
) -> None:
    began = time.time()
    results = f"file://{tmp_path}"
    with Celery(backend=results, set_as_current=False) as app:
        app.backend.store_result("7", KeyError("x") if stored == "FAILURE" else None, stored)
    task, ends = TaskRecord(id="7", state=state, worker="w1@a", started=1.0), []
    why = Why(
        Live(clock=lambda: began + later),
        Records(task),
        resolve(None, None, "redis://127.0.0.1:1/0", results, {}),
        on_end=lambda before, ended: ends.append((before, ended.state)),
    )
    await why.answer("7")
    assert ends == [(task, end) for end in noted]


async def test_an_operator_that_is_silent_is_no_evidence_against_a_worker() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.on_push(push(structs.replace(pushed_worker("w1@a", 1.0), reason="Deaf")))
    received = TaskRecord(id="7", name="shop.mail", state="RECEIVED", worker="w1@a", received=NOW)
    assert "deaf" in (await question(received, live=live).answer("7")).sentence

    clock.now += 86_400

    assert "deaf" not in (await question(received, live=live).answer("7")).sentence
