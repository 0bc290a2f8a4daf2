"""What callers asked the monitor to do with tasks, as the database keeps it.

Times are Unix time in seconds.
"""

import msgspec


class RequestedCancel(msgspec.Struct, frozen=True, kw_only=True):
    """A cancel of one task, which is kept until the task has ended.

    ``terminate``: also end the process that runs the task, with ``signal``. ``sends``: how often workers were
    ordered to revoke the task, the last time at ``sent``. ``problem``: what a worker or the broker answered,
    as a sentence. ``outcome``: the state in which the task ended at ``ended``, or ``EXPIRED`` if the cancel
    was given up.
    """

    task_id: str
    at: float
    identity: str
    terminate: bool = True
    signal: str = "SIGTERM"
    sends: int = 0
    sent: float | None = None
    problem: str | None = None
    ended: float | None = None
    outcome: str | None = None


EXPIRED = "EXPIRED"
"""The outcome of a cancel that was given up: nothing was seen of the task for a long time."""


class RequestedRetry(msgspec.Struct, frozen=True, kw_only=True):
    """A task that was sent again. ``task_id`` is the new one, ``retry_of`` the original.

    ``sent``: when the broker took the message; None while that is not certain.
    """

    task_id: str
    retry_of: str
    at: float
    identity: str
    sent: float | None = None
