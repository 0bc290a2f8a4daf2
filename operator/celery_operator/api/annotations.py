"""What the annotations of a CeleryDeployment ask for, and which of them are not understood."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from celery_operator.api.names import (
    ANNOTATION_PAUSE_HEALING,
    ANNOTATION_PAUSE_SCALE_IN,
    ANNOTATION_PAUSE_SCALE_OUT,
    ANNOTATION_PROBE_IMAGE,
    ANNOTATION_RESTARTED_AT,
    GROUP,
)

_PAUSES = (ANNOTATION_PAUSE_HEALING, ANNOTATION_PAUSE_SCALE_IN, ANNOTATION_PAUSE_SCALE_OUT)
_OF_GROUPS = (f"{ANNOTATION_PAUSE_HEALING}.", f"{ANNOTATION_RESTARTED_AT}.")


class ScalingPauses(NamedTuple):
    """Whether scale-in and scale-out are paused."""

    scale_in: bool = False
    scale_out: bool = False


NO_PAUSE = ScalingPauses()


@dataclass(frozen=True, slots=True)
class ResourceAnnotations:
    """What the annotations of a CeleryDeployment ask for.

    ``healing_paused``: of the whole resource. ``groups_paused``: the groups whose healing is paused by an
    annotation of their own.
    ``not_understood``: a sentence for each annotation of ours that asks for nothing.
    """

    healing_paused: bool = False
    groups_paused: frozenset[str] = frozenset()
    scaling_pauses: ScalingPauses = NO_PAUSE
    not_understood: tuple[str, ...] = ()

    def pauses(self, group: str) -> bool:
        """Whether healing of this group is paused."""
        return self.healing_paused or group in self.groups_paused


def read_annotations(annotations: Mapping[str, str], groups: Collection[str]) -> ResourceAnnotations:
    """The typed annotations; ``groups`` are the names of the worker groups."""
    return ResourceAnnotations(
        healing_paused=annotations.get(ANNOTATION_PAUSE_HEALING) == "true",
        groups_paused=frozenset(
            group for group in groups if annotations.get(pause_annotation(group)) == "true"
        ),
        scaling_pauses=ScalingPauses(
            scale_in=annotations.get(ANNOTATION_PAUSE_SCALE_IN) == "true",
            scale_out=annotations.get(ANNOTATION_PAUSE_SCALE_OUT) == "true",
        ),
        not_understood=tuple(_not_understood(annotations, groups)),
    )


def pause_annotation(group: str) -> str:
    """The annotation that pauses healing of one group."""
    return f"{ANNOTATION_PAUSE_HEALING}.{group}"


def restart_annotation(group: str) -> str:
    """The annotation that restarts the pods of one group, each time its value changes."""
    return f"{ANNOTATION_RESTARTED_AT}.{group}"


def restart_annotations(annotations: Mapping[str, str], group: str | None) -> dict[str, str]:
    """What of them goes onto the pods of a group (None: of beat): a new value is a rollout."""
    names = {ANNOTATION_RESTARTED_AT, *(() if group is None else (restart_annotation(group),))}
    return {name: value for name, value in annotations.items() if name in names and value}


def chosen_probe_image(annotations: Mapping[str, str]) -> str:
    """The image that the resource pins, or ``keep``; empty where it leaves the choice to the operator."""
    value = annotations.get(ANNOTATION_PROBE_IMAGE, "")
    return "" if any(character.isspace() for character in value) else value


def _not_understood(annotations: Mapping[str, str], groups: Collection[str]) -> Iterator[str]:
    """A sentence for each annotation of ours that asks for nothing, with what to write instead."""
    for pause in (*_PAUSES, *(pause_annotation(group) for group in groups)):
        value = annotations.get(pause, "false")
        if value not in {"true", "false"}:
            yield f'Annotation {pause} is {value!r}: write "true", or remove it'
    if ANNOTATION_PROBE_IMAGE in annotations and not chosen_probe_image(annotations):
        yield f"Annotation {ANNOTATION_PROBE_IMAGE} names no image: write one, write keep, or remove it"
    for name in annotations:
        prefix = next((one for one in _OF_GROUPS if name.startswith(one)), None)
        if prefix is None:
            if name.startswith(f"{GROUP}/pause-") and name not in _PAUSES:
                yield f"Annotation {name} pauses nothing: write one of {', '.join(_PAUSES)}"
        elif name.removeprefix(prefix) not in groups:
            yield (
                f"Annotation {name} names no worker group: write {prefix}GROUP with one of "
                f"{', '.join(sorted(groups))}"
            )
