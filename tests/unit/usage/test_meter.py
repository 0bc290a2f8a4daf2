"""From reports to samples: one for each worker and minute."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from celery_health.wire.worker_report import Phase
from celery_operator.api.status import CeleryDeploymentStatus, WorkerGroupStatus
from celery_operator.api.workers.usage import ResourceUsage
from celery_operator.snapshot import PodState
from celery_operator.usage.history import summary
from celery_operator.usage.meter import UsageMeter
from tests.unit.decide.build import spec
from tests.unit.decide.pods import pod, reporting_pod, silent_pod
from tests.unit.usage.build import BEGAN, MEBIBYTE, minute, usage_of

SPEC = spec()
STATUS = CeleryDeploymentStatus()


class Metered:
    """A meter whose clock goes on by itself, and workers whose report is written at that time."""

    def __init__(self, previous: CeleryDeploymentStatus = STATUS) -> None:
        self.meter = UsageMeter()
        self.previous = previous
        self.now = 0.0
        self.see()

    def later(self, seconds: float) -> "Metered":
        self.now += seconds
        return self

    def see(self, *pods: PodState) -> ResourceUsage | None:
        found = self.meter.update(SPEC, self.previous, pods, BEGAN + timedelta(seconds=self.now), self.now)
        return found.get("default")

    def worker(self, memory: int = 200, name: str = "a", **changes: Any) -> PodState:
        """``memory`` in MiB. It has used half a core since the beginning."""
        report = {
            "memory_used_bytes": memory * MEBIBYTE,
            "written_mono": 5000 + self.now,
            "cpu_seconds": self.now / 2,
        }
        return reporting_pod(name, **{**report, **changes})

    def minutes(self, count: int, memory: int = 200, **changes: Any) -> ResourceUsage:
        usage = None
        for _ in range(count * 15 + 1):
            usage = self.later(4).see(self.worker(memory, **changes))
        assert usage
        return usage


def test_each_worker_gives_one_sample_a_minute() -> None:
    usage = Metered().minutes(5)
    used = summary(usage)
    assert used
    assert (used.minutes, used.workers, used.memory_peak) == (5, 1, 200 * MEBIBYTE)
    assert used.millicores
    assert 500 <= used.millicores <= 600


def test_the_most_memory_of_the_minute_counts() -> None:
    metered = Metered()
    metered.see(metered.worker(100))
    metered.later(4).see(metered.worker(300))
    usage = metered.later(60).see(metered.worker(100))
    assert usage
    assert usage.windows[0].memory_peak_bytes == 300 * MEBIBYTE


def test_a_peak_between_two_readings_is_not_missed() -> None:
    usage = Metered().minutes(1, memory_high_bytes=700 * MEBIBYTE)
    assert usage.windows[0].memory_peak_bytes == 700 * MEBIBYTE


def test_workers_are_counted_together() -> None:
    metered = Metered()
    for _ in range(16):
        usage = metered.later(4).see(*(metered.worker(name=name) for name in "abc"))
    assert usage
    assert (usage.windows[0].workers, usage.windows[0].minutes) == (3, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"memory_used_bytes": None},
        {"phase": Phase.STARTING},
        {"phase": Phase.STOPPING},
        {"pool_size": 8},
    ],
    ids=["no memory", "starting", "stopping", "another concurrency"],
)
def test_a_report_that_shows_no_usage_of_this_group_is_left_out(change: dict[str, Any]) -> None:
    metered = Metered()
    for _ in range(20):
        assert metered.later(4).see(metered.worker(**change)) is None


def test_pods_that_leave_or_are_silent_are_left_out() -> None:
    metered = Metered()
    for _ in range(20):
        worker = metered.worker()
        assert worker.reading
        old = replace(worker, reading=replace(worker.reading, age=30.0))
        assert metered.later(4).see(replace(worker, deleting=True), silent_pod("b"), old) is None


def test_a_report_that_is_read_twice_counts_once() -> None:
    metered = Metered()
    worker = metered.worker()
    metered.see(worker)
    assert metered.later(60).see(worker)
    usage = metered.later(60).see(worker)
    assert usage
    assert usage.windows[0].minutes == 1


def test_a_restarted_container_counts_its_cpu_time_anew() -> None:
    metered = Metered()
    metered.minutes(2)
    for turn in range(16):
        report: dict[str, Any] = {"written_mono": 9000.0 + turn * 4, "cpu_seconds": turn * 0.4}
        usage = metered.later(4).see(metered.worker(**report))
    assert usage
    # The first minute with the new container compares nothing across the restart.
    assert sum(usage.windows[0].cpu.values()) <= usage.windows[0].minutes
    assert max(int(bucket) for bucket in usage.windows[0].cpu) < 24


def test_a_cpu_time_out_of_all_reason_stays_within_the_buckets() -> None:
    metered = Metered()
    metered.see(metered.worker(cpu_seconds=0.0, active_count=4, reserved=1))
    usage = metered.later(60).see(metered.worker(cpu_seconds=1e10, active_count=4, reserved=1))
    assert usage
    assert usage.windows[0].cpu == {"64": 1}
    assert usage.windows[0].busy_cpu_millicores < 1_000_000


@pytest.mark.parametrize(
    ("active", "reserved", "busy"), [(4, 1, 2), (3, 1, 0), (4, 0, 0)], ids=["busy", "a free slot", "no more"]
)
def test_a_minute_is_busy_with_tasks_in_all_slots_and_more_that_wait(
    active: int, reserved: int, busy: int
) -> None:
    usage = Metered().minutes(2, active_count=active, reserved=reserved)
    assert usage.windows[0].busy_minutes == busy


def test_a_new_process_goes_on_with_what_the_status_has() -> None:
    group = WorkerGroupStatus(
        name="default",
        replicas=1,
        updated_replicas=1,
        ready_replicas=1,
        consuming_replicas=1,
        usage=usage_of(minute(900), days=0.001),
    )
    metered = Metered(CeleryDeploymentStatus(workers=(group,)))
    assert metered.see(pod()) == group.usage
    usage = metered.minutes(1)
    assert usage.windows[0].memory_peak_bytes == 900 * MEBIBYTE


def test_a_group_that_is_gone_is_forgotten() -> None:
    metered = Metered()
    metered.minutes(1)
    other = spec(workers=[{"name": "other"}])
    found = metered.meter.update(other, STATUS, (), BEGAN + timedelta(hours=1), 3600.0)
    assert dict(found) == {}
