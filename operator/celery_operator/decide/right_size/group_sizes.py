"""For each group: the usage that the status shows, the right size, and what to change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from celery_health.catalogue.sizing import SizeReason
from celery_health.verdicts.text import counted
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.spec import WorkerGroup
from celery_operator.api.workers.usage import ResourceUsage, RightSize
from celery_operator.decide.right_size.present import LIMITS, REQUESTS, PresentSize, patch
from celery_operator.decide.right_size.size import Size, SizeChange, change_of, right_size
from celery_operator.snapshot import Snapshot
from celery_operator.usage.history import UsageSummary, summary, to_write
from celery_operator.usage.quantities import cpu_text, memory_text

_HOUR, _DAY = 3600, 86_400


@dataclass(frozen=True, slots=True)
class GroupSize:
    """``usage`` is None before the first sample, ``right`` before there are samples of one day. ``verdict``
    is None where the present size is right.
    """

    usage: ResourceUsage | None
    right: RightSize | None = None
    verdict: Verdict | None = None


def group_sizes(snapshot: Snapshot) -> Mapping[str, GroupSize]:
    """By group. The usage that is written decides, so that no sentence changes each minute."""
    written = {group.name: group.usage for group in snapshot.previous.workers}
    return {
        group.name: _size(group, to_write(written.get(group.name), snapshot.usages.get(group.name)), snapshot)
        for group in snapshot.spec.workers
    }


def _size(group: WorkerGroup, usage: ResourceUsage | None, snapshot: Snapshot) -> GroupSize:
    present = PresentSize.of(group)
    used = summary(usage) if usage is not None else None
    size = right_size(group, used, present) if used is not None else None
    if used is None or size is None:
        return GroupSize(usage)
    change = change_of(size, present)
    verdict = _verdict(group, used, present, change, snapshot) if change else None
    return GroupSize(usage, _in_words(group, used, size), verdict)


def _in_words(group: WorkerGroup, used: UsageSummary, size: Size) -> RightSize:
    return RightSize(
        memory_request=memory_text(size.memory_request),
        memory_limit=memory_text(size.memory_limit),
        cpu_request=None if size.cpu_request is None else cpu_text(size.cpu_request),
        concurrency=size.concurrency,
        evidence=Verdict(SizeReason.SIZE_DIFFERS, (group.name,), _evidence(used)).message,
    )


def _verdict(
    group: WorkerGroup, used: UsageSummary, present: PresentSize, change: SizeChange, snapshot: Snapshot
) -> Verdict:
    fields = "; ".join((*_fields(present, change), *_concurrency_field(present, change)))
    resources = {
        (kind, resource): text
        for kind, resource, text in (
            (REQUESTS, "memory", _memory(change.memory_request)),
            (LIMITS, "memory", _memory(change.memory_limit)),
            (REQUESTS, "cpu", None if change.cpu_request is None else cpu_text(change.cpu_request)),
        )
        if text is not None
    }
    facts = {
        **_evidence(used),
        "fields": fields,
        "patch": patch(snapshot.spec, group.name, resources, change.concurrency),
    }
    variant = "in_template" if present.in_template and resources else ""
    return Verdict(SizeReason.SIZE_DIFFERS, (group.name,), facts, variant)


def _memory(size: int | None) -> str | None:
    return None if size is None else memory_text(size)


def _evidence(used: UsageSummary) -> dict[str, str]:
    cpu = "" if used.millicores is None else f" and {cpu_text(used.millicores)} of CPU (p95)"
    share = round(100 * used.busy_minutes / used.minutes) if used.minutes else 0
    return {
        "workers": counted(used.workers, "worker"),
        "span": _span(used.span.total_seconds()),
        "use": f"{memory_text(used.memory_peak)} of memory (p95 {memory_text(used.memory)}){cpu}",
        "busy": f" {share}% of the time all slots were busy." if share else "",
    }


def _span(seconds: float) -> str:
    days = int(seconds / _DAY)
    return counted(days, "day") if days else counted(int(seconds / _HOUR), "hour")


def _fields(present: PresentSize, change: SizeChange) -> Iterator[str]:
    for name, now, new, text in (
        ("requests.memory", present.memory_request, change.memory_request, memory_text),
        ("limits.memory", present.memory_limit, change.memory_limit, memory_text),
        ("requests.cpu", present.cpu_request, change.cpu_request, cpu_text),
    ):
        if new is not None:
            yield f"{name} {text(new)} (now {'unset' if now is None else text(now)})"


def _concurrency_field(present: PresentSize, change: SizeChange) -> Iterator[str]:
    if change.concurrency is not None:
        yield f"concurrency {change.concurrency} (now {present.concurrency})"
