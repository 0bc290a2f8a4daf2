"""Alerts, silences and channels over REST."""

from typing import Any

import pytest

from celery_monitor.alerts.notification import ChannelError, Notification
from celery_monitor.records.alerts import AlertKey, AlertRecord, AlertState
from tests.support.monitor_web import ADMIN, API, OPERATOR, VIEWER, FakeHistory, alert_keeper, served

NOW = 1_790_000_000.0
SILENCE = {
    "matchers": [{"label": "alertname", "value": "CeleryHigh*"}, {"label": "queue", "value": "mail"}],
    "hours": 2,
    "comment": "the mail server is being replaced",
}


class Channel:
    """A channel that answers as a test wants."""

    def __init__(self, name: str, problem: str | None = None) -> None:
        self.name = name
        self.problem = problem
        self.got: list[Notification] = []

    async def send(self, notification: Notification) -> None:
        self.got.append(notification)
        if self.problem is not None:
            raise ChannelError(self.problem)


def record(state: AlertState, queue: str = "mail", **known: Any) -> AlertRecord:
    key = AlertKey("CeleryHighQueueDepth", (("queue", queue),))
    return AlertRecord(**{"key": key, "state": state, "began": NOW, "seen": NOW, "value": 1234.0, **known})


@pytest.fixture
def history() -> FakeHistory:
    return FakeHistory()


def parts(history: FakeHistory, *channels: Channel) -> dict[str, Any]:
    return {"history": history, "clock": clock, "alerts": alert_keeper(history, *channels, clock=clock)}


def clock() -> float:
    return NOW + 60


async def test_alerts_are_in_three_lists_with_their_sentences(history: FakeHistory) -> None:
    history.alerts.records = [
        record(AlertState.FIRING, fired=NOW),
        record(AlertState.PENDING, "print", fired=NOW - 9, ended=NOW - 5),
        record(AlertState.RESOLVED, "old", fired=NOW - 9, ended=NOW - 5),
    ]
    async with served(**parts(history, Channel("chat"))) as client:
        found = await (await client.get(f"{API}/alerts", headers=VIEWER)).json()
    (firing,) = found["firing"]
    assert firing["summary"] == "A queue of the application is long"
    assert firing["description"].startswith("1234 messages are ready in queue mail of the application.")
    assert (firing["severity"], firing["place"]) == ("warning", "/monitoring/queues/mail")
    assert firing["runbook"] == "docs/runbooks/queues/CeleryHighQueueDepth.md"
    assert [one["labels"] for one in found["pending"] + found["recent"]] == [
        {"queue": "print"},
        {"queue": "old"},
    ]
    (pending,) = found["pending"]
    assert (pending["began"], pending["fired"], pending["ended"]) == (NOW, None, None)
    assert [one["name"] for one in found["channels"]] == ["chat"]


async def test_a_silence_is_made_shown_at_its_alerts_and_ended(history: FakeHistory) -> None:
    history.alerts.records = [record(AlertState.FIRING, fired=NOW), record(AlertState.FIRING, "b", fired=NOW)]
    async with served(**parts(history)) as client:
        made = await client.post(f"{API}/alerts/silences", headers=OPERATOR, json=SILENCE)
        assert made.status == 201
        silence = await made.json()
        assert (silence["created_by"], silence["until"]) == ("the-operator", NOW + 60 + 7200)
        found = await (await client.get(f"{API}/alerts", headers=VIEWER)).json()
        assert found["silences"] == [silence]
        silenced = {one["labels"]["queue"]: one["silenced_until"] for one in found["firing"]}
        assert silenced == {"mail": silence["until"], "b": None}
        path = f"{API}/alerts/silences/{silence['id']}"
        assert (await client.delete(path, headers=OPERATOR)).status == 200
        assert (await client.delete(path, headers=OPERATOR)).status == 404
    made_entry, ended_entry = history.entries[0], history.entries[1]
    assert (made_entry.action, made_entry.subject) == ("add_silence", "alertname=CeleryHigh*, queue=mail")
    assert (ended_entry.action, ended_entry.outcome) == ("end_silence", "done")


@pytest.mark.parametrize(
    "wrong",
    [
        {"matchers": []},
        {"matchers": [{"label": "Queue!", "value": "mail"}]},
        {"matchers": [{"label": "queue", "value": ""}]},
        {"hours": 0},
        {"hours": 24 * 91},
        {"comment": ""},
    ],
)
async def test_a_silence_that_says_nothing_is_refused(history: FakeHistory, wrong: dict[str, Any]) -> None:
    async with served(**parts(history)) as client:
        answer = await client.post(f"{API}/alerts/silences", headers=OPERATOR, json={**SILENCE, **wrong})
        assert answer.status == 422
    assert history.alerts.kept == []


async def test_a_test_of_a_channel_says_what_came_of_it(history: FakeHistory) -> None:
    works, fails = Channel("chat"), Channel("mail", "The server refused the login.")
    async with served(**parts(history, works, fails)) as client:
        path = f"{API}/alerts/channels/{{}}/test"
        assert (await client.post(path.format("chat"), headers=OPERATOR)).status == 403
        good = await (await client.post(path.format("chat"), headers=ADMIN)).json()
        bad = await (await client.post(path.format("mail"), headers=ADMIN)).json()
        assert (await client.post(path.format("fax"), headers=ADMIN)).status == 404
    assert good == {"ok": True, "message": "The message has arrived."}
    assert bad == {"ok": False, "message": "The server refused the login."}
    assert [alert.summary for alert in works.got[0].alerts] == ["This is a test of an alert channel"]
