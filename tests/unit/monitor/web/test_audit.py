from typing import Any

import pytest

from celery_monitor.settings import Role
from celery_monitor.web import application
from celery_monitor.web.models.base import Body, Document, NoQuery
from celery_monitor.web.problems import ProblemError
from celery_monitor.web.routing import Call, Route
from tests.support.monitor_web import ADMIN, API, OPERATOR, TOKENS, VIEWER, FakeHistory, served


class Order(Body):
    what: str


class Done(Document):
    done: bool


async def change_worker(call: Call[NoQuery, Order]) -> Done:
    call.note.detail = call.body.what
    call.note.dry_run = call.body.what == "nothing"
    if call.body.what == "impossible":
        raise ProblemError(409, "The worker is gone.")
    if call.body.what == "broken":
        raise RuntimeError("broken")
    return Done(done=True)


CHANGE = Route(
    method="POST",
    path="/workers/{worker}/change",
    handler=change_worker,
    role=Role.OPERATOR,
    summary="Change a worker.",
    errors=(409,),
)


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> FakeHistory:
    monkeypatch.setattr(application, "TABLES", (*application.TABLES, (CHANGE,)))
    return FakeHistory()


async def change(history: FakeHistory, what: str, headers: dict[str, str]) -> int:
    async with served(history=history, clock=lambda: 5.0) as client:
        response = await client.post("/workers/celery%40a%2Fb/change", json={"what": what}, headers=headers)
        return response.status


async def test_a_change_is_audited(history: FakeHistory) -> None:
    assert await change(history, "pool", OPERATOR) == 200
    (entry,) = history.entries
    assert (entry.at, entry.identity, entry.role) == (5.0, "the-operator", "operator")
    assert (entry.action, entry.subject, entry.outcome) == ("change_worker", "celery@a/b", "done")
    assert (entry.address, entry.detail) == ("127.0.0.1", "pool")


async def test_a_dry_run_is_audited_as_one(history: FakeHistory) -> None:
    assert await change(history, "nothing", OPERATOR) == 200
    assert history.entries[0].outcome == "dry run"


async def test_a_refused_change_is_audited(history: FakeHistory) -> None:
    assert await change(history, "impossible", ADMIN) == 409
    assert await change(history, "pool", VIEWER) == 403
    assert await change(history, "broken", ADMIN) == 500
    assert await change(history, "pool", {**OPERATOR, "Origin": "https://evil.example"}) == 403
    outcomes = [(entry.role, entry.outcome) for entry in history.entries]
    assert outcomes[0] == ("admin", "refused: 409 The worker is gone.")
    assert outcomes[1][0] == "viewer"
    assert outcomes[1][1].startswith("refused: 403")
    assert outcomes[2] == ("admin", "failed")
    assert outcomes[3][1].startswith("refused: 403")


async def test_a_request_without_an_identity_does_not_fill_the_audit(history: FakeHistory) -> None:
    assert await change(history, "pool", {}) == 401
    assert history.entries == []


async def test_logins_are_audited_without_the_token() -> None:
    history: Any = FakeHistory()
    async with served(history=history) as client:
        await client.post(f"{API}/login", json={"token": TOKENS[Role.ADMIN]})
        await client.post(f"{API}/login", json={"token": "wrong-token-planted"})
        await client.get("/login/planted-link")
    done, wrong, link = history.entries
    assert (done.identity, done.role, done.action, done.outcome) == ("the-admin", "admin", "login", "done")
    assert (wrong.identity, wrong.role) == ("anonymous", "")
    assert wrong.outcome.startswith("refused: 401")
    assert link.outcome.startswith("refused: 410")
    assert "planted" not in repr(history.entries)
    assert TOKENS[Role.ADMIN] not in repr(history.entries)


async def test_reading_is_not_audited() -> None:
    history = FakeHistory()
    async with served(history=history) as client:
        assert (await client.get(f"{API}/workers", headers=VIEWER)).status == 200
    assert history.entries == []
