"""Reports from sidecars, over HTTP as they come."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from celery_health.catalogue.workers import WorkerReason
from celery_operator import sidecar_address
from celery_operator.observe.reports import Reports
from celery_operator.observe.sidecars import DirectSource, SidecarError, Sidecars, as_of_now, reading_of
from celery_operator.snapshot import SidecarReading

BODY: dict[str, Any] = {
    "version": 1,
    "process": "running",
    "report": None,
    "verdict": {
        "reason": "AgentAbsent",
        "message": "No agent has reported.",
        "started": True,
        "live": True,
        "ready": True,
        "consuming": None,
    },
    "broker": {"reachable": True, "message": "", "checked_age": 1.0},
}


def pod(uid: str, **status: Any) -> dict[str, Any]:
    return {"metadata": {"uid": uid}, "status": {"phase": "Running", "podIP": "127.0.0.1", **status}}


@pytest.fixture
async def answers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[web.Response]]:
    """A server in place of a sidecar: it gives these answers, one after the other."""
    queue: list[web.Response] = []

    async def report(_: web.Request) -> web.Response:
        return queue.pop(0)

    app = web.Application()
    app.router.add_get("/report", report)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setattr(sidecar_address, "PROBE_PORT", runner.addresses[0][1])
    yield queue
    await runner.cleanup()


async def read(*pods: dict[str, Any]) -> dict[str, SidecarReading]:
    async with aiohttp.ClientSession() as session:
        return await Reports(Sidecars(DirectSource(session)), reading_of, as_of_now).look(pods)


async def test_a_sidecars_verdict_is_read(answers: list[web.Response]) -> None:
    answers.append(web.json_response(BODY))

    reading = (await read(pod("1")))["1"]

    assert reading.verdict.reason is WorkerReason.AGENT_ABSENT
    assert reading.report is None
    assert reading.broker.reachable is True


async def test_a_sidecar_that_cannot_be_read_has_no_reading(answers: list[web.Response]) -> None:
    bad = [web.Response(status=500), web.Response(text="no"), web.json_response({}), web.json_response([])]
    answers += bad

    assert await read(*(pod(str(number)) for number, _ in enumerate(bad))) == {}


async def test_only_running_pods_with_an_address_are_asked() -> None:
    assert await read(pod("1", phase="Pending"), pod("2", podIP="")) == {}


async def test_a_pod_that_nobody_answers_for_has_no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar_address, "PROBE_PORT", 1)

    assert await read(pod("1")) == {}


@pytest.mark.parametrize("field", ["verdict", "broker", "report"])
def test_a_report_that_lacks_a_part_is_refused(field: str) -> None:
    body = {name: value for name, value in BODY.items() if name != field}

    with pytest.raises(SidecarError, match="not a report that this operator reads"):
        reading_of(body)
