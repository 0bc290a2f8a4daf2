"""The worker's evidence as the sidecar last saw it, kept in memory so that a probe touches no disk."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery_health.report import ReportError, WorkerReport, parse_document, report_from
from celery_health.urls import redact
from celery_health.worker import (
    DEFAULT_THRESHOLDS,
    ProcessState,
    WorkerThresholds,
    WorkerVerdict,
    judge_worker,
)
from celery_probe.sidecar.process import LockSighting, look_at_lock

REPORT_FILE = "report.json"
LOCK_FILE = "worker.lock"

# A report holds 100 active tasks at most, some 30 kB; whatever is far larger is not one.
_LARGEST_REPORT = 1_000_000


@dataclass(frozen=True, slots=True)
class ReadReport:
    """A report, as the JSON object that was written and as it was read."""

    document: dict[str, Any]
    report: WorkerReport


class Evidence:
    """Report and process state of the worker in this pod. ``clock`` gives seconds of CLOCK_MONOTONIC."""

    def __init__(
        self, directory: Path, clock: Callable[[], float], thresholds: WorkerThresholds = DEFAULT_THRESHOLDS
    ):
        self._thresholds = thresholds
        self._report_path = directory / REPORT_FILE
        self._lock_path = directory / LOCK_FILE
        self._clock = clock
        self._identity: tuple[int, int, int] | None = None
        self._read: ReadReport | None = None
        self._sighting: LockSighting | None = None
        self._observed_since = clock()
        self._running_since: float | None = None
        self.looked_mono = self._observed_since
        self.report_error = ""

    @property
    def process(self) -> ProcessState:
        """The state of the worker's main process at the last look."""
        return self._sighting.state if self._sighting else ProcessState.UNSEEN

    @property
    def current(self) -> ReadReport | None:
        """The last report, unless it is of a former process in the same container."""
        if self._read is None or self._running_since is None:
            return self._read
        return self._read if self._read.report.written_mono >= self._running_since else None

    def look(self) -> None:
        """Look at the lock and, where it changed, read the report. Never raises for what it finds."""
        self._note(look_at_lock(self._lock_path))
        self._read_report()
        self.looked_mono = self._clock()

    def judge(
        self,
        broker_answers_for: float | None,
        broker_reachable_for: float | None = None,
        jitter: float = 0.0,
    ) -> WorkerVerdict:
        """The verdict at this moment, from memory. The parameters are as in ``judge_worker``."""
        return judge_worker(
            self._read.report if self._read else None,
            self.process,
            self._clock(),
            observed_since=self._observed_since,
            running_since=self._running_since,
            broker_answers_for=broker_answers_for,
            broker_reachable_for=broker_reachable_for,
            jitter=jitter,
            thresholds=self._thresholds,
        )

    def _note(self, sighting: LockSighting) -> None:
        before = self._sighting
        self._sighting = sighting
        if before is None or sighting.state is not ProcessState.RUNNING or sighting == before:
            return
        # The process is new: at the look before it did not run, or another did.
        self._running_since = self._clock()

    def _read_report(self) -> None:
        try:
            found = self._report_path.stat()
            identity = (found.st_ino, found.st_mtime_ns, found.st_size)
            if identity == self._identity:
                return
            self._identity = identity
            self._read = self._parse()
        except FileNotFoundError:
            self._identity, self._read = None, None
        except (OSError, ReportError) as error:
            # An agent that writes nonsense is as good as none. It says nothing of the worker: an old report
            # left standing would grow stale and condemn it.
            self._read = None
            self.report_error = redact(str(error))
        else:
            self.report_error = ""

    def _parse(self) -> ReadReport:
        with self._report_path.open("rb") as file:
            document = parse_document(file.read(_LARGEST_REPORT))
        return ReadReport(document, report_from(document))
