"""Queries that others have written for metrics of these names: a real Prometheus answers them."""

import time
import uuid
from collections.abc import Callable, Iterable

from tools.dashboards.answers import ask
from tools.testbed.waiting import wait_for

from tests.integration.alerts.real_shop import Shop
from tests.unit.monitor.metrics.mixin import EXPORTED, QUERIED

_NAME = "upstream_background_job"
OF_DOCUMENT_003 = (
    f"rate({_NAME}_started_total[5m])",
    f"rate({_NAME}_completed_total[5m])",
    f"rate({_NAME}_completed_total[5m]) / rate({_NAME}_started_total[5m])",
    # The document divides without ``ignoring``, which has no answer: only failures have a type of error.
    f"rate({_NAME}_failed_total[5m]) / ignoring (error_type) rate({_NAME}_started_total[5m])",
    *(
        f"histogram_quantile({share}, rate({_NAME}_duration_seconds_bucket[5m]))"
        for share in (0.5, 0.95, 0.99)
    ),
    "celery_queue_length",
)
SECONDS = 90.0
NOT_HERE = (
    # Redis does not know who consumes a queue.
    "celery_active_consumer_count",
    # Only a task with late acknowledgement can be rejected.
    "celery_task_rejected_total",
)


def of_celery_mixin() -> Iterable[str]:
    """Each metric, if its series have the labels that the dashboards select or group by."""
    for name, labels in {**QUERIED, **EXPORTED}.items():
        present = ",".join(f'{label}!=""' for label in sorted(labels))
        if name not in NOT_HERE:
            yield f"{name}{{{present}}}"


def answered(shop: Shop, queries: Iterable[str], run_tasks: Callable[[], object]) -> None:
    """Wait, while tasks run, until all have answers."""
    url, missing = f"http://127.0.0.1:{shop.prometheus.port}", list(queries)

    def all_answered() -> bool:
        run_tasks()
        now = time.time()
        missing[:] = [query for query in missing if not ask(url, query, now - 10, now)]
        return not missing

    wait_for(all_answered, SECONDS, lambda: f"{missing} {shop.described()}", interval=1.0)


def test_the_queries_of_document_003(shop: Shop) -> None:
    def run_tasks() -> None:
        for how in ("fail", "ignore"):
            shop.app.send_task("agent_metrics.refuse", (7, how))

    answered(shop, OF_DOCUMENT_003, run_tasks)


def test_the_metrics_of_celery_exporter_that_celery_mixin_queries(shop: Shop) -> None:
    shop.app.conf.task_send_sent_event = True
    cancelled = str(uuid.uuid4())
    shop.app.control.revoke(cancelled)

    def run_tasks() -> None:
        shop.app.send_task("agent_metrics.refuse", (7, "fail"))
        shop.app.send_task("agent_metrics.ship", (7,))
        shop.app.send_task("agent_metrics.nothing", (7,), task_id=cancelled)

    answered(shop, of_celery_mixin(), run_tasks)
