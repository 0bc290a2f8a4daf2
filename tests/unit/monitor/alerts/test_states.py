"""From pending to firing to resolved."""

from celery_monitor.alerts.found import UNKNOWN, Found, Judged, together
from celery_monitor.alerts.states import (
    GAP_SECONDS,
    KEPT_SECONDS,
    MOST_KEPT,
    MOST_OF_A_RULE,
    Evaluated,
    Records,
    advance,
)
from celery_monitor.records.alerts import AlertKey, AlertRecord, AlertState, LabelSet

NOW = 1_790_000_000.0
RULE = "CeleryHighQueueDepth"
MAIL: LabelSet = (("queue", "mail"),)
PRINT: LabelSet = (("queue", "print"),)
HOLD = 60.0


def found(*labels: LabelSet, value: float = 5.0) -> Found:
    return Found(dict.fromkeys(labels, value))


def step(before: Records, what: Found, now: float, hold: float = HOLD) -> dict[AlertKey, AlertRecord]:
    return advance(before, [Evaluated(RULE, hold, what)], now)


def run(*steps: tuple[float, Found], hold: float = HOLD) -> dict[AlertKey, AlertRecord]:
    records: dict[AlertKey, AlertRecord] = {}
    for seconds, what in steps:
        records = step(records, what, NOW + seconds, hold)
    return records


def the_one(records: Records) -> AlertRecord:
    (record,) = records.values()
    return record


def test_an_alert_is_pending_until_its_condition_has_held_for_long_enough() -> None:
    pending = the_one(run((0, found(MAIL)), (59, found(MAIL))))
    fires = the_one(run((0, found(MAIL)), (59, found(MAIL)), (60, found(MAIL))))
    assert (pending.state, pending.began, pending.fired) == (AlertState.PENDING, NOW, None)
    assert (fires.state, fires.began, fires.fired) == (AlertState.FIRING, NOW, NOW + 60)


def test_a_rule_without_a_time_fires_at_once() -> None:
    assert the_one(run((0, found(MAIL)), hold=0)).state is AlertState.FIRING


def test_a_condition_that_ends_while_it_is_pending_leaves_nothing() -> None:
    assert run((0, found(MAIL)), (30, found())) == {}


def test_a_condition_that_comes_back_begins_anew() -> None:
    record = the_one(run((0, found(MAIL)), (30, found()), (40, found(MAIL)), (70, found(MAIL))))
    assert (record.state, record.began) == (AlertState.PENDING, NOW + 40)


def test_an_alert_is_resolved_once_and_keeps_the_time() -> None:
    record = the_one(run((0, found(MAIL)), (60, found(MAIL)), (90, found()), (100, found())))
    assert (record.state, record.fired, record.ended) == (AlertState.RESOLVED, NOW + 60, NOW + 90)


def test_a_resolved_alert_that_fires_again_is_a_new_one() -> None:
    record = the_one(run((0, found(MAIL)), (10, found()), (20, found(MAIL)), hold=0))
    assert (record.state, record.fired, record.ended) == (AlertState.FIRING, NOW + 20, None)


def test_an_alert_that_is_pending_again_remembers_when_it_was_resolved() -> None:
    steps = [(0, found(MAIL)), (60, found(MAIL)), (90, found()), (100, found(MAIL))]
    pending, ended = the_one(run(*steps)), the_one(run(*steps, (130, found())))
    again = the_one(run(*steps, (160, found(MAIL))))
    assert (pending.state, pending.began) == (AlertState.PENDING, NOW + 100)
    assert (ended.state, again.state) == (AlertState.RESOLVED, AlertState.FIRING)
    assert [(one.fired, one.ended) for one in (pending, ended, again)] == [
        (NOW + 60, NOW + 90),
        (NOW + 60, NOW + 90),
        (NOW + 160, None),
    ]


def test_an_alert_that_only_the_operator_still_finds_pending_is_resolved() -> None:
    waits = Judged(fires=False, since=NOW + 50, summary="", description="")
    judged = Found(judged={MAIL: waits})
    steps = [(0, found(MAIL)), (60, found(MAIL)), (70, judged), (80, judged)]
    pending, ended = the_one(run(*steps)), the_one(run(*steps, (90, found())))
    assert (pending.state, pending.fired, pending.ended) == (AlertState.PENDING, NOW + 60, NOW + 70)
    assert (ended.state, ended.fired, ended.ended) == (AlertState.RESOLVED, NOW + 60, NOW + 70)


