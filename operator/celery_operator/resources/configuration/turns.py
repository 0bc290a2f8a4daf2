"""Whose turn it is when values have changed: one Deployment after the other.

So a wrong value stops at the first. The earlier pods of that Deployment go on, and so do all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from celery_operator.api import names
from celery_operator.kinds import Json
from celery_operator.resources.configuration.references import same_sources
from celery_operator.resources.rollout_status import has_old_pods


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, or another object with a pod template.

    ``desired``: the mark of the values now, None where it is not known. ``live``: the object as the watch
    shows it, None before it exists. ``changes``: its pods are replaced now whatever their values are.
    ``refused``: the object could not be applied the last time. It holds up no other, and has its new mark
    while that is tried again.
    """

    name: str
    desired: str | None
    live: Json | None
    changes: bool = False
    refused: bool = False

    @property
    def mark(self) -> str | None:
        """The mark of the pods that run."""
        if self.live is None:
            return None
        metadata = self.live["spec"].get("template", {}).get("metadata") or {}
        mark = (metadata.get("annotations") or {}).get(names.ANNOTATION_CONFIGURATION)
        return None if mark is None else str(mark)

    @property
    def waits(self) -> bool:
        """Whether only its values have changed. Other changes are a rollout of their own, which takes the
        new values with it.
        """
        mark, desired = self.mark, self.desired
        if self.changes or self.refused or mark is None or desired is None:
            return False
        return mark != desired and same_sources(mark, desired)

    @property
    def is_rolling(self) -> bool:
        """Whether pods with earlier values are being replaced. Old pods stay until new ones are ready."""
        if self.live is None or self.waits or self.refused:
            return False
        return self.changes or has_old_pods(self.live)


def turns(workloads: Sequence[Workload]) -> tuple[dict[str, str | None], str | None]:
    """The mark that each workload gets now, and the name of the one whose turn begins.

    ``workloads`` are in the order of their turns.
    """
    marks = {one.name: one.mark if one.desired is None or one.waits else one.desired for one in workloads}
    waiting = [one for one in workloads if one.waits]
    if not waiting or any(one.is_rolling and one.mark is not None for one in workloads):
        return marks, None
    first = waiting[0]
    return {**marks, first.name: first.desired}, first.name
