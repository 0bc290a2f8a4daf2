"""Beat's evidence as the sidecar last saw it, kept in memory so that a probe touches no disk."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery_health.beat import (
    DEFAULT_BEAT_THRESHOLDS,
    BeatReport,
    BeatThresholds,
    BeatVerdict,
    BrokerSight,
    beat_report_from,
    judge_beat,
)
from celery_health.report import ReportError, parse_document
from celery_health.urls import redact
from celery_health.worker import ProcessState
from celery_probe.sidecar.evidence import LOCK_FILE
from celery_probe.sidecar.process import LockSighting, look_at_lock

BEAT_REPORT_FILE = "beat.json"

# A report of beat is below 2 kB; whatever is far larger is not one.
_LARGEST_REPORT = 100_000


@dataclass(frozen=True, slots=True)
class ReadBeatReport:
    """A report, as the JSON object that was written and as it was read."""

    document: dict[str, Any]
    report: BeatReport


class BeatEvidence:
    """Report and process state of the beat in this pod. ``clock`` gives seconds of CLOCK_MONOTONIC."""

    def __init__(
        self,
        directory: Path,
        clock: Callable[[], float],
        thresholds: BeatThresholds = DEFAULT_BEAT_THRESHOLDS,
    ):
        self._report_path = directory / BEAT_REPORT_FILE
        self._lock_path = directory / LOCK_FILE
        self._clock = clock
        self._thresholds = thresholds
        self._identity: tuple[int, int, int] | None = None
        self._read: ReadBeatReport | None = None
        self._sighting: LockSighting | None = None
        self._observed_since = clock()
        self._running_since: float | None = None
        self.looked_mono = self._observed_since
        self.report_error = ""

    @property
    def process(self) -> ProcessState:
        """The state of beat's process at the last look."""
        return self._sighting.state if self._sighting else ProcessState.UNSEEN

    @property
    def current(self) -> ReadBeatReport | None:
        """The last report, unless it is of a former process in the same container."""
        if self._read is None or self._running_since is None:
            return self._read
        return self._read if self._read.report.written_mono >= self._running_since else None

    def look(self) -> None:
        """Look at the lock and, where it changed, read the report. Never raises for what it finds."""
        before, self._sighting = self._sighting, look_at_lock(self._lock_path)
        if before and self._sighting.state is ProcessState.RUNNING and self._sighting != before:
            # The process is new: at the look before it did not run, or another did.
            self._running_since = self._clock()
        self._read_report()
        self.looked_mono = self._clock()

    def judge(self, broker: BrokerSight) -> BeatVerdict:
        """The verdict at this moment, from memory."""
        return judge_beat(
            self._read.report if self._read else None,
            self.process,
            self._clock(),
            observed_since=self._observed_since,
            running_since=self._running_since,
            broker=broker,
            thresholds=self._thresholds,
        )

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
            # An agent that writes nonsense is as good as none: an old report would condemn beat as it ages.
            self._read = None
            self.report_error = redact(str(error))
        else:
            self.report_error = ""

    def _parse(self) -> ReadBeatReport:
        with self._report_path.open("rb") as file:
            document = parse_document(file.read(_LARGEST_REPORT))
        return ReadBeatReport(document, beat_report_from(document))
