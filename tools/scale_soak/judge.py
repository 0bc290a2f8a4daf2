"""What became of every task, from the ledger that the tasks write themselves: pure.

No fault was made, so there are no excuses: a task runs once, and to its end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.soak.judge import Line

EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of tasks. ``lost``: no run of it ended. ``killed``: a run of it began and never ended.
    ``repeated``: it began more than once, though it was sent once.
    """

    sent: int
    lost: int
    killed: int
    repeated: int
    examples: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Every task ran once and to its end."""
        return not (self.lost or self.killed or self.repeated)


def judge(lines: Iterable[Line]) -> Outcome:
    """Count. While tasks still wait or run they count as lost and killed: judge what has come to rest."""
    tasks: dict[str, list[Line]] = {}
    for line in lines:
        tasks.setdefault(line.task, []).append(line)
    wrong = {task: words for task, history in tasks.items() if (words := _wrongs(history))}
    examples = [f"{task}: {' and '.join(words)}: {_story(tasks[task])}" for task, words in wrong.items()]
    count = {word: sum(word in words for words in wrong.values()) for word in ("lost", "killed", "repeated")}
    return Outcome(sent=len(tasks), examples=tuple(examples[:EXAMPLES]), **count)


def last_end(lines: Iterable[Line]) -> float:
    """When the last task ended (Unix time in seconds)."""
    return max(line.time for line in lines if line.event == "ended")


def first_idle(lines: Sequence[Line]) -> float:
    """When nothing waited any more and a worker had ended its last task (Unix time in seconds)."""
    last_begin = max(line.time for line in lines if line.event == "started")
    ends: dict[str, float] = {}
    for line in lines:
        if line.event == "ended":
            ends[line.worker] = max(line.time, ends.get(line.worker, 0.0))
    return max(last_begin, min(ends.values()))


def _wrongs(history: list[Line]) -> list[str]:
    events = [line.event for line in history]
    starts, ends = events.count("started"), events.count("ended")
    found = {"lost": not ends, "killed": starts > ends, "repeated": starts > 1 and "resent" not in events}
    return [word for word, so in found.items() if so]


def _story(history: list[Line]) -> str:
    ordered = sorted(history, key=lambda line: line.time)
    begin = ordered[0].time
    return ", ".join(f"{line.event} +{line.time - begin:.1f} s {line.worker}" for line in ordered)
