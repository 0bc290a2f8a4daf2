"""Which workers and beats a restart hold protects."""

from dataclasses import replace
from typing import Any

from celery_health.catalogue.beat import BeatReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.beat import BeatSnapshot
from celery_operator.api.names import ANNOTATION_PAUSE_HEALING
from celery_operator.api.status import RestartsStatus
from celery_operator.decide.healing.restart_pacing import (
    PAUSED_HOLD_SECONDS,
    RESTART_HOLD_SECONDS,
    restart_holds,
)
from celery_operator.decide.orders import RestartHoldOrder
from celery_operator.snapshot import PodState
from tests.unit.decide.healing.seen import NAMES, seen
from tests.unit.decide.pods import broken_pod, pending_pod, pod


def restart_holds_of(*pods: PodState, **changes: Any) -> tuple[RestartHoldOrder, ...]:
    """The restart holds of one reconcile."""
    return restart_holds(seen(*pods, **changes))


def deaf(name: str, *, live: bool = True) -> PodState:
    one = pod(name, WorkerReason.DEAF)
    assert one.reading is not None
    verdict = replace(one.reading.verdict, live=live)
    return replace(one, reading=replace(one.reading, verdict=verdict))


def with_hold(one: PodState, seconds: float = 12) -> PodState:
    assert one.reading is not None
    return replace(one, reading=replace(one.reading, restart_hold_left=seconds))


def test_of_a_deaf_fleet_half_is_held() -> None:
    orders = restart_holds_of(*(deaf(name) for name in NAMES[:4]))
    assert [(order.pod, order.seconds) for order in orders] == [
        (NAMES[2], RESTART_HOLD_SECONDS),
        (NAMES[3], RESTART_HOLD_SECONDS),
    ]


def test_workers_whose_liveness_fails_already_are_not_held_before_others() -> None:
    pods = [deaf(NAMES[0]), deaf(NAMES[1]), deaf(NAMES[2], live=False), deaf(NAMES[3], live=False)]
    assert [order.pod for order in restart_holds_of(*pods)] == [NAMES[0], NAMES[1]]


def test_those_on_their_way_back_count_as_down() -> None:
    starting = [pod(name, WorkerReason.STARTING) for name in NAMES[:2]]
    orders = restart_holds_of(*starting, deaf(NAMES[2]), deaf(NAMES[3]))
    assert [order.pod for order in orders] == [NAMES[2], NAMES[3]]


def test_no_plan_waits_for_a_pod_that_may_never_come_back() -> None:
    broken, unscheduled = (
        broken_pod("ImagePullBackOff", name=NAMES[0]),
        replace(pending_pod(NAMES[1]), scheduled=False),
    )
    assert restart_holds_of(broken, unscheduled, deaf(NAMES[2]), deaf(NAMES[3])) == ()


def test_a_hold_ends_as_soon_as_it_is_not_needed() -> None:
    orders = restart_holds_of(
        pod(NAMES[0]), pod(NAMES[1]), with_hold(deaf(NAMES[2])), with_hold(deaf(NAMES[3]))
    )
    assert [(order.pod, order.seconds) for order in orders] == [(NAMES[2], 0), (NAMES[3], 0)]


def test_a_lonely_deaf_worker_is_never_held() -> None:
    assert restart_holds_of(deaf(NAMES[0])) == ()


def test_a_pause_holds_every_worker_and_its_end_releases_them() -> None:
    paused = restart_holds_of(pod(NAMES[0]), deaf(NAMES[1]), annotations={ANNOTATION_PAUSE_HEALING: "true"})
    of_group = {f"{ANNOTATION_PAUSE_HEALING}.default": "true"}
    assert restart_holds_of(pod(NAMES[0]), deaf(NAMES[1]), annotations=of_group) == paused
    assert [order.seconds for order in paused] == [PAUSED_HOLD_SECONDS] * 2
    resumed = restart_holds_of(
        with_hold(pod(NAMES[0])), with_hold(deaf(NAMES[1])), restarts=RestartsStatus(paused=True)
    )
    assert [order.seconds for order in resumed] == [0, 0]


def test_a_pause_renews_a_hold_only_before_it_ends() -> None:
    annotations = {ANNOTATION_PAUSE_HEALING: "true"}
    beat = BeatSnapshot("shop-beat-1", "uid-beat", reason=BeatReason.STUCK, live=False)
    held, ending = replace(beat, restart_hold_left=110.0), replace(beat, restart_hold_left=60.0)
    pods = [with_hold(pod(NAMES[0]), 110), with_hold(deaf(NAMES[1]), 110), with_hold(deaf(NAMES[2]), 60)]
    orders = restart_holds_of(*pods, annotations=annotations, beats=(held,))
    assert [(order.pod, order.seconds) for order in orders] == [(NAMES[2], PAUSED_HOLD_SECONDS)]
    orders = restart_holds_of(*pods[:2], annotations=annotations, beats=(ending,))
    assert [(order.pod, order.seconds) for order in orders] == [("shop-beat-1", PAUSED_HOLD_SECONDS)]


def test_a_pause_holds_beat_too_and_its_end_releases_it() -> None:
    beat = BeatSnapshot("shop-beat-1", "uid-beat", reason=BeatReason.STUCK, live=False)
    silent, leaving = BeatSnapshot("silent", "1"), replace(beat, pod="leaving", deleting=True)
    paused = restart_holds_of(
        pod(NAMES[0]), annotations={ANNOTATION_PAUSE_HEALING: "true"}, beats=(silent, leaving, beat)
    )
    assert RestartHoldOrder("shop-beat-1", "uid-beat", PAUSED_HOLD_SECONDS) in paused
    assert [order.pod for order in paused] == [NAMES[0], "shop-beat-1"]
    assert restart_holds_of(pod(NAMES[0]), beats=(beat,)) == ()
    resumed = restart_holds_of(pod(NAMES[0]), beats=(replace(beat, restart_hold_left=90.0),))
    assert resumed == (RestartHoldOrder("shop-beat-1", "uid-beat", 0),)
