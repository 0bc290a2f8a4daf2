"""When a process that is not live is ended. Pure."""

from dataclasses import dataclass

# Twice what a pod's liveness probe waits: nothing but this ends the process here.
NOT_LIVE_SECONDS = 30.0


@dataclass(slots=True)
class Liveness:
    """For how long the process has not been live."""

    failing_since: float | None = None

    def is_over(self, *, live: bool, now: float) -> bool:
        """Whether the process has to end, because it has not been live for ``NOT_LIVE_SECONDS``."""
        if live:
            self.failing_since = None
            return False
        if self.failing_since is None:
            self.failing_since = now
        return now - self.failing_since >= NOT_LIVE_SECONDS
