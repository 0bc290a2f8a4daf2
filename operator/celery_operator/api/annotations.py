"""What a person asks for by annotating a CeleryDeployment, and what is wrong with how it was asked: pure."""

from collections.abc import Collection, Iterator, Mapping

from celery_operator.api.names import ANNOTATION_PAUSE_HEALING, ANNOTATION_RESTARTED_AT


def healing_is_paused(annotations: Mapping[str, str]) -> bool:
    """Whether no worker is to be restarted."""
    return annotations.get(ANNOTATION_PAUSE_HEALING) == "true"


def restart_annotations(annotations: Mapping[str, str], group: str | None) -> dict[str, str]:
    """What of them goes onto the pods of a group (None: of beat): a new value is a rollout."""
    wanted = {ANNOTATION_RESTARTED_AT, f"{ANNOTATION_RESTARTED_AT}.{group}"}
    return {name: value for name, value in annotations.items() if name in wanted and value}


def misunderstood(annotations: Mapping[str, str], groups: Collection[str]) -> Iterator[str]:
    """A sentence for each annotation of ours that asks for nothing, with what to write instead."""
    pause = annotations.get(ANNOTATION_PAUSE_HEALING, "false")
    if pause not in {"true", "false"}:
        yield f'Annotation {ANNOTATION_PAUSE_HEALING} is {pause!r}: write "true", or remove it'
    prefix = f"{ANNOTATION_RESTARTED_AT}."
    for name in annotations:
        if name.startswith(prefix) and name.removeprefix(prefix) not in groups:
            yield (
                f"Annotation {name} names no worker group: write {prefix}GROUP with one of "
                f"{', '.join(sorted(groups))}"
            )
