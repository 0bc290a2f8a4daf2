"""What became of every task, held against what its acknowledgement mode promises: pure.

Late: never lost; run again only after its worker or the broker met a fault. Early: lost only on a worker that
met a fault just then; run again only if the broker could not take the acknowledgement. On Redis either is
lost in one more way, which no setting closes: kombu pops a message first and notes it as unacknowledged after
that, so one that is on its way when the worker or the server dies is in neither place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import pairwise

WORKER_AFTERMATH_SECONDS = 60.0
"""A stopped worker's children still begin what they were handed, and are killed only later."""

BROKER_AFTERMATH_SECONDS = 30.0
"""A message taken before the broker's fault may begin after it, and then cannot be acknowledged."""

POP_SECONDS = 2.0
"""A fault may catch a message that left its queue so shortly before or after it between pop and note."""

_Span = tuple[float, float]

COUNTED = (
    "late",
    "early",
    "lost_late",
    "popped",
    "lost_explained",
    "lost_unexplained",
    "explained",
    "unexplained",
)


class Hit(StrEnum):
    """What a fault strikes."""

    WORKER = "worker"
    BROKER = "broker"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``target`` is the pod. It struck between ``at`` and ``until`` (Unix time in seconds)."""

    name: str
    hit: Hit
    target: str
    at: float
    until: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger; ``worker`` is the worker's host name, GROUP@POD, or the queue of a send."""

    task: str
    event: str
    worker: str
    time: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of tasks. ``explained``: what the acknowledgement mode allows after a fault that was made."""

    sent_late: int
    sent_early: int
    lost_late: int
    lost_in_the_pop: int
    lost_early_explained: int
    lost_early_unexplained: int
    doubled_explained: int
    doubled_unexplained: int
    examples: tuple[str, ...]

    @property
    def kept_promises(self) -> bool:
        """Nothing was lost or doubled beyond what is promised."""
        return not (self.lost_late or self.lost_early_unexplained or self.doubled_unexplained)


def judge(lines: Iterable[Line], faults: Iterable[Fault]) -> Outcome:
    """Hold the ledger of a run that has come to rest against the faults that were made."""
    made = tuple(faults)
    tasks: dict[str, list[Line]] = {}
    for line in lines:
        tasks.setdefault(line.task, []).append(line)
    counts = dict.fromkeys(COUNTED, 0)
    examples: list[str] = []
    for history in tasks.values():
        history.sort(key=lambda line: line.time)
    pops = _pops(tasks)
    for task, history in tasks.items():
        word = _of_task(history, pops[task], made, counts)
        if word:
            examples.append(f"{task}: {word}: {_story(history)}")
    return Outcome(
        sent_late=counts["late"],
        sent_early=counts["early"],
        lost_late=counts["lost_late"],
        lost_in_the_pop=counts["popped"],
        lost_early_explained=counts["lost_explained"],
        lost_early_unexplained=counts["lost_unexplained"],
        doubled_explained=counts["explained"],
        doubled_unexplained=counts["unexplained"],
        examples=tuple(examples[:20]),
    )


def _pops(tasks: Mapping[str, list[Line]]) -> dict[str, _Span]:
    """When each task left its queue: between those that were sent before it and after it."""
    queues: dict[str, list[tuple[str, float, float | None]]] = {}
    for task, history in sorted(tasks.items(), key=lambda item: item[1][0].time):
        received = next((line.time for line in history if line.event == "received"), None)
        queues.setdefault(history[0].worker, []).append((task, history[0].time, received))
    pops: dict[str, _Span] = {}
    for queue in queues.values():
        befores = _last_known([received for _, _, received in queue])
        afters = reversed(_last_known([received for _, _, received in reversed(queue)]))
        for (task, sent, _), *around in zip(queue, befores, afters, strict=True):
            known = [max(sent, time) for time in around if time is not None]
            pops[task] = (min(known, default=sent), max(known, default=sent))
    return pops


def _last_known(times: Iterable[float | None]) -> list[float | None]:
    """Each time, or the one before it that is known."""
    known: list[float | None] = []
    for time in times:
        known.append(known[-1] if time is None and known else time)
    return known


def _of_task(history: list[Line], pop: _Span, faults: tuple[Fault, ...], counts: dict[str, int]) -> str:
    """Count one task; a word where a promise was broken."""
    events = [line.event for line in history]
    mode = "early" if "sent-early" in events else "late"
    counts[mode] += 1
    starts = [line for line in history if line.event == "started"]
    if "ended" not in events:
        return _lost(mode, history, pop, faults, counts)
    if len(starts) < 2:
        return ""
    runs = pairwise(starts)
    if "resent" in events or all(_may_run_again(first, again, faults) for first, again in runs):
        counts["explained"] += 1
        return ""
    counts["unexplained"] += 1
    return "run again without a fault that explains it"


def _lost(
    mode: str, history: list[Line], pop: _Span, faults: tuple[Fault, ...], counts: dict[str, int]
) -> str:
    sent, starts = history[0], [line for line in history if line.event == "started"]
    received = any(line.event in {"received", "started"} for line in history)
    if not received and _struck_in(pop, faults):
        counts["popped"] += 1
        return ""
    if mode == "late":
        counts["lost_late"] += 1
        return "lost though acknowledged late"
    # Acknowledged, and its worker killed before the task could write its first line.
    struck = _struck(starts[-1], faults) if starts else _some_worker_struck(sent, faults)
    counts["lost_explained" if struck else "lost_unexplained"] += 1
    return "" if struck else "lost without a fault that explains it"


def _may_run_again(first: Line, again: Line, faults: tuple[Fault, ...]) -> bool:
    """Whether between the two runs the worker of the first, or the broker, met a fault."""
    for fault in faults:
        if fault.at > again.time:
            continue
        if fault.hit is Hit.BROKER and fault.at > first.time - BROKER_AFTERMATH_SECONDS:
            return True
        if _is_of(fault, first.worker) and fault.at > first.time - WORKER_AFTERMATH_SECONDS:
            return True
    return False


def _struck(start: Line, faults: tuple[Fault, ...]) -> bool:
    return any(
        _is_of(fault, start.worker) and abs(fault.at - start.time) < WORKER_AFTERMATH_SECONDS
        for fault in faults
    )


def _some_worker_struck(sent: Line, faults: tuple[Fault, ...]) -> bool:
    return any(
        fault.hit is Hit.WORKER and 0 <= fault.at - sent.time < WORKER_AFTERMATH_SECONDS for fault in faults
    )


def _struck_in(pop: _Span, faults: tuple[Fault, ...]) -> bool:
    first, last = pop
    return any(
        fault.hit is not Hit.OPERATOR and fault.at - POP_SECONDS < last and first < fault.until + POP_SECONDS
        for fault in faults
    )


def _is_of(fault: Fault, worker: str) -> bool:
    return fault.hit is Hit.WORKER and worker.endswith(f"@{fault.target}")


def _story(history: Iterable[Line]) -> str:
    return ", ".join(f"{line.event} {line.time:.1f} {line.worker}" for line in history)


def counts_of(outcome: Outcome) -> Mapping[str, int]:
    """The numbers by name, for a table."""
    return {name: number for name, number in asdict(outcome).items() if name != "examples"}
