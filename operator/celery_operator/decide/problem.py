"""What is wrong with workers of a group, as conditions and recommendations read it."""

from collections.abc import Mapping
from dataclasses import dataclass

from celery_operator.decide.reasons import Reason

DOUBTS = frozenset({Reason.SIDECAR_SILENT, Reason.UNTOLD})
"""No illness: the pods may all be consuming."""


@dataclass(frozen=True, slots=True)
class Problem:
    """``message`` says what is wrong, ``remedy`` what to do, ``command`` shows or mends it."""

    reason: Reason
    message: str
    remedy: str
    command: str

    @property
    def waits_for_broker(self) -> bool:
        """A worker may show this for no other reason than that its broker is away."""
        return self.reason in {Reason.DEAF, Reason.CONNECTING, Reason.STOPPED, Reason.STARTING} | DOUBTS


WORST_FIRST = (
    Reason.IMAGE_UNAVAILABLE,
    Reason.CONFIGURATION_MISSING,
    Reason.APP_NOT_LOADED,
    Reason.CREATION_REFUSED,
    Reason.OUT_OF_MEMORY,
    Reason.CRASHING,
    Reason.WEDGED,
    Reason.POOL_DEAD,
    Reason.DEAF,
    Reason.WORKER_STALLED,
    Reason.UNSCHEDULABLE,
    Reason.CONNECTING,
    Reason.STOPPED,
    Reason.HUNG_TASK,
    Reason.HOARDING,
    Reason.SIDECAR_SILENT,
    Reason.UNTOLD,
    Reason.STARTING,
)

Problems = Mapping[str, tuple[Problem, ...]]
"""By group, the worst first."""
