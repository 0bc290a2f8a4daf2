"""A pod of the simulated cluster of test_plan_machine.py."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from celery_health.catalogue.workers import WorkerReason
from celery_health.wire.worker_report import Phase
from celery_operator.api.names import WORKER_CONTAINER
from celery_operator.snapshot import ContainerFailure, PodState, SidecarReading
from tests.unit.decide.pods import pod as running_pod
from tests.unit.decide.pods import reading, report

START = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass
class Pod:
    """A pod as it is, and what its agent last wrote of it; moments are seconds of the cluster's clock."""

    uid: str
    born: float
    scheduled: bool = False
    running: bool = False
    ready: bool = False
    crashed: bool = False
    connected: bool = False
    silent: bool = False
    mute: bool = False
    cost: int = 0
    asked: float | None = None
    drains: bool = False
    active: int = 0
    reserved: int = 0
    eta: int = 0
    written: float | None = None
    reported: tuple[Phase, int, int, int] = (Phase.STARTING, 0, 0, 0)

    @property
    def busy(self) -> bool:
        return self.active + self.reserved > 0

    @property
    def fetches(self) -> bool:
        return self.connected and not self.drains

    def beat(self, now: float) -> None:
        """The agent reads the drain request and writes its report."""
        if not self.running or self.crashed or self.mute:
            return
        self.drains = self.connected and self.asked is not None
        phase = Phase.DRAINING if self.drains else Phase.CONSUMING
        self.reported = (phase if self.connected else Phase.STARTING, self.active, self.reserved, self.eta)
        self.written = now

    def begin(self) -> None:
        """The worker connects; with a drain request it fetches nothing from the first moment."""
        self.connected, self.ready, self.drains = True, True, self.asked is not None

    def crash(self) -> None:
        """The broker gets its messages back."""
        self.crashed, self.connected, self.ready, self.drains = True, False, False, False
        self.active = self.reserved = self.eta = 0
        self.written = None

    def seen(self, now: float) -> PodState:
        """As the API server and the sidecar show it."""
        return replace(
            running_pod(self.uid),
            uid=self.uid,
            created_at=START + timedelta(seconds=self.born),
            phase="Running" if self.running else "Pending",
            scheduled=self.scheduled,
            ready=self.ready,
            deletion_cost=self.cost,
            container_failure=ContainerFailure(WORKER_CONTAINER, "CrashLoopBackOff", "")
            if self.crashed
            else None,
            reading=self._reading(now) if self.running and not self.silent else None,
        )

    def _reading(self, now: float) -> SidecarReading:
        phase, active, reserved, eta = self.reported
        reason = {
            Phase.STARTING: WorkerReason.STARTING,
            Phase.CONSUMING: WorkerReason.CONSUMING,
            Phase.DRAINING: WorkerReason.DRAINING,
        }[phase]
        written = None
        if self.written is not None:
            written = report(
                active,
                phase=phase,
                reserved=reserved,
                eta=eta,
                consumer_starts=0 if phase is Phase.STARTING else 1,
            )
        return replace(
            reading(WorkerReason.ENDED if self.crashed else reason),
            report=written,
            age=0.0 if self.written is None else now - self.written,
            drain_requested=self.asked is not None,
            drain_requested_for=None if self.asked is None else now - self.asked,
        )
