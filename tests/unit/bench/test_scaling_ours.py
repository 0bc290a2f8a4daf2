"""Our operator in the simulator: the promises that hold on any workload."""

from dataclasses import replace
from pathlib import Path

import pytest
from bench.report import Figure, Met, Picture, Table
from bench.scaling import part
from bench.scaling.keda import FAST, Keda
from bench.scaling.ours import DEFAULT, EAGER, Ours
from bench.scaling.outcome import Outcome, run
from bench.scaling.picture import draw
from bench.scaling.workloads import Workload, bursts, measured_burst, steady, workloads
from bench.scaling.world import START

from celery_operator.api.autoscaling import Autoscaling

SEED = 7


def ours(workload: Workload, rules: Autoscaling) -> Outcome:
    return run(workload, lambda world: Ours(world, rules))


@pytest.mark.parametrize("rules", [DEFAULT, EAGER], ids=["defaults", "eager"])
@pytest.mark.parametrize("long_tasks", [False, True])
def test_the_measured_bursts_are_done_in_time_and_nothing_is_killed(
    long_tasks: bool, rules: Autoscaling
) -> None:
    found = ours(measured_burst(SEED, long_tasks), rules)
    assert found.killed == 0
    assert found.first_pod <= 2
    assert found.changes[0][1] == 6
    # 30 tasks of 45 s in 12 slots take three rounds, after the start of the pods.
    assert found.done <= (3 * 45 + START + 2 if long_tasks else 95)


def test_a_burst_raises_the_group_to_the_whole_size_within_its_own_seconds() -> None:
    found = ours(bursts(SEED, count=1), DEFAULT)
    whole = next(at for at, replicas in found.changes if replicas == 30)
    assert whole - found.changes[0][0] <= 5


def test_a_steady_load_moves_nothing_once_the_group_has_its_size() -> None:
    workload = steady(SEED, hours=0.75)
    found = ours(workload, DEFAULT)
    assert sum(900 < at < workload.lasts for at, _ in found.changes) <= 2


@pytest.mark.parametrize("workload", workloads(SEED, quick=True), ids=lambda workload: workload.name)
def test_no_task_waits_half_as_long_as_with_the_fast_keda_and_none_is_killed(workload: Workload) -> None:
    shorter = replace(workload, tasks=[task for task in workload.tasks if task.arrives < 1200], lasts=1200.0)
    mine = ours(shorter, EAGER)
    assert mine.killed == 0
    assert mine.p95 <= run(shorter, lambda world: Keda(world, FAST, 0.5)).p95 / 2


def test_the_same_seed_gives_the_same_outcome() -> None:
    assert ours(bursts(SEED, count=1), EAGER) == ours(bursts(SEED, count=1), EAGER)


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    workload = bursts(SEED, count=1)
    found = ours(workload, EAGER)
    path = tmp_path / "picture.png"
    draw([workload], {workload.name: dict.fromkeys(part.SHOWN, found)}, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_part_has_a_verdict_for_each_workload_and_a_row_for_each_scaler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(part, "workloads", lambda seed, quick: [bursts(seed, count=1)])
    findings = part.measure(quick=True)
    figures = [finding for finding in findings if isinstance(finding, Figure)]
    [table] = [finding for finding in findings if isinstance(finding, Table)]
    assert [figure.what.partition(":")[0] for figure in figures] == ["burst"] * 3
    assert figures[-1].met is Met.YES
    assert [row[1] for row in table.rows] == list(part.SCALERS)
    assert isinstance(findings[-1], Picture)


def test_the_page_has_a_place_for_the_tables_and_shows_the_picture() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "scaling-simulator.md").read_text()
    assert page.index("<!-- bench scaling -->") < page.index("<!-- end of bench scaling -->")
    assert f"]({part.PICTURE})" in page
