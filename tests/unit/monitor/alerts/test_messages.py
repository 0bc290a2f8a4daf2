"""What a channel delivers: the beginning, the same again after a long time, and the end."""

from msgspec import structs

from celery_monitor.alerts.messages import due
from celery_monitor.alerts.silences import silence_of
from celery_monitor.records.alerts import (
    AlertKey,
    AlertRecord,
    AlertState,
    Delivered,
    Silence,
    SilenceMatcher,
)

NOW = 1_790_000_000.0
REPEAT = 3_600.0


def alert(state: AlertState = AlertState.FIRING, queue: str = "mail", fired: float = NOW) -> AlertRecord:
    return AlertRecord(
        key=AlertKey("CeleryHighQueueDepth", (("queue", queue),)),
        state=state,
        began=NOW,
        seen=NOW,
        fired=None if state is AlertState.PENDING else fired,
        ended=NOW + 9 if state is AlertState.RESOLVED else None,
    )


def delivered(record: AlertRecord, *, resolved: bool = False, at: float = NOW) -> dict[AlertKey, Delivered]:
    assert record.fired is not None
    one = Delivered(channel="chat", key=record.key, fired=record.fired, resolved=resolved, at=at)
    return {record.key: one}


def due_now(
    *records: AlertRecord,
    known: dict[AlertKey, Delivered] | None = None,
    silenced: bool = False,
    now: float = NOW,
) -> list[AlertRecord]:
    return due(records, known or {}, lambda _key: silenced, REPEAT, now)


def test_a_firing_alert_is_reported_once_until_the_repeat_interval_has_passed() -> None:
    record = alert()
    assert due_now(record) == [record]
    assert due_now(record, known=delivered(record), now=NOW + REPEAT - 1) == []
    assert due_now(record, known=delivered(record), now=NOW + REPEAT) == [record]


def test_a_pending_alert_is_not_reported() -> None:
    assert due_now(alert(AlertState.PENDING)) == []


def test_the_end_is_reported_once_and_only_where_the_beginning_was() -> None:
    ended = alert(AlertState.RESOLVED)
    assert due_now(ended) == []
    assert due_now(ended, known=delivered(ended)) == [ended]
    assert due_now(ended, known=delivered(ended, resolved=True)) == []


def test_the_end_is_reported_also_while_the_alert_is_pending_again() -> None:
    pending = structs.replace(alert(AlertState.PENDING), fired=NOW, ended=NOW + 9)
    assert due_now(pending) == []
    assert due_now(pending, known=delivered(pending)) == [pending]
    assert due_now(pending, known=delivered(pending, resolved=True)) == []


def test_an_alert_that_fires_again_is_reported_again() -> None:
    again = alert(fired=NOW + 60)
    assert due_now(again, known=delivered(alert(), resolved=True)) == [again]
    assert due_now(again, known=delivered(alert())) == [again]


def test_a_silenced_alert_is_reported_when_the_silence_has_ended() -> None:
    assert due_now(alert(), silenced=True) == []
    assert due_now(alert(AlertState.RESOLVED), known=delivered(alert()), silenced=True) == []


def test_a_message_begins_with_what_fires_longest() -> None:
    ended, old, new = alert(AlertState.RESOLVED, "a"), alert(queue="c"), alert(queue="b", fired=NOW + 1)
    assert due_now(ended, new, old, known=delivered(ended)) == [old, new, ended]


def silence(until: float = NOW + 60, **matchers: str) -> Silence:
    return Silence(
        id="s",
        matchers=tuple(SilenceMatcher(label=label, value=value) for label, value in matchers.items()),
        at=NOW,
        until=until,
        comment="maintenance",
        identity="ada",
    )


LABELS = {"alertname": "CeleryHighQueueDepth", "severity": "warning", "queue": "mail[eu]"}


def test_a_silence_counts_where_all_matchers_meet() -> None:
    one = silence(alertname="Celery*", queue="mail[eu]")
    assert silence_of(LABELS, [one], NOW) is one
    assert silence_of(LABELS, [silence(alertname="Celery*", queue="mail")], NOW) is None
    assert silence_of(LABELS, [silence(alertname="Celery*", group="x")], NOW) is None
    assert silence_of(LABELS, [silence(queue="maile")], NOW) is None


def test_a_silence_counts_although_a_label_is_not_known_yet() -> None:
    one = silence(queue="mail*", resource="shop")
    assert silence_of(LABELS, [one], NOW) is None
    assert silence_of(LABELS, [one], NOW, frozenset({"resource"})) is one
    assert silence_of(LABELS, [silence(queue="x", resource="shop")], NOW, frozenset({"resource"})) is None


def test_a_silence_ends_and_the_longest_one_counts() -> None:
    short, long = silence(NOW + 10, queue="mail*"), silence(NOW + 20, queue="mail*")
    assert silence_of(LABELS, [short, long], NOW) is long
    assert silence_of(LABELS, [short, long], NOW + 15) is long
    assert silence_of(LABELS, [short, long], NOW + 20) is None
