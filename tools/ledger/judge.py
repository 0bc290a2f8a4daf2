"""Compares what the tasks wrote with what the monitor shows. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.ledger.plan import Sent

STATES = {"fail": "FAILURE", "revoke": "REVOKED", "exceed_limit": "FAILURE"}
"""The states in which the kinds of tasks end; all others succeed."""

_OUTCOMES = {"succeeded": "SUCCESS", "failed": "FAILURE", "retried": "RETRY"}
# A worker that is killed takes the events with it that it has not sent.
_UNSENT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Kill:
    """A worker was killed, at this Unix time."""

    worker: str
    at: float


@dataclass(slots=True)
class Execution:
    """One run by the ledger. ``outcome`` is None if the task wrote no end."""

    worker: str
    started: float
    outcome: str | None = None
    ended: float | None = None

    def is_cut(self, kills: Iterable[Kill]) -> bool:
        """Whether it was running, or its events were not yet sent, when its worker was killed."""
        return any(
            kill.worker == self.worker
            and self.started <= kill.at
            and (self.ended is None or self.ended >= kill.at - _UNSENT_SECONDS)
            for kill in kills
        )


@dataclass
class Result:
    """What the comparison found.

    ``differences``: sentences about tasks whose history is wrong. ``reported``: those where the monitor
    itself says that it missed events of a worker of the task.
    """

    tasks: int = 0
    runs: int = 0
    run_twice: int = 0
    differences: list[str] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)


def executions_of(lines: Iterable[Mapping[str, Any]]) -> dict[str, list[Execution]]:
    """The runs of each task, in order."""
    found: dict[str, list[Execution]] = {}
    for line in lines:
        runs = found.setdefault(line["task"], [])
        if line["event"] == "started":
            runs.append(Execution(line["worker"], line["time"]))
            continue
        run = next((run for run in runs if run.worker == line["worker"] and run.ended is None), None)
        if run is not None:
            run.outcome, run.ended = _OUTCOMES[line["event"]], line["time"]
    return found


def judge(
    sent: Sequence[Sent],
    lines: Iterable[Mapping[str, Any]],
    history: Mapping[str, Mapping[str, Any]],
    missed: Mapping[str, int],
    kills: Sequence[Kill] = (),
) -> Result:
    """``history``: the tasks of the API by id. ``missed``: missed events by worker, as the API shows them."""
    executions = executions_of(lines)
    result = Result(tasks=len(sent))
    for one in sent:
        shown = history.get(one.task)
        runs = executions.get(one.task, [])
        result.runs += len(runs)
        for sentence in _differences(one, runs, shown, kills):
            workers = {run.worker for run in runs} | {run["worker"] for run in (shown or {}).get("runs", [])}
            is_reported = any(missed.get(worker, 0) > 0 for worker in workers)
            (result.reported if is_reported else result.differences).append(sentence)
        if shown is not None and shown["run_twice"]:
            result.run_twice += 1
    return result


def _differences(
    one: Sent, runs: Sequence[Execution], shown: Mapping[str, Any] | None, kills: Sequence[Kill]
) -> Iterable[str]:
    if shown is None:
        yield f"{one.kind} {one.task} is not in the history"
        return
    expected = {STATES.get(one.kind, "SUCCESS")}
    if one.kind == "exceed_limit" and any(run.is_cut(kills) for run in runs):
        expected.add("LOST")  # it is acknowledged early, so it is not delivered again
    if shown["state"] not in expected:
        yield f"{one.kind} {one.task} is {shown['state']}, not {' or '.join(sorted(expected))}"
    if not _agree(one, runs, shown, kills):
        wrote = [(run.worker, run.outcome) for run in runs]
        has = [(run["worker"], run["outcome"]) for run in shown["runs"] if run["started"] is not None]
        yield f"{one.kind} {one.task} ran on {wrote}, and the history has {has}"


def _agree(one: Sent, runs: Sequence[Execution], shown: Mapping[str, Any], kills: Sequence[Kill]) -> bool:
    """Whether each run has its outcome, and the history has no other runs."""
    has = [(run["worker"], run["outcome"]) for run in shown["runs"] if run["started"] is not None]
    for run in sorted(runs, key=lambda run: run.is_cut(kills)):
        cut = run.is_cut(kills)
        outcome = "FAILURE" if run.outcome is None and one.kind == "exceed_limit" else run.outcome
        allowed = {outcome, "LOST", None} if cut else {outcome}
        found = next((seen for seen in has if seen[0] == run.worker and seen[1] in allowed), None)
        if found is not None:
            has.remove(found)
        elif not cut:
            return False
    return not has
