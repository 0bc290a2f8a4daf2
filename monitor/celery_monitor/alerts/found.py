"""What an evaluation of a rule gives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from celery_monitor.records.alerts import LabelSet


@dataclass(frozen=True, slots=True)
class Judged:
    """An alert that the operator judges: since when it is pending or firing, and its texts."""

    fires: bool
    since: float
    summary: str
    description: str


@dataclass(frozen=True, slots=True)
class Found:
    """Where the condition of a rule holds, by labels: measured values, and what the operator judges.

    ``complete``: whether the condition is known not to hold for all other labels. An alert about which
    nothing is known stays as it is.
    """

    values: Mapping[LabelSet, float] = field(default_factory=dict)
    judged: Mapping[LabelSet, Judged] = field(default_factory=dict)
    complete: bool = True


UNKNOWN = Found(complete=False)


def together(parts: Iterable[Found]) -> Found:
    """The condition holds where one of the parts holds.

    Of several values the first one counts. What the operator judges without labels is about the same as the
    values with labels, so it counts where there are none.
    """
    values: dict[LabelSet, float] = {}
    judged: dict[LabelSet, Judged] = {}
    complete = True
    for part in parts:
        values = {**part.values, **values}
        judged |= part.judged
        complete = complete and part.complete
    judged = {
        labels: one for labels, one in judged.items() if labels not in values and (labels or not values)
    }
    return Found(values, judged, complete)
