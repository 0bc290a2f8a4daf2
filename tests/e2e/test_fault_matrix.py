"""A part of the fault matrix in CI; `make fault-matrix` runs all of it."""

import pytest
from tools.fault_matrix.rows import BY_NAME
from tools.fault_matrix.run import run_stand, stand_for
from tools.testbed.kube import Kube

# One stand each, chosen so that most failures come once and each pool and broker does; the longest
# first, so that three at a time are done soon.
PARTS = (
    ("prefork", "redis", ("pool dead", "stalled", "orphaned unacked", "result backend unreachable")),
    ("threads", "redis", ("hoarding",)),
    ("gevent", "redis", ("deaf: half-open connection", "stalled", "wedged")),
    ("threads", "redis", ("deaf", "queue not consumed", "broker hangs")),
    ("prefork", "rabbitmq", ("deaf", "stalled", "broker hangs")),
    ("solo", "redis", ("wedged", "deaf")),
    ("gevent", "rabbitmq", ("wedged", "deaf", "hung task")),
)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("pool", "broker", "names"), PARTS, ids=[f"{pool}-{broker}-{names[0]}" for pool, broker, names in PARTS]
)
def test_faults_are_reported_and_healed_and_cost_no_task_and_no_innocent_pod(
    kube: Kube, pool: str, broker: str, names: tuple[str, ...]
) -> None:
    rows = [BY_NAME[name] for name in names]
    assert all(row.applies(pool, broker) for row in rows)
    results = run_stand(stand_for(kube, pool, broker, rows), rows, say=print)
    assert len(results) == len(rows)
    assert not [result for result in results if result.problem]
