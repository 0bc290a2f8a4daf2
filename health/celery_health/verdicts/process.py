"""What the verdicts on a worker and on beat have in common: a process, and a report that may be missing."""

from dataclasses import dataclass

from celery_health.catalogue import processes
from celery_health.catalogue.entry import Entry
from celery_health.verdicts.current_report import R, current_report, waited_for
from celery_health.wire.answers import ProcessState


@dataclass(frozen=True, slots=True)
class Program:
    """Which program the process runs, and what it is called."""

    name: str
    """As the subject of a sentence: ``the worker``, ``beat``."""
    command: str
    """The command of ``celery`` that starts it."""
    silent: Entry
    """The reason of a process that certainly runs and no longer writes its report."""

    def says(self, entry: Entry, case: str, **facts: str) -> str:
        """A sentence of the catalogue about this program."""
        start = self.name[0].upper() + self.name[1:]
        return entry.sentence(case, process=self.name, Process=start, command=self.command, **facts)


@dataclass(frozen=True, slots=True)
class WithoutReport:
    """A verdict on a process whose report is missing or stale. The last three are the probe answers."""

    entry: Entry
    message: str
    started: bool
    live: bool
    ready: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """What the sidecar knows besides the report. All times are seconds of CLOCK_MONOTONIC.

    ``since``: when the sidecar began to observe. ``running_since``: when the sidecar first saw the process
    that runs now, None if it was already running then. ``report_error``: why the report cannot be read, as a
    sentence; empty if it can, or if there is none.
    """

    process: ProcessState
    now: float
    since: float
    running_since: float | None = None
    report_error: str = ""


def fresh_report(
    report: R | None,
    observed: Observed,
    program: Program,
    *,
    stale_after: float,
    agent_grace: float,
    loading: bool,
) -> R | WithoutReport:
    """The report if a verdict can depend on it, and otherwise the verdict.

    ``stale_after`` and ``agent_grace`` are seconds. ``loading``: by the report, the process had not loaded
    its application yet.
    """
    report = current_report(report, observed.running_since)
    if observed.process is ProcessState.ENDED:
        return _down(processes.ENDED, program.says(processes.ENDED, "ended"))
    if report is None:
        waited = waited_for(observed.now, observed.since, observed.running_since)
        return _without(program, observed, within_grace=waited < agent_grace)
    age = max(0.0, observed.now - report.written_mono)
    return report if age <= stale_after else _silent(program, observed, age, loading=loading)


def _without(program: Program, observed: Observed, *, within_grace: bool) -> WithoutReport:
    """A process that has had its time to start passes every probe: a restart would bring no report."""
    if within_grace:
        message = observed.report_error or program.says(processes.STARTING, "no_report")
        return _down(processes.STARTING, message)
    if observed.report_error:
        return _up(processes.REPORT_UNREADABLE, observed.report_error)
    case = "no_report" if observed.process is ProcessState.RUNNING else "no_agent"
    return _up(processes.AGENT_ABSENT, program.says(processes.AGENT_ABSENT, case))


def _silent(program: Program, observed: Observed, age: float, *, loading: bool) -> WithoutReport:
    """Even the agent's own thread no longer writes."""
    facts = {"age": f"{age:.0f}"}
    if observed.process is not ProcessState.RUNNING:
        return _down(processes.ENDED, program.says(processes.ENDED, "no_process", **facts))
    message = program.says(program.silent, "silent", **facts)
    return WithoutReport(program.silent, message, started=not loading, live=False, ready=False)


def _down(entry: Entry, message: str) -> WithoutReport:
    return WithoutReport(entry, message, started=False, live=True, ready=False)


def _up(entry: Entry, message: str) -> WithoutReport:
    return WithoutReport(entry, message, started=True, live=True, ready=True)
