"""The messages of one client: their order, their numbers, and where a client goes on."""

import json
from typing import Any

from celery_monitor.web.updates.feeds.feed import Feed, Sources
from celery_monitor.web.updates.protocol import (
    HEARTBEAT_SECONDS,
    Delta,
    Heartbeat,
    Hello,
    Problem,
    Snapshot,
)
from celery_monitor.web.updates.session import Session, Subscription, error
from tests.support.monitor_web import FakeHistory, FakeLive

NOW = 1_795_900_000.0


def feed(ready: bool = True) -> Feed:
    made = Feed(
        Sources(
            history=FakeHistory(),  # type: ignore[arg-type]
            live=FakeLive(),
            recent_task=lambda identity: None,
            clock=lambda: NOW,
        )
    )
    made.ready = ready
    return made


def put(target: Feed, **values: int) -> None:
    target.documents.update(
        {f'"{key}"'.encode(): b'{"id":"%b","v":%d}' % (key.encode(), value) for key, value in values.items()},
        (),
    )


def session_of(**feeds: Feed) -> Session:
    made = Session(("token", "the-viewer"))
    made.hello(NOW, resumed=False)
    for identity, target in feeds.items():
        made.subscriptions[identity] = Subscription(identity, target)
    return made


def sent(session: Session, *, due: bool = True, now: float = NOW) -> list[dict[str, Any]]:
    return [json.loads(message) for message in session.messages(now, due=due)]


def test_a_snapshot_comes_first_and_then_what_has_changed() -> None:
    tasks = feed()
    put(tasks, a=1, b=1)
    session = session_of(t=tasks)
    [snapshot] = sent(session)
    assert (snapshot["op"], snapshot["id"], snapshot["seq"]) == ("snapshot", "t", 1)
    assert [one["id"] for one in snapshot["data"]] == ["a", "b"]
    assert sent(session) == []
    put(tasks, b=2)
    [delta] = sent(session)
    assert (delta["op"], delta["seq"], delta["changed"]) == ("delta", 2, [{"id": "b", "v": 2}])


def test_every_message_is_as_the_protocol_says() -> None:
    tasks = feed()
    put(tasks, a=1)
    session = session_of(**{'odd "id"': tasks})
    assert Hello.model_validate(json.loads(session.hello(NOW, resumed=False))).session == session.id
    [snapshot] = session.messages(NOW, due=True)
    assert Snapshot.model_validate_json(snapshot).id == 'odd "id"'
    tasks.documents.replace({})
    [delta] = session.messages(NOW, due=True)
    assert Delta.model_validate_json(delta).removed == ["a"]
    [heartbeat] = session.messages(NOW + HEARTBEAT_SECONDS, due=True)
    assert Heartbeat.model_validate_json(heartbeat).seq == 2


def test_only_a_first_snapshot_comes_before_the_interval_is_over() -> None:
    old, new = feed(), feed()
    put(old, a=1)
    session = session_of(old=old)
    sent(session)
    put(old, a=2)
    session.subscriptions["new"] = Subscription("new", new)
    assert [message["id"] for message in sent(session, due=False)] == ["new"]
    assert [message["id"] for message in sent(session)] == ["old"]


def test_a_feed_that_is_not_ready_sends_nothing_but_its_problem_once() -> None:
    tasks = feed(ready=False)
    session = session_of(t=tasks)
    assert sent(session) == []
    tasks.problem = "The history cannot be read now."
    [problem] = sent(session, due=False)
    assert (problem["op"], problem["problem"], problem["id"]) == ("error", "unavailable", "t")
    assert sent(session) == []
    tasks.ready, tasks.problem = True, None
    assert [message["op"] for message in sent(session)] == ["snapshot"]


def test_a_snapshot_says_that_a_problem_is_over() -> None:
    tasks = feed()
    put(tasks, a=1)
    session = session_of(t=tasks)
    sent(session)
    tasks.problem = "The history cannot be read now."
    assert [message["op"] for message in sent(session)] == ["error"]
    tasks.problem = None
    assert [message["op"] for message in sent(session)] == ["snapshot"]


def test_a_client_goes_on_after_the_last_message_that_it_has() -> None:
    tasks, workers = feed(), feed()
    put(tasks, a=1)
    put(workers, w=1)
    session = session_of(t=tasks, w=workers)
    sent(session)
    put(tasks, a=2)
    [seen] = sent(session)
    put(tasks, a=3, b=1)
    [lost] = sent(session)
    put(tasks, b=2)
    assert session.rewind(seen["seq"])
    [resumed] = sent(session)
    assert resumed["seq"] == lost["seq"] == seen["seq"] + 1
    assert resumed["op"] == "delta"
    assert resumed["changed"] == [{"id": "a", "v": 3}, {"id": "b", "v": 2}]


def test_a_client_that_has_lost_its_snapshot_gets_a_snapshot() -> None:
    tasks = feed()
    put(tasks, a=1)
    session = session_of(t=tasks)
    sent(session)
    assert session.rewind(0)
    assert [(message["op"], message["seq"]) for message in sent(session)] == [("snapshot", 1)]


def test_a_client_cannot_go_on_after_a_message_that_was_never_sent() -> None:
    assert not session_of().rewind(1)


def test_a_client_that_is_too_far_behind_gets_a_snapshot() -> None:
    tasks = feed()
    session = session_of(t=tasks)
    put(tasks, a=0)
    sent(session)
    for number in range(1, 400):
        put(tasks, a=number)
        sent(session)
    assert session.rewind(1)
    assert [message["op"] for message in sent(session)] == ["snapshot"]


def test_a_client_that_lost_a_part_of_a_snapshot_gets_all_of_it_again() -> None:
    tasks = feed()
    tasks.documents.replace(
        {b'"%d"' % key: b'{"id":"%d","text":"%b"}' % (key, b"x" * 100_000) for key in range(6)}
    )
    session = session_of(t=tasks)
    parts = sent(session)
    assert [part["op"] for part in parts] == ["snapshot", "delta", "delta"]
    assert session.rewind(parts[1]["seq"])
    assert [part["op"] for part in sent(session)] == ["snapshot", "delta", "delta"]


def test_a_subscription_that_ends_while_its_parts_are_sent_sends_no_more() -> None:
    tasks = feed()
    tasks.documents.replace(
        {b'"%d"' % key: b'{"id":"%d","text":"%b"}' % (key, b"x" * 100_000) for key in range(6)}
    )
    session = session_of(t=tasks)
    messages = session.messages(NOW, due=True)
    next(messages)
    del session.subscriptions["t"]
    assert list(messages) == []


def test_an_error_names_its_subscription() -> None:
    assert json.loads(error("t", Problem.LIMIT, "Too many.")) == {
        "op": "error",
        "id": "t",
        "problem": "limit",
        "detail": "Too many.",
    }
