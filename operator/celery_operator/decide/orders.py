"""What a pod's sidecar can be told to do."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """Let no verdict fail this pod's liveness for so many seconds; 0 ends a hold."""

    pod: str
    uid: str
    seconds: int

    @property
    def path(self) -> str:
        return "hold"

    @property
    def body(self) -> Mapping[str, int]:
        return {"seconds": self.seconds}


@dataclass(frozen=True, slots=True)
class DrainOrder:
    """Take no more messages, or take them again: sent until the pod's report says that it is so."""

    pod: str
    uid: str
    wanted: bool

    @property
    def path(self) -> str:
        return "drain" if self.wanted else "undrain"

    @property
    def body(self) -> Mapping[str, int]:
        return {}


Order = HoldOrder | DrainOrder
