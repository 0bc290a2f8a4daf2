"""The application that the tests of alerts break, and the Prometheus that watches it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.alert_rules import rules_file
from tools.testbed.kube import Kube, Object
from tools.testbed.shop import BROKER_URL, Shop, group
from tools.testbed.waiting import wait_for

from celery_health.alerts import RULES
from celery_health.alerts.choice import chosen
from tests.e2e.alerts.discovery import write_targets
from tests.e2e.poison_tasks.cases import Case
from tests.e2e.test_monitor import token
from tests.e2e.test_operator import SYSTEM
from tests.support.prometheus import KUBERNETES, Prometheus, prometheus, without_discovery, write

HOLD_SECONDS = 3
TARGETS = "pods.json"
TOKEN = "token"
OVERDUE_SECONDS = 5
CHOICE: Mapping[str, Mapping[str, int]] = {
    "CeleryDrainOverdue": {"seconds": OVERDUE_SECONDS},
    "CeleryHighFailureRate": {"percent": 50},
    "CeleryHighQueueDepth": {"messages": 100},
    "CeleryMonitorLosesEvents": {"tasks": 1},
    "CeleryOldestWaitAboveTarget": {"seconds": 5},
    "CeleryOperatorFailing": {"percent": 0},
    "CelerySlowTasks": {"seconds": 1},
    "CeleryWorkersRestartRepeatedly": {"restarts": 0},
}
"""The thresholds of a small application whose faults last for seconds. Every rule has a short time too."""
CASE = Case(
    "leave",
    2,
    more_groups=(
        group("asleep", replicas=0),
        group("small", concurrency=1, autoscaling={"minReplicas": 1, "maxReplicas": 1}),
        group("held", replicas=1, drainTimeoutSeconds=0, gracePeriodSeconds=1),
    ),
)


@dataclass(frozen=True)
class Watched:
    """An application, and the Prometheus that watches it."""

    shop: Shop
    name: str
    prometheus: Prometheus

    @property
    def where(self) -> str:
        """The application as the alerts name it."""
        return f"{self.shop.namespace}/{self.name}"

    def until_it_fires(
        self, name: str, fault: Callable[[], object] = lambda: None, /, **labels: str
    ) -> dict[str, str]:
        """Make the fault again and again until the alert fires; gives its annotations."""
        annotations: dict[str, str]
        annotations = self.prometheus.until_it_fires(name, self._own(labels), fault=fault)["annotations"]
        return annotations

    def until_it_ends(self, name: str, repair: Callable[[], object] = lambda: None, /, **labels: str) -> None:
        """Repair again and again until the alert no longer fires."""
        self.prometheus.until_it_ends(name, self._own(labels), repair=repair)

    def _own(self, labels: dict[str, str]) -> dict[str, str]:
        return {"namespace": self.shop.namespace, "resource": self.name, **labels}


@contextmanager
def watched(shop: Shop, name: str, home: Path) -> Iterator[Watched]:
    """Prometheus, once it has scraped the operator, the workers and the monitor of this application."""
    home.mkdir()
    (home / TOKEN).write_text(token(shop, name))
    with prometheus(home, configuration(shop.kube, home, shop.namespace)) as server:
        jobs = ("celery-monitor", "celery-operator", "celery-sidecar")
        wait_for(lambda: server.targets() == dict.fromkeys(jobs, "up"), 60, server.targets)
        yield Watched(shop, name, server)


def configuration(kube: Kube, home: Path, *namespaces: str) -> dict[str, Any]:
    """The jobs of the documentation, for the pods of these namespaces and of the operator's."""
    home.mkdir(exist_ok=True)
    short = {"for": f"{HOLD_SECONDS}s"}
    rules = chosen(RULES, {rule.name: {**short, **CHOICE.get(rule.name, {})} for rule in RULES})
    targets = write_targets(kube, [*namespaces, SYSTEM], home / TARGETS)
    file = write(home / "celery.rules.yml", rules_file(outside_kubernetes=False, rules=rules))
    found: dict[str, Any] = {"file_sd_configs": [{"files": [str(targets)]}]}
    jobs = [_job(one, found, home) for one in KUBERNETES["scrape_configs"]]
    return {"rule_files": [str(file)], "scrape_configs": jobs}


def _job(documented: Mapping[str, Any], found: Mapping[str, Any], home: Path) -> dict[str, Any]:
    job = without_discovery(documented)
    if "authorization" in job:
        job["authorization"] = {"credentials_file": str(home / TOKEN)}
    return {**job, **found}


def running_case() -> Object:
    """The resource: quarantine is on, and beat and the monitor run."""
    deployment = CASE.deployment(BROKER_URL)
    deployment["spec"]["health"] = {"poisonTasks": "Quarantine"}
    deployment["spec"]["beat"] = {"enabled": True}
    deployment["spec"]["monitor"] = {"enabled": True}
    return deployment