def test_each_set_of_labels_is_an_alert_of_its_own() -> None:
    records = run((0, found(MAIL)), (30, found(MAIL, PRINT)), (60, found(MAIL, PRINT)))
    assert {key.labels: one.state for key, one in records.items()} == {
        MAIL: AlertState.FIRING,
        PRINT: AlertState.PENDING,
    }


def test_what_is_unknown_neither_fires_nor_resolves() -> None:
    firing = run((0, found(MAIL)), (60, found(MAIL)), (90, UNKNOWN))
    pending = run((0, found(MAIL)), (30, UNKNOWN))
    assert the_one(firing).state is AlertState.FIRING
    assert the_one(pending).state is AlertState.PENDING


def test_after_a_long_gap_a_pending_alert_begins_anew_and_a_firing_one_goes_on() -> None:
    later = 60 + GAP_SECONDS + 1
    pending = the_one(run((0, found(MAIL)), (later, found(MAIL))))
    firing = the_one(run((0, found(MAIL)), (60, found(MAIL)), (later, found(MAIL))))
    assert (pending.state, pending.began) == (AlertState.PENDING, NOW + later)
    assert (firing.state, firing.fired) == (AlertState.FIRING, NOW + 60)


def test_a_rule_that_is_switched_off_resolves_its_alerts() -> None:
    firing = run((0, found(MAIL)), (60, found(MAIL)))
    assert the_one(advance(firing, [], NOW + 61)).state is AlertState.RESOLVED


def test_invented_names_do_not_replace_alerts_that_are_known() -> None:
    many: dict[LabelSet, float] = {
        (("queue", f"invented-{number}"),): 1_000.0 for number in range(2 * MOST_OF_A_RULE)
    }
    before = step({}, found(MAIL), NOW)
    records = step(before, Found({MAIL: 5.0, **many}), NOW + 10)
    assert len(records) == MOST_OF_A_RULE
    assert AlertKey(RULE, MAIL) in records


def test_a_resolved_alert_whose_condition_holds_is_kept_also_without_room() -> None:
    many: dict[LabelSet, float] = {
        (("queue", f"invented-{number}"),): 1_000.0 for number in range(2 * MOST_OF_A_RULE)
    }
    resolved = run((0, found(MAIL)), (60, found(MAIL)), (90, found()))
    records = step(resolved, Found({MAIL: 5.0, **many}), NOW + 100)
    assert records[AlertKey(RULE, MAIL)] == the_one(resolved)


def test_what_the_operator_judges_has_its_own_times_and_texts() -> None:
    judged = Judged(fires=True, since=NOW - 50, summary="Few workers", description="Too few.")
    first = step({}, Found(judged={MAIL: judged}), NOW)
    record = the_one(step(first, Found(judged={MAIL: judged}), NOW + 10))
    assert (record.state, record.began, record.fired) == (AlertState.FIRING, NOW - 50, NOW)
    assert (record.summary, record.description) == ("Few workers", "Too few.")
    waits = Judged(fires=False, since=NOW, summary="", description="")
    assert the_one(step({}, Found(judged={MAIL: waits}), NOW)).state is AlertState.PENDING


def test_what_the_monitor_measures_counts_before_what_the_operator_judges() -> None:
    judged = Judged(fires=True, since=NOW, summary="A queue", description="A queue.")
    both = together([found(MAIL), Found(judged={(): judged, PRINT: judged, MAIL: judged})])
    alone = together([found(), Found(judged={(): judged})])
    assert (set(both.values), set(both.judged)) == ({MAIL}, {PRINT})
    assert set(alone.judged) == {()}
    assert not together([found(), UNKNOWN]).complete


def test_resolved_alerts_are_kept_for_a_week_and_not_without_number() -> None:
    resolved = run((0, found(MAIL)), (60, found(MAIL)), (90, found()))
    assert step(resolved, found(), NOW + 90 + KEPT_SECONDS)
    assert step(resolved, found(), NOW + 91 + KEPT_SECONDS) == {}
    many = {
        key: AlertRecord(
            key=key, state=AlertState.RESOLVED, began=NOW, seen=NOW, fired=NOW, ended=NOW + number
        )
        for number, key in enumerate(AlertKey(RULE, (("queue", str(one)),)) for one in range(MOST_KEPT + 3))
    }
    kept = step(many, found(), NOW + 5_000)
    assert len(kept) == MOST_KEPT
    assert min(one.ended or 0 for one in kept.values()) == NOW + 3
