"""What the reports of worker and beat have in common.

Times that end in ``_mono`` are seconds of CLOCK_MONOTONIC, which all containers of a pod share.
"""

import msgspec

from celery_health.wire.bounds import Count, Name, Seconds, Version


class ProcessReport(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of every report. ``written_at`` is ``written_mono`` as Unix time.

    ``memory_bytes`` is the resident memory of the main process. ``error_count`` counts the agent's own
    errors, and ``last_error`` is the kind and place of the last one.
    """

    version: Version
    agent_version: Name
    pid: Count
    celery_version: Name
    kombu_version: Name
    python_version: Name = ""
    written_mono: Seconds
    written_at: Seconds | None = None
    memory_bytes: Count | None = None
    error_count: Count = 0
    last_error: Name = ""

    @property
    def python(self) -> tuple[int, int] | None:
        """The major and minor number of the process's Python; None where the report does not have them."""
        try:
            major, minor, *_ = map(int, self.python_version.split("."))
        except ValueError:
            return None
        return major, minor
