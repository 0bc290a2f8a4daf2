"""The memory and the CPU time of the container, as both versions of cgroups show them."""

from pathlib import Path

import pytest

from celery_probe.agent.cgroup import MemoryCgroup, find, find_cpu

VERSION_1 = {
    "memory.limit_in_bytes": "268435456\n",
    "memory.max_usage_in_bytes": "165675008\n",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    "memory.usage_in_bytes": "150000000\n",
    "memory.stat": "cache 1\ninactive_file 3\ntotal_inactive_file 20000000\ntotal_active_file 30000000\n",
}
VERSION_2 = {
    "memory.max": "268435456\n",
    "memory.peak": "165675008\n",
    "memory.events": "low 0\nhigh 0\nmax 12\noom 4\noom_kill 3\noom_group_kill 0\n",
    "memory.current": "151000000\n",
    "memory.stat": "anon 1\ninactive_file 20000000\nactive_file 30000000\nslab_reclaimable 1000000\nslab 5\n",
}


def filled(directory: Path, files: dict[str, str]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text)
    return directory


def found(root: Path, membership: str) -> tuple[int | None, ...]:
    file = root / "membership"
    file.write_text(membership)
    cgroup = find(str(root), str(file))
    return values(cgroup)


def values(cgroup: MemoryCgroup) -> tuple[int | None, ...]:
    return cgroup.limit_bytes(), cgroup.peak_bytes(), cgroup.oom_kills(), cgroup.used_bytes()


NOTHING = (None, None, None, None)
VALUES = (268435456, 165675008, 3, 100_000_000)
V1, V2 = "5:cpu,cpuacct:/pod1\n4:memory:/pod1\n0::/\n", "0::/pod1\n"


@pytest.mark.parametrize(
    ("membership", "files", "place"),
    [
        (V1, VERSION_1, "memory/pod1"),
        (V1, VERSION_1, "memory"),
        ("4:memory:/\n", VERSION_1, "memory"),
        (V2, VERSION_2, "pod1"),
        (V2, VERSION_2, "."),
        ("0::/\n", VERSION_2, "."),
    ],
    ids=["1-host", "1-container", "1-namespace", "2-host", "2-container", "2-namespace"],
)
def test_the_cgroup_is_found_where_the_container_sees_it(
    tmp_path: Path, membership: str, files: dict[str, str], place: str
) -> None:
    filled(tmp_path / place, files)
    assert found(tmp_path, membership) == VALUES


def test_a_cgroup_without_a_limit_has_none(tmp_path: Path) -> None:
    filled(tmp_path / "2", {**VERSION_2, "memory.max": "max\n"})
    assert MemoryCgroup(str(tmp_path / "2"), is_version_1=False).limit_bytes() is None
    filled(tmp_path / "1", {**VERSION_1, "memory.limit_in_bytes": "9223372036854771712\n"})
    assert MemoryCgroup(str(tmp_path / "1"), is_version_1=True).limit_bytes() is None


def test_an_older_kernel_shows_no_peak(tmp_path: Path) -> None:
    files = {name: text for name, text in VERSION_2.items() if name != "memory.peak"}
    assert found(filled(tmp_path, files), "0::/\n") == (268435456, None, 3, 100_000_000)


@pytest.mark.parametrize("membership", ["", "0::/\n", "4:memory:/x\n", "nonsense", "1:\n", "\xff:::\n"])
def test_what_cannot_be_read_is_unknown(tmp_path: Path, membership: str) -> None:
    assert found(tmp_path, membership) == NOTHING


@pytest.mark.parametrize("text", ["", "many\n", "-1\n", "oom_kill\n", "oom_kill many\n"])
def test_a_value_that_is_no_number_is_unknown(tmp_path: Path, text: str) -> None:
    filled(tmp_path, dict.fromkeys(VERSION_2, text))
    assert values(MemoryCgroup(str(tmp_path), is_version_1=False)) == NOTHING


def test_a_process_without_cgroups_has_no_values(tmp_path: Path) -> None:
    assert values(find(str(tmp_path), str(tmp_path / "missing"))) == NOTHING
    assert find_cpu(str(tmp_path), str(tmp_path / "missing")).seconds() is None


def test_memory_is_never_negative_while_the_page_cache_shrinks(tmp_path: Path) -> None:
    files = {**VERSION_2, "memory.current": "40000000\n"}
    assert found(filled(tmp_path, files), "0::/\n")[3] == 0


def test_without_the_page_cache_the_memory_is_unknown(tmp_path: Path) -> None:
    files = {**VERSION_2, "memory.stat": "anon 1\nactive_file 3\n"}
    assert found(filled(tmp_path, files), "0::/\n")[3] is None


CPU_1, CPU_2 = {"cpuacct.usage": "2500000000\n"}, {"cpu.stat": "usage_usec 2500000\nuser_usec 1\n"}


@pytest.mark.parametrize(
    ("membership", "files", "place"),
    [
        (V1, CPU_1, "cpu,cpuacct/pod1"),
        (V1, CPU_1, "cpuacct"),
        ("2:cpuacct:/\n", CPU_1, "cpuacct"),
        (V2, CPU_2, "pod1"),
        (V2, CPU_2, "."),
    ],
    ids=["1-host", "1-container", "1-alone", "2-host", "2-container"],
)
def test_the_cpu_time_is_read_in_seconds(
    tmp_path: Path, membership: str, files: dict[str, str], place: str
) -> None:
    filled(tmp_path / place, files)
    file = tmp_path / "membership"
    file.write_text(membership)
    assert find_cpu(str(tmp_path), str(file)).seconds() == 2.5


@pytest.mark.parametrize("text", ["", "usage_usec\n", "usage_usec many\n", "user_usec 3\n"])
def test_a_cpu_time_that_is_no_number_is_unknown(tmp_path: Path, text: str) -> None:
    filled(tmp_path, {"cpu.stat": text, "membership": "0::/\n"})
    assert find_cpu(str(tmp_path), str(tmp_path / "membership")).seconds() is None
