"""How far the clock of a worker is from the monitor's.

A message that arrives carries the sender's time. The difference to the time of receipt is the clock skew and
the time on the way together. The time on the way is short, but the monitor itself may lag for a while, so
one sample proves nothing: three heartbeats in a row must agree.
"""

from collections import deque

# Below this, clocks count as equal: NTP keeps them closer, and the time on the way is not known better.
SMALLEST_SKEW = 1.0
# A lag of the monitor appears as a worker whose clock is behind. Without other workers to compare with, this
# much counts as a lag.
_POSSIBLE_LAG = 5.0
_SAMPLES = 3
_AGREE_WITHIN = 1.0


class ClockSkew:
    """The skew of one sender: ``seconds`` is positive where its clock is ahead, and 0.0 where it is right."""

    __slots__ = ("_samples", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self._samples: deque[float] = deque(maxlen=_SAMPLES)

    def first_contact(self, timestamp: float, received: float) -> None:
        """Estimate from one event, which may have waited for seconds on its way."""
        ahead = timestamp - received
        if not -2 * _POSSIBLE_LAG < ahead < SMALLEST_SKEW:
            self.seconds = ahead

    def sample(self, timestamp: float, received: float, common_lag: float = 0.0) -> None:
        """Note a heartbeat. ``common_lag``: by how much the heartbeats of all workers are late."""
        self._samples.append(timestamp - received)
        if len(self._samples) < _SAMPLES:
            return
        ordered = sorted(self._samples)
        if ordered[-1] - ordered[0] > _AGREE_WITHIN:
            return
        estimate = ordered[_SAMPLES // 2] + common_lag
        if estimate < 0 and abs(estimate) < _POSSIBLE_LAG:
            estimate = 0.0
        if abs(estimate) < SMALLEST_SKEW:
            self.seconds = 0.0
        elif abs(estimate - self.seconds) > SMALLEST_SKEW / 2:
            self.seconds = estimate

    @property
    def latest_offset(self) -> float | None:
        """The last heartbeat's time minus the time of receipt, None before the first one."""
        return self._samples[-1] if self._samples else None
