"""One application with a worker, sidecar, monitor and a real Prometheus whose rules have short times."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from celery import Celery
from tools.alert_rules import rules_file
from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for

from celery_health.alerts import RULES
from celery_health.alerts.choice import chosen
from tests.integration.agent.harness import AgentWorker, agent_worker, producer
from tests.integration.agent.task_metrics.counted import ARGUMENTS, sdk_path
from tests.integration.monitor.monitor_process import TOKEN, Monitor, monitor
from tests.integration.sidecar.served import Sidecar, served
from tests.support.prometheus import ALERT_SECONDS, KUBERNETES, PLAIN, Prometheus, prometheus, write

HOLD_SECONDS = 3
QUICK: dict[str, dict[str, Any]] = {
    "CeleryWorkersDown": {},
    "CeleryHighQueueDepth": {"messages": 5},
    "CeleryBrokerUnreachable": {},
    "CeleryHighFailureRate": {"percent": 50},
    "CelerySlowTasks": {"seconds": 1},
    "CeleryQueueNotConsumed": {},
    "CeleryOldestWaitAboveTarget": {"seconds": 1},
    "CeleryMonitorNotReady": {},
    "CeleryMonitorLosesEvents": {"tasks": 1},
    "CeleryMonitorBlind": {},
    "CeleryTasksStuck": {},
    "CeleryWorkersRestartRepeatedly": {"restarts": 0},
}
SHOP = {"resource": "shop"}
IN_CLUSTER = {"namespace": "market", "resource": "shop", "group": "standard"}
"""What the relabelling in a cluster gives to the target of a sidecar."""


@dataclass(frozen=True)
class Shop:
    """One application with everything around it. The worker can be stopped, the broker too."""

    redis: RedisServer
    app: Celery
    worker: AgentWorker
    sidecar: Sidecar
    monitor: Monitor
    prometheus: Prometheus

    def until_it_fires(
        self, name: str, fault: Callable[[], object] = lambda: None, /, **labels: str
    ) -> dict[str, Any]:
        """Make the fault again and again until the alert fires, and not before its time."""
        alert = self.prometheus.until_it_fires(name, labels, fault=fault, described=self.described)
        active = datetime.fromisoformat(re.sub(r"\.\d+", "", alert["activeAt"]))
        assert (datetime.now(UTC) - active).total_seconds() >= HOLD_SECONDS
        return alert

    def until_it_is_resolved(
        self, name: str, repair: Callable[[], object] = lambda: None, /, **labels: str
    ) -> None:
        self.prometheus.until_it_ends(name, labels, repair=repair, described=self.described)

    def described(self) -> str:
        """What Prometheus and the monitor say."""
        return f"{self.prometheus.described()}\n{self.monitor.text()[-2000:]}"


@contextmanager
def running_shop(home: Path) -> Iterator[Shop]:
    """The application, once Prometheus has scraped all of it and nothing fires."""
    with (
        redis_server(home / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            home / "worker",
            CELERY_5_6,
            "prefork",
            redis.url,
            arguments=ARGUMENTS,
            env=sdk_path(home / "worker"),
        ) as worker,
        served(worker.directory) as sidecar,
        monitor(home / "monitor", variables={"CELERY_BROKER_URL": redis.url}) as watching,
        prometheus(home / "prometheus", configuration(home, watching, sidecar)) as server,
    ):
        worker.wait_until_consuming()
        found = Shop(redis, app, worker, sidecar, watching, server)
        jobs = ("celery-monitor", "celery-sidecar")
        wait_for(lambda: server.targets() == dict.fromkeys(jobs, "up"), ALERT_SECONDS, found.described)
        found.until_it_is_resolved("CeleryWorkersDown", **SHOP)
        yield found


def configuration(home: Path, watching: Monitor, sidecar: Sidecar) -> dict[str, Any]:
    """The jobs of docs/howto/alerts.md at the addresses of this test, and the rules with short times."""
    choice = {name: {"for": f"{HOLD_SECONDS}s", **values} for name, values in QUICK.items()}
    rules = rules_file(outside_kubernetes=False, rules=chosen(RULES, choice))
    token = home / "token"
    token.write_text(TOKEN)
    (scraped,) = PLAIN["scrape_configs"]
    of_sidecars = next(one for one in KUBERNETES["scrape_configs"] if one["job_name"] == "celery-sidecar")
    (target,) = scraped["static_configs"]
    return {
        "rule_files": [str(write(home / "celery.rules.yml", rules))],
        "scrape_configs": [
            {
                **scraped,
                "scrape_interval": "1s",
                "authorization": {"credentials_file": str(token)},
                "static_configs": [{**target, "targets": [watching.url.removeprefix("http://")]}],
            },
            {
                "job_name": of_sidecars["job_name"],
                "sample_limit": of_sidecars["sample_limit"],
                "static_configs": [{"targets": [f"127.0.0.1:{sidecar.port}"], "labels": IN_CLUSTER}],
            },
        ],
    }
