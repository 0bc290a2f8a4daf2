"""Which workers the operator evicts.

Earlier evictions are in ``status.restarts`` alone, so that a restarted operator continues where it was.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery_health.catalogue.entry import Reason
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.pods import PodReason
from celery_operator.api.spec import RestartPolicy
from celery_operator.api.status import GroupPause, Restart, RestartsStatus
from celery_operator.decide.event_note import EventNote, EventReason
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.groups import GroupEvidence
from celery_operator.decide.evidence.worker_state import Worker, WorkerState
from celery_operator.decide.times import moment, rfc3339

LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class EvictionOrder:
    """A worker to evict: the pod of this uid and no other of its name."""

    pod: str
    uid: str
    group: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Healing:
    """What to do, and what to write before it is done: a crash in between never exceeds the budget."""

    evictions: tuple[EvictionOrder, ...]
    restarts: RestartsStatus
    notes: tuple[EventNote, ...]


def heal(evidence: Evidence) -> Healing:
    """At most one eviction per group; the next reconcile decides about the next one."""
    previous, policy = evidence.snapshot.previous.restarts, evidence.snapshot.spec.health.restart
    paused = evidence.paused
    paused_groups = tuple(
        group.name for group in evidence.groups if group.name in evidence.snapshot.annotations.groups_paused
    )
    notes = [*_turns(previous.paused, paused), *_group_turns(previous.paused_groups, paused_groups)]
    recent: list[Restart] = []
    pauses: list[GroupPause] = []
    orders: list[EvictionOrder] = []
    for group in evidence.groups:
        ledger = _Ledger.of(group, previous, policy, evidence)
        notes += ledger.notes
        order = ledger.next_order() if _may_heal(group, evidence) else None
        recent += ledger.recent
        if order is not None:
            orders.append(order)
            recent.append(ledger.entry(order))
            notes.append(ledger.event(order))
        if ledger.pause is not None:
            pauses.append(ledger.pause)
    restarts = RestartsStatus(
        total=previous.total + len(orders),
        paused=paused,
        paused_groups=paused_groups,
        recent=tuple(sorted(recent, key=lambda restart: (restart.at, restart.pod))),
        pauses=tuple(pauses),
    )
    return Healing(tuple(orders), restarts, tuple(notes))


def _may_heal(group: GroupEvidence, evidence: Evidence) -> bool:
    """Never because of the broker, and never while something else replaces the pods."""
    spec = evidence.snapshot.spec
    return (
        spec.health.restart.policy == "OnUnhealthy"
        and not evidence.snapshot.annotations.pauses(group.name)
        and not spec.suspend
        and evidence.fault is None
        and evidence.broker.reachable is True
        and group.rolled_out
    )


def _turns(before: bool, now: bool) -> Iterator[EventNote]:
    if now and not before:
        yield EventNote(
            "Normal", EventReason.HEALING_PAUSED, "No worker is restarted until the annotation is removed"
        )
    elif before and not now:
        yield EventNote("Normal", EventReason.HEALING_RESUMED, "Unhealthy workers are restarted again")


def _group_turns(before: Collection[str], now: Collection[str]) -> Iterator[EventNote]:
    for group in sorted({*now} - {*before}):
        words = f"No worker of group {group} is restarted until its annotation is removed"
        yield EventNote("Normal", EventReason.HEALING_PAUSED, words)
    for group in sorted({*before} - {*now}):
        yield EventNote(
            "Normal", EventReason.HEALING_RESUMED, f"Unhealthy workers of group {group} are restarted again"
        )


@dataclass(frozen=True, slots=True)
class _Ledger:
    """The restarts of one group so far, and the rules for the next."""

    group: GroupEvidence
    policy: RestartPolicy
    now: datetime
    recent: tuple[Restart, ...]
    pause: GroupPause | None
    notes: tuple[EventNote, ...]

    @classmethod
    def of(
        cls, group: GroupEvidence, previous: RestartsStatus, policy: RestartPolicy, evidence: Evidence
    ) -> "_Ledger":
        """The group's past, with what has become of it by now."""
        now = evidence.snapshot.now
        window = timedelta(seconds=policy.window_seconds)
        before = [restart for restart in previous.recent if restart.group == group.name]
        settled = _settled(before, group, evidence, window)
        failed = [
            after for was, after in zip(before, settled, strict=True) if was.recovered is not after.recovered
        ]
        failed = [restart for restart in failed if restart.recovered is False]
        pause = next((one for one in previous.pauses if one.group == group.name), None)
        notes: tuple[EventNote, ...] = ()
        if failed:
            pause = _longer(pause, group.name, now, window)
            notes = (_without_effect(failed[-1], pause),)
        elif pause and now > moment(pause.until) + window and not group.stalled:
            pause = None
        kept = tuple(one for one in settled if one.recovered is None or moment(one.at) > now - window)
        return cls(group, policy, now, kept, pause, notes)

    def next_order(self) -> EvictionOrder | None:
        """The worker to evict now, if there is one and the rules allow it."""
        if not self._allowed():
            return None
        tried = {restart.pod for restart in self.recent if restart.recovered is not True}
        affected: list[tuple[Worker, Reason]] = []
        affected += [(worker, FleetReason.WORKER_STALLED) for worker in self.group.stalled]
        affected += [(worker, PodReason.BACK_OFF) for worker in self.group.in_back_off(self.now)]
        if self.policy.hung_tasks:
            affected += [(worker, FleetReason.HUNG_TASK) for worker in self.group.hung]
        found = [(worker, reason) for worker, reason in affected if worker.pod.name not in tried]
        if not found:
            return None
        worker, reason = min(found, key=lambda one: (one[0].pod.created_at, one[0].pod.name))
        return EvictionOrder(worker.pod.name, worker.pod.uid, self.group.name, reason)

    def entry(self, order: EvictionOrder) -> Restart:
        """What is remembered of an order."""
        return Restart(
            pod=order.pod,
            group=order.group,
            reason=order.reason,
            at=rfc3339(self.now),
            pods_before=tuple(sorted(worker.pod.uid for worker in self.group.workers)),
        )

    def event(self, order: EvictionOrder) -> EventNote:
        """The Event that reports an order."""
        replacement = order.reason.entry.replacement
        assert replacement is not None
        number, most = len(self.recent) + 1, self.policy.max_attempts
        return EventNote(
            "Warning",
            replacement.event,
            f"Pod {order.pod} of group {order.group} is evicted: {replacement.why} "
            f"({number} of {most} in {self.policy.window_seconds} s)",
        )

    def _allowed(self) -> bool:
        if self.pause is not None and self.now < moment(self.pause.until):
            return False
        if len(self.recent) >= self.policy.max_attempts:
            return False
        if self.recent:
            latest = max(moment(restart.at) for restart in self.recent)
            if self.now - latest < timedelta(seconds=self.policy.delay_seconds):
                return False
        in_flight = sum(restart.recovered is None for restart in self.recent)
        # The first is the canary: others follow only once a restart has been seen to help.
        helped = any(restart.recovered for restart in self.recent)
        return in_flight < (self.policy.max_concurrent if helped else 1)


