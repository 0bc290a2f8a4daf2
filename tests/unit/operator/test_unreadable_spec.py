"""A spec that the operator cannot read: an API server with the present definition admits none."""

from typing import Any, cast

from prometheus_client.parser import text_string_to_metric_families

from celery_health.readers.access import Access
from celery_operator.act.orders import Orders
from celery_operator.act.probe_rollouts import ProbeRollouts
from celery_operator.cache import Cache, Key
from celery_operator.dependencies import Dependencies
from celery_operator.kinds import CELERY_DEPLOYMENT, Kind
from celery_operator.kube import Kube
from celery_operator.loop import ResourceLoop
from celery_operator.metrics import Metrics
from celery_operator.observe.sidecars import Sidecars
from celery_operator.observe.sources import Sources
from celery_operator.process.flags import parse
from celery_operator.timing.server_clock import ServerClock

KEY = Key("market", "shop")
METADATA = {"namespace": "market", "name": "shop", "uid": "uid-shop", "generation": 2, "resourceVersion": "1"}


class Written:
    """A Kube that takes every status."""

    def __init__(self) -> None:
        self.clock = ServerClock()

    async def merge(
        self, kind: Kind, namespace: str, name: str, body: dict[str, Any], subresource: str
    ) -> dict[str, Any]:
        return {**body, "metadata": {**METADATA, "resourceVersion": "2"}}


async def test_the_metrics_of_an_unreadable_spec_say_what_its_status_says() -> None:
    cache, kube, metrics = Cache(), cast("Kube", Written()), Metrics()
    cache.put(CELERY_DEPLOYMENT, {"metadata": METADATA, "spec": {"workers": 7}}, watched=True)
    dependencies = Dependencies(
        settings=parse(["run"], {}),
        kube=kube,
        cache=cache,
        sources=Sources.of(cast("Sidecars", None), Access()),
        orders=cast("Orders", None),
        pushes=cast("Any", None),
        metrics=metrics,
        probe_rollouts=ProbeRollouts(cache, "probe:1", 0),
    )

    await ResourceLoop(dependencies, KEY, "uid-shop").reconcile_health()

    shown = {
        (sample.name, sample.labels.get("state") or sample.labels.get("condition")): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }
    assert shown["celery_deployment_health", "Unknown"] == 1
    assert shown["celery_deployment_health", "Healthy"] == 0
    assert shown["celery_deployment_condition", "Stalled"] == 1
