"""What the annotations of a CeleryDeployment ask for, and which of them are not understood."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from celery_operator.api.names import (
    ANNOTATION_PAUSE_HEALING,
    ANNOTATION_PAUSE_SCALE_IN,
    ANNOTATION_PAUSE_SCALE_OUT,
    ANNOTATION_RESTARTED_AT,
    GROUP,
)

_PAUSES = (ANNOTATION_PAUSE_HEALING, ANNOTATION_PAUSE_SCALE_IN, ANNOTATION_PAUSE_SCALE_OUT)


class ScalingPauses(NamedTuple):
    """Whether scale-in and scale-out are paused."""

    scale_in: bool = False
    scale_out: bool = False


NO_PAUSE = ScalingPauses()


@dataclass(frozen=True, slots=True)
class ResourceAnnotations:
    """What the annotations of a CeleryDeployment ask for.

    ``not_understood``: a sentence for each annotation of ours that asks for nothing.
    """

    healing_paused: bool = False
    scaling_pauses: ScalingPauses = NO_PAUSE
    not_understood: tuple[str, ...] = ()


def read_annotations(annotations: Mapping[str, str], groups: Collection[str]) -> ResourceAnnotations:
    """The typed annotations; ``groups`` are the names of the worker groups."""
    return ResourceAnnotations(
        healing_paused=annotations.get(ANNOTATION_PAUSE_HEALING) == "true",
        scaling_pauses=ScalingPauses(
            scale_in=annotations.get(ANNOTATION_PAUSE_SCALE_IN) == "true",
            scale_out=annotations.get(ANNOTATION_PAUSE_SCALE_OUT) == "true",
        ),
        not_understood=tuple(_not_understood(annotations, groups)),
    )


def restart_annotations(annotations: Mapping[str, str], group: str | None) -> dict[str, str]:
    """What of them goes onto the pods of a group (None: of beat): a new value is a rollout."""
    names = {ANNOTATION_RESTARTED_AT, f"{ANNOTATION_RESTARTED_AT}.{group}"}
    return {name: value for name, value in annotations.items() if name in names and value}


def _not_understood(annotations: Mapping[str, str], groups: Collection[str]) -> Iterator[str]:
    """A sentence for each annotation of ours that asks for nothing, with what to write instead."""
    for pause in _PAUSES:
        value = annotations.get(pause, "false")
        if value not in {"true", "false"}:
            yield f'Annotation {pause} is {value!r}: write "true", or remove it'
    prefix = f"{ANNOTATION_RESTARTED_AT}."
    for name in annotations:
        if name.startswith(f"{GROUP}/pause-") and name not in _PAUSES:
            yield f"Annotation {name} pauses nothing: write one of {', '.join(_PAUSES)}"
        if name.startswith(prefix) and name.removeprefix(prefix) not in groups:
            yield (
                f"Annotation {name} names no worker group: write {prefix}GROUP with one of "
                f"{', '.join(sorted(groups))}"
            )
