"""A real Prometheus scrapes a real operator: alerts about what the operator sees fire and are resolved."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.alert_rules import rules_file
from tools.testbed.waiting import wait_for

from celery_health.alerts import RULES
from celery_health.alerts.choice import chosen
from celery_operator.kinds import POD
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.reports.refusals import refused_status
from tests.integration.operator.sidecars import Workers
from tests.integration.operator.world import World, group
from tests.support.prometheus import (
    ALERT_SECONDS,
    KUBERNETES,
    Prometheus,
    prometheus,
    without_discovery,
    write,
)

QUICK = {"CeleryAgentAbsent": {"for": "2s"}, "CeleryOperatorFailing": {"for": "2s"}}
POD_OF_OPERATOR = {
    "__meta_kubernetes_namespace": "celery-system",
    "__meta_kubernetes_pod_name": "celery-operator-0",
    "__meta_kubernetes_pod_label_app_kubernetes_io_name": "celery-operator",
    "__meta_kubernetes_pod_label_app_kubernetes_io_component": "operator",
    "__meta_kubernetes_pod_container_port_name": "http",
}


@contextmanager
def watching(operator: OperatorProcess, home: Path) -> Iterator[Prometheus]:
    """The job of docs/howto/alerts.md with this operator as the only pod, and rules with short times."""
    home.mkdir()
    (job,) = (one for one in KUBERNETES["scrape_configs"] if one["job_name"] == "celery-operator")
    rules = rules_file(outside_kubernetes=False, rules=chosen(RULES, QUICK))
    target = {"targets": [f"127.0.0.1:{operator.port}"], "labels": POD_OF_OPERATOR}
    configuration = {
        "rule_files": [str(write(home / "celery.rules.yml", rules))],
        "scrape_configs": [without_discovery(job) | {"static_configs": [target]}],
    }
    with prometheus(home, configuration) as server:
        wait_for(lambda: server.targets() == {"celery-operator": "up"}, ALERT_SECONDS, server.targets)
        yield server


def test_a_worker_whose_agent_is_missing_fires_until_it_reports(
    operator: OperatorProcess, world: World, workers: Workers, tmp_path: Path
) -> None:
    world.create_shop(workers=[group("default")])
    (pod,) = wait_for(lambda: world.pods_of("shop-default"), describe="a pod")
    worker = workers.run(pod, works=True)
    worker.has_agent = False
    restarted = {"name": "worker", "ready": True, "restartCount": 1, "image": "shop:1", "imageID": ""}
    world.change(POD, worker.name, {"status": {"containerStatuses": [restarted]}}, "status")
    labels = {"namespace": world.namespace, "resource": "shop"}
    with watching(operator, tmp_path / "prometheus") as server:
        absent = server.until_it_fires("CeleryAgentAbsent", labels)["annotations"]

        assert absent["summary"] == f"Workers of {world.namespace}/shop do not report"
        worker.has_agent = True
        server.until_it_ends("CeleryAgentAbsent", labels)


def test_an_operator_whose_reconciles_fail_fires(
    start_operator: StartOperator, world: World, tmp_path: Path
) -> None:
    """The errors count for ten minutes, so the end of the alert is left to the rules' own tests."""
    world.create_shop()
    with (
        refused_status(world),
        watching(start_operator().until_it_leads(), tmp_path / "prometheus") as server,
    ):
        labels = {"namespace": world.namespace, "resource": "shop", "reconcile": "health"}
        failing = server.until_it_fires("CeleryOperatorFailing", labels)["annotations"]

    assert failing["summary"] == f"The operator fails to reconcile {world.namespace}/shop"
