"""Finding the operator's process and images from what Kubernetes and the kernel show."""

from pathlib import Path

import pytest
from bench.errors import BenchError
from bench.operator_idle import container_id, container_processes

ID = "0f3c" * 16


def test_the_container_id_is_that_of_the_running_container() -> None:
    statuses = [
        {"containerID": "containerd://aaaa", "state": {"terminated": {}}},
        {"containerID": f"containerd://{ID}", "state": {"running": {}}},
    ]
    assert container_id({"metadata": {"name": "x"}, "status": {"containerStatuses": statuses}}) == ID


def test_a_pod_without_a_running_container_is_named() -> None:
    with pytest.raises(BenchError, match="No container runs in the pod operator-1"):
        container_id({"metadata": {"name": "operator-1"}, "status": {}})


@pytest.mark.parametrize(
    "line", [f"0::/kubepods.slice/cri-containerd-{ID}.scope\n", f"4:memory:/kubepods/burstable/pod1/{ID}\n"]
)
def test_a_containers_processes_are_found_in_control_groups_v1_and_v2(tmp_path: Path, line: str) -> None:
    for pid, text in {"12": line, "13": "0::/init.scope\n"}.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cgroup").write_text(text)
    (tmp_path / "14").mkdir()
    assert container_processes(ID, tmp_path) == [12]


def test_a_container_on_another_machine_is_reported_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="run this on the operator's node"):
        container_processes(ID, tmp_path)
