"""What the report shows of the container: the highest memory of some minutes, each file read at its pace."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from celery_probe.agent.cgroup import CpuCgroup, MemoryCgroup
from celery_probe.agent.worker.container import PEAK_SECONDS, ContainerUse, RecentPeak

MEBIBYTE = 2**20


def test_the_peak_stays_for_at_least_its_time_and_goes_after_twice_that() -> None:
    peak = RecentPeak()
    peak.note(500, 0.0)
    for now in (100.0, PEAK_SECONDS, 2 * PEAK_SECONDS - 1):
        peak.note(200, now)
        assert peak.value == 500
    peak.note(200, 2 * PEAK_SECONDS)
    assert peak.value == 200


def test_a_peak_before_a_long_pause_is_forgotten() -> None:
    peak = RecentPeak()
    peak.note(500, 0.0)
    peak.note(200, 3 * PEAK_SECONDS)
    assert peak.value == 200


@given(st.lists(st.tuples(st.integers(0, 1000), st.floats(0, 2 * PEAK_SECONDS)), min_size=1, max_size=30))
def test_the_peak_is_one_of_the_last_values_and_none_of_the_last_minutes_exceeds_it(
    steps: list[tuple[int, float]],
) -> None:
    peak, now, seen = RecentPeak(), 0.0, list[tuple[float, int]]()
    for value, pause in steps:
        now += pause
        peak.note(value, now)
        seen.append((now, value))
        assert peak.value is not None
        assert peak.value >= max(one for at, one in seen if now - at < PEAK_SECONDS)
        assert peak.value in {one for at, one in seen if now - at < 2 * PEAK_SECONDS}


def use(directory: Path, current: int) -> None:
    for name, text in {
        "memory.max": f"{64 * MEBIBYTE}",
        "memory.events": "oom_kill 0",
        "memory.current": str(current),
        "memory.stat": "inactive_file 0\nactive_file 0",
        "cpu.stat": "usage_usec 1500000",
    }.items():
        (directory / name).write_text(f"{text}\n")


def test_memory_is_read_once_a_second_and_the_rest_more_rarely(tmp_path: Path) -> None:
    path = str(tmp_path)
    container = ContainerUse(MemoryCgroup(path, is_version_1=False), CpuCgroup(path, is_version_1=False))
    use(tmp_path, 30 * MEBIBYTE)
    first = container.report(0.0)
    assert first == {
        "memory_used_bytes": 30 * MEBIBYTE,
        "memory_high_bytes": 30 * MEBIBYTE,
        "memory_limit_bytes": 64 * MEBIBYTE,
        "memory_peak_bytes": None,
        "oom_kills": 0,
        "cpu_seconds": 1.5,
    }
    use(tmp_path, 20 * MEBIBYTE)
    (tmp_path / "memory.max").write_text("max\n")
    assert container.report(0.5) == first
    assert container.report(1.0) == {**first, "memory_used_bytes": 20 * MEBIBYTE}
    assert container.report(5.0)["memory_limit_bytes"] is None


def test_without_a_cgroup_nothing_is_known(tmp_path: Path) -> None:
    path = str(tmp_path / "missing")
    container = ContainerUse(MemoryCgroup(path, is_version_1=True), CpuCgroup(path, is_version_1=True))
    assert set(container.report(0.0).values()) == {None}
