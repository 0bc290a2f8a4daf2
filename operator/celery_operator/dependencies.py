"""What the loops of all CeleryDeployments share."""

from dataclasses import dataclass

from celery_operator.act.monitor_push import PushSink
from celery_operator.act.orders import Orders
from celery_operator.act.probe_rollouts import ProbeRollouts
from celery_operator.cache import Cache
from celery_operator.kube import Kube
from celery_operator.metrics import Metrics
from celery_operator.observe.sources import Sources
from celery_operator.process.settings import Settings


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Connections, memory and settings of one operator process."""

    settings: Settings
    kube: Kube
    cache: Cache
    sources: Sources
    orders: Orders
    pushes: PushSink
    metrics: Metrics
    probe_rollouts: ProbeRollouts
