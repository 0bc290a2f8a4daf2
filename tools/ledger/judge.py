"""Compares what the tasks wrote with what the monitor shows. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.ledger.plan import Sent

STATES = {"fail": "FAILURE", "revoke": "REVOKED", "exceed_limit": "FAILURE"}
"""The states in which the kinds of tasks end; all others succeed."""


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


def starts_of(lines: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The workers on which each task started, in order."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line["event"] == "started":
            found.setdefault(line["task"], []).append(line["worker"])
    return found


def judge(
    sent: Sequence[Sent],
    lines: Iterable[Mapping[str, Any]],
    history: Mapping[str, Mapping[str, Any]],
    missed: Mapping[str, int],
) -> Result:
    """``history``: the tasks of the API by id. ``missed``: missed events by worker, as the API shows them."""
    starts = starts_of(lines)
    result = Result(tasks=len(sent))
    for one in sent:
        shown = history.get(one.task)
        started = starts.get(one.task, [])
        result.runs += len(started)
        for sentence in _differences(one, started, shown):
            workers = {*started, *(run["worker"] for run in (shown or {}).get("runs", []))}
            is_reported = any(missed.get(worker, 0) > 0 for worker in workers)
            (result.reported if is_reported else result.differences).append(sentence)
        if shown is not None and shown["run_twice"]:
            result.run_twice += 1
    return result


def _differences(one: Sent, started: Sequence[str], shown: Mapping[str, Any] | None) -> Iterable[str]:
    if shown is None:
        yield f"{one.kind} {one.task} is not in the history"
        return
    expected = STATES.get(one.kind, "SUCCESS")
    if shown["state"] != expected:
        yield f"{one.kind} {one.task} is {shown['state']}, not {expected}"
    runs = [run["worker"] for run in shown["runs"] if run["started"] is not None]
    if sorted(runs) != sorted(started):
        yield f"{one.kind} {one.task} ran on {started}, and the history has {runs}"
