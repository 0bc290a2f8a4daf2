"""The operator and a monitor: each request is done once, whatever fails in between."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from celery_health.wire.group_requests import (
    OUTCOMES,
    REQUESTS_PATH,
    GroupAction,
    GroupRequest,
    Outcome,
    WaitingRequests,
)
from celery_operator.act.group_requests import REPORTED_SECONDS, GroupRequests
from celery_operator.act.monitor_push import PushError
from celery_operator.api.names import ANNOTATION_RESTARTED_AT
from celery_operator.cache import Key
from celery_operator.decide.event_note import EventNote
from celery_operator.kinds import Json
from celery_operator.kube import ConflictError, KubeError, RefusedError, UnreachableError
from tests.unit.decide.test_group_requests import resource
from tests.unit.operator.monitor.test_monitor_push import TOKEN, pod, pods_of

KEY = Key("shop", "shop")


def request(number: int = 1, action: str = "restart", **changes: Any) -> GroupRequest:
    return GroupRequest(**{"id": f"{number:016x}", "action": GroupAction(action), "group": "mail", **changes})


@dataclass
class FakeMonitor:
    """Hands out its requests until it knows their outcome."""

    waiting: list[GroupRequest] = field(default_factory=list)
    reported: dict[str, Outcome] = field(default_factory=dict)
    answer: bytes | None = None
    error: str = ""
    paths: set[str] = field(default_factory=set)

    async def send(self, pod: Json, path: str, body: bytes, token: str) -> bytes:
        assert token == TOKEN
        self.paths.add(path)
        if self.error:
            raise PushError(self.error)
        self.reported |= {one.id: one for one in OUTCOMES.decode(body).outcomes}
        if self.answer is not None:
            return self.answer
        left = tuple(one for one in self.waiting if one.id not in self.reported)
        return msgspec.json.encode(WaitingRequests(requests=left))


@dataclass
class FakeKube:
    """One resource that is patched. ``errors`` are raised by the next patches; with one, ``applies`` says
    whether the patch was applied all the same."""

    resource: Json = field(default_factory=resource)
    errors: list[KubeError] = field(default_factory=list)
    applies: bool = False
    patches: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.resource["metadata"]["uid"] = "uid"

    async def get(self, kind: Any, namespace: str, name: str) -> Json:
        return self.resource

    async def merge(self, kind: Any, namespace: str, name: str, body: Json) -> Json:
        error = self.errors.pop(0) if self.errors else None
        if error is None or self.applies:
            self.patches.append(body)
            self.resource["metadata"]["annotations"] |= body["metadata"]["annotations"]
        if error is not None:
            raise error
        return self.resource


class Requests:
    """The requests of one operator process."""

    def __init__(self, monitor: FakeMonitor, kube: FakeKube) -> None:
        self.now = 100.0
        self.events: list[EventNote] = []
        fake: Any = kube
        self.requests = GroupRequests(
            monitor, fake, pods_of(pod()), KEY, "uid", post=self._post, clock=lambda: self.now
        )
        self.requests.follow("/celery", TOKEN)

    async def _post(self, note: EventNote) -> None:
        self.events.append(note)

    async def ask(self) -> bool:
        return await self.requests.ask()


async def test_a_request_is_done_once_and_its_outcome_is_reported_at_once() -> None:
    monitor, kube = FakeMonitor([request()]), FakeKube()
    running = Requests(monitor, kube)
    for _ in range(3):
        assert await running.ask()
    assert [next(iter(one["metadata"]["annotations"])) for one in kube.patches] == [
        f"{ANNOTATION_RESTARTED_AT}.mail"
    ]
    assert monitor.reported[request().id].done
    assert monitor.paths == {f"/celery{REQUESTS_PATH}"}
    assert [note.reason for note in running.events] == ["RequestedByMonitor"]


async def test_an_operator_that_restarted_before_it_reported_the_outcome_does_nothing_twice() -> None:
    monitor, kube = FakeMonitor([request()]), FakeKube()
    await Requests(monitor, kube).ask()
    monitor.reported.clear()
    again = Requests(monitor, kube)
    await again.ask()
    assert len(kube.patches) == 1
    assert monitor.reported[request().id].done
    assert again.events == []


async def test_a_patch_whose_answer_was_lost_is_not_made_again() -> None:
    monitor, kube = FakeMonitor([request()]), FakeKube(errors=[UnreachableError("late")], applies=True)
    running = Requests(monitor, kube)
    await running.ask()
    assert monitor.reported == {}
    await running.ask()
    assert len(kube.patches) == 1
    assert monitor.reported[request().id].done


async def test_a_patch_that_meets_another_change_is_tried_again() -> None:
    monitor, kube = FakeMonitor([request()]), FakeKube(errors=[ConflictError("changed", 409)] * 2)
    await Requests(monitor, kube).ask()
    assert (len(kube.patches), monitor.reported[request().id].done) == (1, True)


async def test_while_the_api_server_is_away_the_request_waits() -> None:
    monitor, kube = FakeMonitor([request()]), FakeKube(errors=[UnreachableError("away")] * 2)
    running = Requests(monitor, kube)
    await running.ask()
    await running.ask()
    assert (kube.patches, monitor.reported) == ([], {})
    await running.ask()
    assert (len(kube.patches), monitor.reported[request().id].done) == (1, True)


async def test_without_the_permission_the_outcome_says_which_one_is_needed() -> None:
    monitor, kube = FakeMonitor([request()]), FakeKube(errors=[RefusedError("forbidden", 403)])
    await Requests(monitor, kube).ask()
    outcome = monitor.reported[request().id]
    assert not outcome.done
    assert "patch on celerydeployments" in outcome.message


async def test_a_request_that_the_api_server_refuses_stops_no_other() -> None:
    refused = RefusedError("replicas is invalid", 422)
    monitor, kube = FakeMonitor([request(1), request(2, "pause")]), FakeKube(errors=[refused, refused])
    await Requests(monitor, kube).ask()
    assert [monitor.reported[request(number).id].done for number in (1, 2)] == [False, True]
    assert "replicas is invalid" in monitor.reported[request(1).id].message


async def test_a_refused_request_is_not_judged_again() -> None:
    monitor, kube = FakeMonitor([request(group="post")]), FakeKube()
    running = Requests(monitor, kube)
    for _ in range(2):
        await running.ask()
    assert (kube.patches, monitor.reported[request().id].done) == ([], False)


async def test_what_a_hostile_monitor_answers_changes_nothing() -> None:
    answers: list[Any] = [
        b"",
        b"[" * 10_000,
        b'{"version":1,"requests":[{"id":"0000000000000001","action":"delete","group":"mail"}]}',
        b'{"version":1,"requests":[{"id":"0000000000000001","action":"scale","group":"mail","replicas":1e9}]}',
        b'{"version":1,"requests":{}}',
        b'{"version":2,"requests":[]}',
    ]
    for answer in answers:
        kube = FakeKube()
        assert not await Requests(FakeMonitor(answer=answer), kube).ask()
        assert kube.patches == []


async def test_a_resource_made_anew_under_the_same_name_is_not_changed() -> None:
    kube = FakeKube()
    kube.resource["metadata"]["uid"] = "another"
    await Requests(FakeMonitor([request()]), kube).ask()
    assert kube.patches == []


async def test_an_unreadable_spec_is_the_reason_for_a_refusal() -> None:
    monitor, kube = FakeMonitor([request()]), FakeKube(resource(workers=[]))
    await Requests(monitor, kube).ask()
    assert "cannot be read" in monitor.reported[request().id].message


async def test_outcomes_are_reported_for_a_while_only() -> None:
    monitor, kube = FakeMonitor([request()]), FakeKube()
    running = Requests(monitor, kube)
    await running.ask()
    monitor.reported.clear()
    monitor.waiting.clear()
    running.now += REPORTED_SECONDS
    await running.ask()
    assert monitor.reported == {}


async def test_a_monitor_that_does_not_answer_is_a_failure_and_no_monitor_is_none() -> None:
    running = Requests(FakeMonitor(error="connection refused"), FakeKube())
    assert not await running.ask()
    running.requests.follow("", "")
    assert await running.ask()
