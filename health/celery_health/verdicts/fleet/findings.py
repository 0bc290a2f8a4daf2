"""What a fleet verdict says: one finding for each thing that is wrong."""

from dataclasses import dataclass
from enum import StrEnum


class FindingReason(StrEnum):
    """The word for programs. docs/verdicts.md lists them."""

    WORKER_STALLED = "WorkerStalled"
    """Messages wait, the worker has free slots and takes none: its connection is dead or its loop is lost."""
    HUNG_TASK = "HungTask"
    """A task runs for longer than its limit."""
    HOARDING = "Hoarding"
    """A worker holds far more messages than it works on: ETA or rate-limited tasks fill it."""
    NOBODY_READS = "NobodyReads"
    """Messages wait in a queue that no worker reads."""
    ORPHANED_MESSAGES = "OrphanedMessages"
    """Messages were handed out to workers that no longer hold them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``message`` says what is wrong, ``remedy`` what to do; ``subjects`` names the workers or queues."""

    reason: FindingReason
    message: str
    remedy: str
    subjects: tuple[str, ...]
