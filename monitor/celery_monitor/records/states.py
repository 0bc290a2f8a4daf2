"""The states of a task and their order."""

from types import MappingProxyType

from celery_health.survey.task.states import ENDED_STATES

PENDING = "PENDING"
RECEIVED = "RECEIVED"
STARTED = "STARTED"
SUCCESS = "SUCCESS"
FAILURE = "FAILURE"
RETRY = "RETRY"
REVOKED = "REVOKED"
REJECTED = "REJECTED"
# The monitor's own state: the worker that ran the task is gone, and the task has not been delivered again.
LOST = "LOST"
# The monitor's own state: the worker has ended the run, and no event of the end came.
UNREPORTED = "UNREPORTED"

CELERY_STATES = (PENDING, RECEIVED, STARTED, SUCCESS, FAILURE, RETRY, REVOKED, REJECTED)
FINAL_STATES = ENDED_STATES
# What the monitor concludes without an event of the end. Every event of the end replaces it.
CONCLUDED_STATES = frozenset({LOST, UNREPORTED})
# No worker is running the task, unless it has been delivered twice.
NOT_RUNNING = FINAL_STATES | CONCLUDED_STATES | {PENDING, RECEIVED, RETRY}

# celery.states.PRECEDENCE: the lower number is the later state. A custom state has the rank of None there.
_PRECEDENCE = MappingProxyType(
    {
        SUCCESS: 0,
        FAILURE: 1,
        REVOKED: 3,
        STARTED: 4,
        RECEIVED: 5,
        REJECTED: 6,
        RETRY: 7,
        PENDING: 8,
    }
)
_CUSTOM_PRECEDENCE = 2


def precedence(state: str) -> int:
    """The rank of a state in Celery's order: of two states at one moment the lower rank is the later."""
    return _PRECEDENCE.get(state, _CUSTOM_PRECEDENCE)