def _settled(
    restarts: list[Restart], group: GroupEvidence, evidence: Evidence, window: timedelta
) -> list[Restart]:
    """Each restart with whether it helped: a pod made after it works. None for too long is a no.

    A pod was made after it if the group did not have the pod then. Times would not show that: those of pods
    are of the API server's clock. Restarts that an older operator has written have nothing but a time.
    """
    fresh = sorted(_working(group, evidence), key=lambda worker: worker.pod.created_at)
    # One pod proves one restart: those that have helped already keep theirs.
    helpers = {restart.helper for restart in restarts if restart.helper}
    fresh = [worker for worker in fresh if worker.pod.uid not in helpers]
    settled = []
    for restart in sorted(restarts, key=lambda one: one.at):
        helper = next((worker for worker in fresh if _is_later(worker, restart)), None)
        if restart.recovered is None and helper is not None:
            fresh.remove(helper)
            settled.append(_known(restart, recovered=True, helper=helper.pod.uid))
        elif restart.recovered is None and evidence.snapshot.now - moment(restart.at) > window:
            settled.append(_known(restart, recovered=False, helper=None))
        else:
            settled.append(restart)
    return settled


def _is_later(worker: Worker, restart: Restart) -> bool:
    if restart.pods_before:
        return worker.pod.uid not in restart.pods_before
    return worker.pod.created_at >= moment(restart.at)


def _known(restart: Restart, *, recovered: bool, helper: str | None) -> Restart:
    return restart.model_copy(update={"recovered": recovered, "helper": helper, "pods_before": ()})


def _working(group: GroupEvidence, evidence: Evidence) -> Iterator[Worker]:
    """Workers that consume, and have proved it where there was something to take."""
    for worker in group.in_state(WorkerState.CONSUMING):
        report = worker.pod.reading.report if worker.pod.reading else None
        if (report is not None and report.processed > 0) or not evidence.waits(group):
            yield worker


def _longer(pause: GroupPause | None, group: str, now: datetime, window: timedelta) -> GroupPause:
    failures = pause.failures + 1 if pause else 1
    # The exponent is bounded too: 2 ** 1000 windows are no time span.
    rest = min(window * 2 ** min(failures - 1, 20), LONGEST_PAUSE) if window < LONGEST_PAUSE else window
    return GroupPause(group=group, failures=failures, until=rfc3339(now + rest))


def _without_effect(restart: Restart, pause: GroupPause) -> EventNote:
    return EventNote(
        "Warning",
        EventReason.RESTART_DID_NOT_HELP,
        f"Pod {restart.pod} of group {restart.group} was evicted, and no newer pod of the group consumes. No "
        f"other pod is evicted before {pause.until}. Check for an Event EvictionRefused, and read in the log "
        "of the workers what keeps them from consuming",
    )
