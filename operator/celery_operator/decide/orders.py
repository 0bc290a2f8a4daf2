"""What a pod's sidecar can be told to do."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from celery_health.wire import orders as wire
from celery_health.wire.names import DRAIN_PATH, RESTART_HOLD_PATH, UNDRAIN_PATH


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """Let no verdict fail this pod's liveness for so many seconds; 0 ends a hold."""

    pod: str
    uid: str
    seconds: int

    @property
    def path(self) -> str:
        return RESTART_HOLD_PATH

    @property
    def body(self) -> Mapping[str, float]:
        body: Mapping[str, float] = msgspec.to_builtins(wire.RestartHoldOrder(self.seconds))
        return body


@dataclass(frozen=True, slots=True)
class DrainOrder:
    """Take no more messages, or take them again: sent until the pod's report says that it is so."""

    pod: str
    uid: str
    wanted: bool

    @property
    def path(self) -> str:
        return DRAIN_PATH if self.wanted else UNDRAIN_PATH

    @property
    def body(self) -> Mapping[str, float]:
        return {}


Order = HoldOrder | DrainOrder
