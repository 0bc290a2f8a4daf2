"""Compares what the tasks wrote with what a monitor shows. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from tools.ledger.executions import Execution, Kill, executions_of
from tools.ledger.plan import LIMITED, Sent

# The events that a worker has not sent are lost with it, so the task is in the state before them. A run that
# is known to have begun is LOST, or UNREPORTED if the last heartbeat already showed its end.
_CONCLUDED = frozenset({"LOST", "UNREPORTED"})
_CUT_STATES = _CONCLUDED | {"PENDING", "RECEIVED"}
_RAN_OUTCOMES = frozenset({"SUCCESS", "FAILURE", "RETRY"})
_CUT_OUTCOMES = _CONCLUDED | {None}
MOST_GROWN_BYTES = 15_000_000
"""Of the tasks that came meanwhile, the monitor keeps a few kilobytes each."""
# Clocks and times on the way: below this, the order of two runs is not certain.
_SAME_TIME_SECONDS = 2.0


@dataclass
class Result:
    """What the comparison found.

    ``differences``: sentences about tasks whose history is wrong. ``reported``: those that the monitor itself
    reports, with a missed event of a worker of the task for each. ``popped``: those whose message Redis had
    handed out to a worker that was killed or cut off in that moment: no worker ever got it, and the history
    says that the task waits, or is lost. ``forgotten``: those of which Celery itself does not know a run. A
    prefork worker that loses its connection drops what its pool has not reported yet, and the message comes
    again. ``grown``: by how many bytes the memory of the monitor grew during the outages of the broker.
    """

    tasks: int = 0
    runs: int = 0
    run_twice: int = 0
    missed: int = 0
    differences: list[str] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)
    popped: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    grown: int = 0

    @property
    def is_right(self) -> bool:
        """Whether the history has no difference, and the memory stayed flat."""
        return not self.differences and self.grown <= MOST_GROWN_BYTES


@dataclass(frozen=True, slots=True)
class Faults:
    """What was done to workers and broker, and so may be lost without notice.

    ``may_be_popped``: how many messages the broker may have lost as it handed them out. It has to be empty:
    otherwise a task may still wait there. ``may_be_forgotten``: how many runs the workers ``forgetful`` may
    not know. ``cut``: connections to the broker were cut, so a message may be lost with its task-sent.
    """

    kills: Sequence[Kill] = ()
    may_be_popped: int = 0
    may_be_forgotten: int = 0
    forgetful: Collection[str] = ()
    cut: bool = False


_NO_FAULTS = Faults()


def judge(
    sent: Sequence[Sent],
    lines: Iterable[Mapping[str, Any]],
    history: Mapping[str, Mapping[str, Any]],
    missed: Mapping[str, int],
    faults: Faults = _NO_FAULTS,
) -> Result:
    """``history``: the tasks of the API by id. ``missed``: missed events by worker, as the API shows them."""
    judged = _Judge(executions_of(lines), history, dict(missed), faults)
    for one in sent:
        judged.take(one)
    judged.explain()
    judged.result.missed = sum(missed.values())
    return judged.result


class _Judge:
    """Goes through the tasks and uses up what explains a difference: missed events, popped messages."""

    def __init__(
        self,
        executions: Mapping[str, Sequence[Execution]],
        history: Mapping[str, Mapping[str, Any]],
        missed: dict[str, int],
        faults: Faults,
    ) -> None:
        self.result = Result()
        self._executions = executions
        self._history = history
        self._missed = missed
        self._kills = faults.kills
        self._may_be_popped = faults.may_be_popped
        self._may_be_forgotten = faults.may_be_forgotten
        self._forgetful = faults.forgetful
        self._cut = faults.cut
        self._found: list[tuple[str, set[str]]] = []
        self._given: dict[str, list[tuple[str, set[str]]]] = {}

    def take(self, one: Sent) -> None:
        """Compare one task."""
        runs, shown = self._executions.get(one.task, ()), self._history.get(one.task)
        self.result.tasks += 1
        self.result.runs += len(runs)
        self.result.run_twice += shown is not None and shown["run_twice"]
        sentence = self._difference(one, runs, shown)
        if sentence is not None:
            self._found.append((sentence, _differing(one, runs, shown)))

    def explain(self) -> None:
        """Give as many differences as possible a missed event of one of their workers, each event once."""
        for found in self._found:
            to = self.result.reported if self._give(found, set()) else self.result.differences
            to.append(found[0])

    def _give(self, found: tuple[str, set[str]], tried: set[str]) -> bool:
        """Give this difference an event that is left, or one whose difference finds another one."""
        for worker in sorted(found[1]):
            if worker in tried:
                continue
            tried.add(worker)
            given = self._given.setdefault(worker, [])
            if len(given) < self._missed.get(worker, 0):
                given.append(found)
                return True
            for position, other in enumerate(given):
                if self._give(other, tried):
                    given[position] = found
                    return True
        return False

    def _difference(
        self, one: Sent, runs: Sequence[Execution], shown: Mapping[str, Any] | None
    ) -> str | None:
        if not runs and shown is None and self._was_never_sent(one):
            return None
        expected = self._expected(one, runs)
        if not expected or (one.kind == "revoke" and not runs and _waits(shown, self._kills)):
            return self._of_unfinished(one, runs, shown)
        if shown is None:
            return f"{one.kind} {one.task} is not in the history"
        if shown["state"] not in expected:
            return f"{one.kind} {one.task} is {shown['state']}, not {' or '.join(sorted(expected))}"
        agree = self._agree(one, runs, shown)
        if not agree and not self._was_forgotten(one, runs, shown):
            wrote = [(run.worker, run.outcome) for run in runs]
            has = [(run["worker"], run["outcome"]) for run in _ran(shown)]
            return f"{one.kind} {one.task} ran on {wrote}, and the history has {has}"
        return self._wrong_flag(one, runs, shown) if agree else None

    def _expected(self, one: Sent, runs: Sequence[Execution]) -> set[str]:
        """The states that are right; none if the task has not ended."""
        for outcome in ("SUCCESS", "FAILURE"):
            ended = [run for run in runs if _outcome(one, run) == outcome]
            if ended:
                return {outcome} | (_CUT_STATES if all(map(self._is_cut, ended)) else set())
        return {"REVOKED"} if one.kind == "revoke" and not runs else set()

    def _was_never_sent(self, one: Sent) -> bool:
        """Whether a task before it in its workflow has not come to its end."""
        before = [self._executions.get(task, ()) for task in one.after]
        return any(all(run.outcome != "SUCCESS" or self._is_cut(run) for run in runs) for runs in before)

    def _of_unfinished(
        self, one: Sent, runs: Sequence[Execution], shown: Mapping[str, Any] | None
    ) -> str | None:
        """The broker is empty and no worker has ended the task: a worker was killed with its message."""
        last = runs[-1] if runs else None
        if last is None:
            right, what = _waits(shown, self._kills) or (self._cut and shown is None), "never ran"
        elif last.outcome == "RETRY":
            right, what = shown is not None and shown["state"] in {"RETRY", "RECEIVED"}, "was not retried"
        else:
            right = shown is not None and shown["state"] in _CONCLUDED and self._is_cut(last)
            what = "was not delivered again"
        state = "not in the history" if shown is None else shown["state"]
        sentence = f"{one.kind} {one.task} {what}, and is {state}"
        if not right or self._may_be_popped <= 0:
            return sentence
        self._may_be_popped -= 1
        self.result.popped.append(sentence)
        return None

    def _agree(self, one: Sent, runs: Sequence[Execution], shown: Mapping[str, Any]) -> bool:
        """Whether each run has its outcome, and the history has no other runs."""
        has = [(run["worker"], run["outcome"]) for run in _ran(shown)]
        for run in sorted(runs, key=self._is_cut):
            cut = self._is_cut(run)
            allowed = {_outcome(one, run)} | (_CUT_OUTCOMES if cut else set())
            found = next((seen for seen in has if seen[0] == run.worker and seen[1] in allowed), None)
            if found is not None:
                has.remove(found)
            elif not cut:
                return False
        return all(self._was_not_written(worker, outcome) for worker, outcome in has)

    def _was_forgotten(self, one: Sent, runs: Sequence[Execution], shown: Mapping[str, Any]) -> bool:
        """Whether all is right but for runs that a worker does not know, and that came again."""
        doubtful = [run for run in runs if run.worker in self._forgetful]
        for count in range(1, min(len(doubtful), len(runs) - 1, self._may_be_forgotten) + 1):
            for forgotten in combinations(doubtful, count):
                if self._agree(one, [run for run in runs if run not in forgotten], shown):
                    self._may_be_forgotten -= count
                    workers = ", ".join(run.worker for run in forgotten)
                    self.result.forgotten.append(f"{one.kind} {one.task} has a run that {workers} forgot")
                    return True
        return False

    def _was_not_written(self, worker: str, outcome: str | None) -> bool:
        """A worker reports the start before the task writes it, and may be killed in between."""
        return outcome in _CONCLUDED and any(kill.worker == worker for kill in self._kills)

    def _wrong_flag(self, one: Sent, runs: Sequence[Execution], shown: Mapping[str, Any]) -> str | None:
        """Whether the history says of a task that ran again after a success that it ran twice."""
        known = [run for run in runs if not self._is_cut(run)]
        again = any(
            first.outcome == "SUCCESS" and second.started > (first.ended or 0.0) + _SAME_TIME_SECONDS
            for first in known
            for second in known
        )
        if again and not shown["run_twice"]:
            return f"{one.kind} {one.task} ran twice, and the history does not say so"
        if shown["run_twice"] and len(runs) < 2:
            return f"{one.kind} {one.task} ran once, and the history says twice"
        return None

    def _is_cut(self, run: Execution) -> bool:
        return run.is_cut(self._kills)


def _differing(one: Sent, runs: Sequence[Execution], shown: Mapping[str, Any] | None) -> set[str]:
    """The workers whose runs of the task differ, or all its workers where none differs."""
    has = [] if shown is None else shown["runs"]
    wrote = Counter((run.worker, _outcome(one, run)) for run in runs)
    seen = Counter((run["worker"], run["outcome"]) for run in has)
    return {worker for worker, _ in (wrote - seen) + (seen - wrote)} or {worker for worker, _ in wrote + seen}


def _outcome(one: Sent, run: Execution) -> str | None:
    """A task with a hard limit never writes its end."""
    return "FAILURE" if run.outcome is None and one.kind == LIMITED else run.outcome


def _waits(shown: Mapping[str, Any] | None, kills: Sequence[Kill]) -> bool:
    """Whether the history says that no worker has run it: it waits, or a worker that is gone had it."""
    if shown is None or _ran(shown):
        return False
    received = [run for run in shown["runs"] if run["received"] is not None]
    if not received:
        return bool(shown["state"] == "PENDING")
    return shown["state"] == "RECEIVED" and all(
        any(kill.worker == run["worker"] and kill.at >= run["received"] for kill in kills) for run in received
    )


def _ran(shown: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The runs that began. If the event of that is lost, the event of the end shows it."""
    return [run for run in shown["runs"] if run["started"] is not None or run["outcome"] in _RAN_OUTCOMES]
