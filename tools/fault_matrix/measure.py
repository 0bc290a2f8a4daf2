"""One row on one stand, from a healthy stand to a healthy stand."""

import contextlib
import time
from dataclasses import dataclass, field

from tools.fault_matrix.rows import SENT_BEFORE, Healer, Load, Row, Victim
from tools.fault_matrix.stand import Stand
from tools.testbed.kube import Object
from tools.testbed.waiting import wait_for

WELL_SECONDS = 120
DONE_SECONDS = 150
GOOD = ("Ready", "WorkersHealthy", "BrokerReachable")
POLL_SECONDS = 0.4
POP_SECONDS = 2.0
"""Longer than a worker's blocking pop lasts: a message sent sooner may go to a worker that dies with it,
before kombu notes that it has it (docs/decisions/0008)."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a row showed. Times are seconds; ``healed_after`` counts from the fault, or from its end where
    nothing heals it before.
    """

    row: str
    pool: str
    broker: str
    reported_as: str = ""
    reported_after: float | None = None
    healed_after: float | None = None
    innocent_restarts: int | None = None
    lost: int | None = None
    doubled: int | None = None
    problem: str = ""
    """Why the row failed; empty if it is as it should be."""


@dataclass
class Measurement:
    """The steps of one row; what they find is kept even if a later one fails."""

    stand: Stand
    row: Row
    found: dict[str, object] = field(default_factory=dict)

    def take(self) -> Result:
        """Everything, and never an exception for what is not as it should be."""
        try:
            self._take()
            problem = self._problem()
        except AssertionError as error:
            problem = str(error).splitlines()[0]
        names = {"row": self.row.name, "pool": self.stand.pool, "broker": self.stand.broker}
        return Result(**names, **self.found, problem=problem)  # type: ignore[arg-type]

    def _take(self) -> None:
        self._await_well()
        self.stand.sent.clear()
        victim = self._victim()
        before = self._containers()
        if self.row.name in SENT_BEFORE:
            self._send(self.row.load)
        began = time.monotonic()
        with self.row.make(self.stand, victim):
            if self.row.name not in SENT_BEFORE:
                wait_for(lambda: time.monotonic() - began > POP_SECONDS, describe="the end of the last pop")
                self._send(self.row.load)
            self._await_reported(began)
            if self.row.healer is not Healer.END:
                self._await_replaced(victim)
        ended = began if self.row.healer is not Healer.END else time.monotonic()
        self._await_well(self.row.healed_within)
        self.found["healed_after"] = time.monotonic() - ended
        self._count_restarts(before, victim)
        self._count_tasks()

    def _victim(self) -> Object:
        if self.row.victim is Victim.BEAT or "beat" in self.row.name:
            selector = "app.kubernetes.io/instance=shop,app.kubernetes.io/component=beat"
            return self.stand.kube.list(self.stand.namespace, "pods", selector)[0]
        return self.stand.workers()[0]

    def _send(self, load: Load | None) -> None:
        if load:
            self.stand.send(load.seconds, load.per_slot * self.stand.slots)

    def _await_reported(self, began: float) -> None:
        evicted_before = self.stand.shop.status().get("restarts", {}).get("total", 0)

        def reported() -> Object | None:
            status = self.stand.shop.status()
            found = [one for one in status.get("conditions", []) if one["type"] == self.row.condition]
            # A stalled pod is reported and gone within a second; what the operator evicted stays written.
            restarts = status.get("restarts", {})
            found += restarts.get("recent", [])[-1:] if restarts.get("total", 0) > evicted_before else []
            matching = [one for one in found if one.get("status") != "True"]
            return next((one for one in matching if one["reason"] in self.row.reasons), None)

        what = f"{self.row.condition}=False with {' or '.join(sorted(self.row.reasons))}"
        condition = self.stand.kube.until(
            what, reported, timeout=self.row.reported_within, interval=POLL_SECONDS
        )
        self.found |= {"reported_as": condition["reason"], "reported_after": time.monotonic() - began}

    def _await_replaced(self, victim: Object) -> None:
        """Until the faulty container was started again or the faulty pod is gone."""
        name, before = victim["metadata"]["name"], _restarts(victim)

        def replaced() -> bool:
            now = self.stand.kube.get(self.stand.namespace, "pod", name)
            if now is None or "deletionTimestamp" in now["metadata"]:
                return True
            return sum(_restarts(now).values()) > sum(before.values())

        self.stand.kube.until(
            f"{name} replaced", replaced, timeout=self.row.healed_within, interval=POLL_SECONDS
        )

    def _await_well(self, timeout: float = WELL_SECONDS) -> None:
        def well() -> bool:
            status = self.stand.shop.status()
            conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
            wanted = [*GOOD, self.row.condition]
            whole = all(conditions.get(name) == "True" for name in wanted)
            return whole and status.get("ready") == "2/2" and len(self.stand.workers()) == 2

        self.stand.kube.until(f"all well ({self.row.name})", well, timeout=timeout, interval=POLL_SECONDS)

    def _containers(self) -> dict[str, int]:
        """Restarts by pod of everything the operator made."""
        selector = "app.kubernetes.io/instance=shop"
        pods = self.stand.kube.list(self.stand.namespace, "pods", selector)
        return {one["metadata"]["name"]: sum(_restarts(one).values()) for one in pods}

    def _count_restarts(self, before: dict[str, int], victim: Object) -> None:
        """Pods that were well before: restarted containers, and pods that are gone."""
        now = self._containers()
        faulty = victim["metadata"]["name"] if self.row.victim is not Victim.NONE else ""
        innocent = {name: count for name, count in before.items() if name != faulty}
        self.found["innocent_restarts"] = sum(
            now[name] - count if name in now else 1 for name, count in innocent.items()
        )

    def _count_tasks(self) -> None:
        """Wait until every task has ended; what has not by then is lost."""

        def unfinished() -> list[str]:
            ran = self.stand.ran()
            return [task for task in self.stand.sent if task not in ran or not ran[task].ended]

        with contextlib.suppress(AssertionError):
            self.stand.kube.until("every task ended", lambda: not unfinished(), DONE_SECONDS, 1)
        ran = self.stand.ran()
        self.found["lost"] = len(unfinished())
        self.found["doubled"] = sum(ran[task].starts > 1 for task in self.stand.sent if task in ran)

    def _problem(self) -> str:
        if self.found["innocent_restarts"]:
            return "an innocent pod was restarted"
        if self.found["lost"]:
            return "tasks were lost"
        if self.found["doubled"] and not self.row.why_doubled:
            return "tasks ran twice"
        return ""


def _restarts(pod: Object) -> dict[str, int]:
    statuses = pod["status"].get("containerStatuses", []) + pod["status"].get("initContainerStatuses", [])
    return {status["name"]: status["restartCount"] for status in statuses}
