"""What the operator last pushed about its CeleryDeployment, as the web shows it. Pure: no clock."""

import msgspec

from celery_health.wire.resource_push import PushedPod, ResourcePush
from celery_monitor.live.group_requests import RequestView

STALE_SECONDS = 60.0
"""An older push says nothing of now: the operator repeats one that says nothing new every 10 seconds."""
MOST_PODS = 300
"""Pods that are shown: those with a problem first."""


class ResourceView(msgspec.Struct, frozen=True, kw_only=True):
    """The last push and when it came, by the monitor's clock. ``requests``: the newest first.

    ``stale``: the operator has been silent for so long that the push says nothing of now.
    """

    push: ResourcePush
    received_at: float
    stale: bool = False
    requests: tuple[RequestView, ...] = ()

    def pods(self) -> list[PushedPod]:
        """The pods by group and name, those that do not consume first."""
        ranked = sorted(self.push.pods, key=lambda pod: (pod.state == "consuming", pod.group, pod.name))
        return ranked[:MOST_PODS]
