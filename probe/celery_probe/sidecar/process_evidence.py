"""What the lock and the report file tell of the process in this pod, kept so that a probe touches no disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from celery_health.urls import redact
from celery_health.verdicts.worker import ProcessState
from celery_health.wire.json_fields import ReportError, parse_document
from celery_probe.sidecar.process import LockSighting, look_at_lock

LOCK_FILE = "worker.lock"


class Dated(Protocol):
    """A report that says when it was written."""

    @property
    def written_mono(self) -> float:
        """The moment, in seconds of CLOCK_MONOTONIC."""


R = TypeVar("R", bound=Dated)


@dataclass(frozen=True, slots=True)
class ReportFile(Generic[R]):
    """Where a report lies and how it is read. Whatever is longer than ``largest`` bytes is none.

    ``read`` makes the report of a JSON object, and raises ReportError where it is none.
    """

    path: Path
    largest: int
    read: Callable[[Mapping[str, Any]], R]


@dataclass(frozen=True, slots=True)
class ReadReport(Generic[R]):
    """A report, as the JSON object that was written and as it was read."""

    document: dict[str, Any]
    report: R


class ProcessEvidence(Generic[R]):
    """The last report and the state of the process. ``clock`` gives seconds of CLOCK_MONOTONIC."""

    def __init__(self, file: ReportFile[R], clock: Callable[[], float]):
        self._file = file
        self._lock_path = file.path.with_name(LOCK_FILE)
        self._clock = clock
        self._identity: tuple[int, int, int] | None = None
        self._read: ReadReport[R] | None = None
        self._sighting: LockSighting | None = None
        self._observed_since = clock()
        self._running_since: float | None = None
        self.looked_mono = self._observed_since
        self.report_error = ""

    @property
    def process(self) -> ProcessState:
        """The state of the main process at the last look."""
        return self._sighting.state if self._sighting else ProcessState.UNSEEN

    @property
    def current(self) -> ReadReport[R] | None:
        """The last report, unless it is of a former process in the same container."""
        if self._read is None or self._running_since is None:
            return self._read
        return self._read if self._read.report.written_mono >= self._running_since else None

    def look(self) -> None:
        """Look at the lock and, where it changed, read the report. Never raises for what it finds."""
        self._note(look_at_lock(self._lock_path))
        self._read_report()
        self.looked_mono = self._clock()

    def _note(self, sighting: LockSighting) -> None:
        before = self._sighting
        self._sighting = sighting
        if before is None or sighting.state is not ProcessState.RUNNING or sighting == before:
            return
        # The process is new: at the look before it did not run, or another did.
        self._running_since = self._clock()

    def _read_report(self) -> None:
        try:
            found = self._file.path.stat()
            identity = (found.st_ino, found.st_mtime_ns, found.st_size)
            if identity == self._identity:
                return
            self._identity = identity
            self._read = self._parse()
        except FileNotFoundError:
            self._identity, self._read = None, None
        except (OSError, ReportError) as error:
            # An agent that writes nonsense is as good as none. It says nothing of the process: an old report
            # left standing would grow stale and condemn it.
            self._read = None
            self.report_error = redact(str(error))
        else:
            self.report_error = ""

    def _parse(self) -> ReadReport[R]:
        with self._file.path.open("rb") as file:
            document = parse_document(file.read(self._file.largest))
        return ReadReport(document, self._file.read(document))
