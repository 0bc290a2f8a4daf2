"""The sidecar of beat: its memory, its endpoints and its numbers, without a beat."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from celery_health.catalogue.beat import BeatReason
from celery_health.verdicts.beat import BrokerCheck
from celery_health.wire.answers import ProcessState
from celery_health.wire.names import Role
from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.endpoints.process import probe_app
from celery_probe.sidecar.observe.beat import BeatObserver
from celery_probe.sidecar.observe.evidence import BEAT_FILE, ProcessEvidence
from celery_probe.sidecar.settings import SettingsError, read_settings
from celery_probe.sidecar.token import Token
from tests.unit.sidecar.clock import Clock
from tests.unit.sidecar.holders import Holder
from tests.unit.wire.documents import beat_document

Client = TestClient[Request, Application]
TOKEN = "s3cret"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
REACHED = BrokerCheck(reachable=True, answers_for=500.0)


@pytest.fixture
def observer(tmp_path: Path, clock: Clock) -> BeatObserver:
    return BeatObserver(ProcessEvidence(tmp_path, BEAT_FILE, clock), BrokerChecks("", clock), clock)


@pytest.fixture
async def client(observer: BeatObserver) -> AsyncIterator[Client]:
    async with TestClient(TestServer(probe_app(observer, Token(TOKEN)))) as client:
        yield client


def reported(directory: Path, observer: BeatObserver, text: str | None = None, **changes: object) -> None:
    now = time.monotonic()
    document = beat_document(**{"written_mono": now, "tick_mono": now, **changes})
    unfinished = directory / ".beat.json.new"
    unfinished.write_text(json.dumps(document) if text is None else text)
    unfinished.rename(directory / "beat.json")
    observer.refresh()


async def statuses(client: Client) -> dict[str, int]:
    return {path: (await client.get(path)).status for path in ("/startupz", "/livez", "/readyz")}


async def test_before_the_first_report_only_liveness_passes(client: Client) -> None:
    assert await statuses(client) == {"/startupz": 503, "/livez": 200, "/readyz": 503}


async def test_a_beat_that_ticks_passes_every_probe_and_says_why(
    client: Client, tmp_path: Path, observer: BeatObserver
) -> None:
    reported(tmp_path, observer)
    assert await statuses(client) == {"/startupz": 200, "/livez": 200, "/readyz": 200}
    answer = await (await client.get("/readyz")).json()
    assert answer == {"reason": "Ticking", "message": "Beat ticks and has sent 5 tasks."}


async def test_the_report_says_whose_it_is_and_how_old(
    client: Client, tmp_path: Path, observer: BeatObserver, clock: Clock
) -> None:
    began = time.monotonic()
    reported(tmp_path, observer)
    clock.ahead = 7
    body = await (await client.get("/report", headers=AUTHORIZED)).json()
    took = time.monotonic() - began
    assert (body["version"], body["role"], body["process"]) == (1, "beat", "unseen")
    assert 7 <= body["tick_age"] < 8 + took
    assert 7 <= body["written_age"] < 8 + took
    assert body["report"]["ticks"] == 12
    assert body["verdict"]["reason"] == "Ticking"
    assert (body["broker"]["reachable"], body["report_error"]) == (None, "")


async def test_without_a_report_ages_are_null(client: Client) -> None:
    body = await (await client.get("/report", headers=AUTHORIZED)).json()
    assert (body["report"], body["tick_age"], body["written_age"]) == (None, None, None)


async def test_the_metrics_leave_out_what_is_not_known(
    client: Client, tmp_path: Path, observer: BeatObserver
) -> None:
    assert "celery_beat_ticks_total" not in await (await client.get("/metrics")).text()
    reported(tmp_path, observer, entries=None)
    answer = await client.get("/metrics")
    text = await answer.text()
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE celery_beat_tasks_sent_total counter\ncelery_beat_tasks_sent_total 5\n" in text
    assert "celery_beat_live 1\n" in text
    assert "schedule_entries" not in text
    assert "broker_reachable" not in text


async def test_a_sidecar_that_no_longer_refreshes_says_that_it_is_stuck(
    client: Client, observer: BeatObserver, clock: Clock
) -> None:
    assert (await client.get("/healthz")).status == 200
    clock.ahead = 6
    answer = await client.get("/healthz")
    assert answer.status == 503
    assert (await answer.json())["reason"] == "Stuck"


async def test_beat_cannot_be_drained(client: Client) -> None:
    assert (await client.post("/drain", headers=AUTHORIZED)).status == 404


@pytest.fixture
def overdue(tmp_path: Path, observer: BeatObserver) -> Iterator[BeatObserver]:
    """A beat that lives and does not tick, for no fault of its broker."""
    holder = Holder(tmp_path / "worker.lock")
    reported(tmp_path, observer, tick_mono=time.monotonic() - 100, due_in=5, waits_for="")
    yield observer
    holder.kill()


async def test_a_held_beat_passes_liveness_until_the_hold_lapses(
    client: Client, overdue: BeatObserver, clock: Clock
) -> None:
    assert (await client.get("/livez")).status == 503
    answer = await client.post("/restart-hold", headers=AUTHORIZED, json={"seconds": 300})
    assert answer.status == 202
    answer_with_hold = await client.get("/livez")
    said = await answer_with_hold.json()
    assert (answer_with_hold.status, said["reason"]) == (200, "TickOverdue")
    assert said["message"].endswith("(restart hold)")
    report = await (await client.get("/report", headers=AUTHORIZED)).json()
    assert 0 < report["restart_hold_seconds_left"] <= 300
    assert report["verdict"]["live"] is False
    assert "celery_beat_restart_hold 1\n" in await (await client.get("/metrics")).text()
    assert (await client.get("/readyz")).status == 503

    clock.ahead = 301
    assert (await client.get("/livez")).status == 503
    body = await (await client.get("/report", headers=AUTHORIZED)).json()
    assert body["restart_hold_seconds_left"] is None


def failures(observer: BeatObserver) -> float:
    (family,) = (one for one in observer.metrics() if one.name == "celery_beat_liveness_failures")
    return family.samples[0].value


def test_each_time_that_beat_comes_to_need_a_restart_is_counted_once(
    tmp_path: Path, overdue: BeatObserver
) -> None:
    overdue.refresh()
    assert failures(overdue) == 1

    reported(tmp_path, overdue)
    assert failures(overdue) == 1

    reported(tmp_path, overdue, tick_mono=time.monotonic() - 100, due_in=5, waits_for="")
    assert failures(overdue) == 2


async def test_a_hold_without_the_token_changes_nothing(client: Client, overdue: BeatObserver) -> None:
    assert (await client.post("/restart-hold", json={"seconds": 5})).status == 401
    assert (await client.get("/livez")).status == 503


def test_an_unreadable_report_counts_as_none_and_says_why(
    tmp_path: Path, observer: BeatObserver, clock: Clock
) -> None:
    reported(tmp_path, observer)
    reported(tmp_path, observer, text='{"role": "beat", "version": 9}')
    assert observer.evidence.current is None
    assert "version 9" in observer.evidence.report_error
    clock.ahead = 61
    verdict = observer.verdict()
    assert verdict.reason is BeatReason.REPORT_UNREADABLE
    assert verdict.message.startswith("The beat report has version 9, and this release reads version 1")
    reported(tmp_path, observer)
    assert observer.evidence.report_error == ""


def test_a_report_that_is_taken_away_is_forgotten(tmp_path: Path, observer: BeatObserver) -> None:
    reported(tmp_path, observer)
    (tmp_path / "beat.json").unlink()
    observer.refresh()
    assert observer.evidence.current is None


def test_a_report_of_the_former_process_is_none_of_the_new_ones(
    tmp_path: Path, observer: BeatObserver
) -> None:
    first = Holder(tmp_path / "worker.lock")
    reported(tmp_path, observer)
    first.kill()
    observer.refresh()
    assert observer.evidence.process is ProcessState.ENDED
    assert observer.verdict().reason is BeatReason.ENDED
    second = Holder(tmp_path / "worker.lock")
    try:
        observer.refresh()
        assert observer.evidence.current is None
        assert observer.verdict().reason is BeatReason.STARTING
        reported(tmp_path, observer)
        assert observer.verdict().reason is BeatReason.TICKING
    finally:
        second.kill()


def test_an_overdue_tick_of_a_process_that_runs_fails_liveness(
    tmp_path: Path, observer: BeatObserver
) -> None:
    holder = Holder(tmp_path / "worker.lock")
    try:
        reported(tmp_path, observer, tick_mono=time.monotonic() - 100, due_in=5)
        verdict = observer.verdict()
        assert (verdict.reason, verdict.live) == (BeatReason.TICK_OVERDUE, False)
    finally:
        holder.kill()


def test_the_role_is_worker_by_default(tmp_path: Path) -> None:
    directory = {"CELERY_PROBE_DIRECTORY": str(tmp_path)}
    assert read_settings(directory).role is Role.WORKER
    assert read_settings({**directory, "CELERY_PROBE_ROLE": ""}).role is Role.WORKER
    assert read_settings({**directory, "CELERY_PROBE_ROLE": "beat"}).role is Role.BEAT
    with pytest.raises(SettingsError, match="CELERY_PROBE_ROLE is 'Beat': write worker or beat"):
        read_settings({**directory, "CELERY_PROBE_ROLE": "Beat"})
