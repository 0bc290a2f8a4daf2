"""The runs of tasks as their ledger has them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_OUTCOMES = {"succeeded": "SUCCESS", "failed": "FAILURE", "retried": "RETRY"}
# A worker that is killed takes the events with it that it has not sent. On a busy machine, its main process
# reads what its pool has done some seconds later.
_UNSENT_SECONDS = 10.0


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


def executions_of(lines: Iterable[Mapping[str, Any]]) -> dict[str, list[Execution]]:
    """The runs of each task, in order."""
    found: dict[str, list[Execution]] = {}
    for line in lines:
        runs = found.setdefault(line["task"], [])
        if line["event"] == "started":
            runs.append(Execution(line["worker"], line["time"]))
            continue
        # An earlier run on the same worker was cut off when the worker was killed.
        own = (run for run in reversed(runs) if run.worker == line["worker"] and run.ended is None)
        run = next(own, None)
        if run is not None:
            run.outcome, run.ended = _OUTCOMES[line["event"]], line["time"]
    return found
