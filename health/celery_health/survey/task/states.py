"""Which tasks can be cancelled or retried, by their state, and with which signals. Pure.

States of an application's own are those of a task that runs.
"""

from typing import Literal, get_args

Signal = Literal["SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGUSR1"]
"""What a cancel can send to the process that runs the task."""
SIGNALS: tuple[Signal, ...] = get_args(Signal)

SUCCESS = "SUCCESS"
ENDED_STATES = frozenset({SUCCESS, "FAILURE", "REVOKED", "REJECTED"})
# LOST is a state of the monitor: the task may still be delivered again, so it can be cancelled as well.
RETRYABLE_STATES = ENDED_STATES - {SUCCESS} | {"LOST"}


def cancel_refusal(state: str) -> str | None:
    """Why a task in this state cannot be cancelled, None if it can."""
    if state not in ENDED_STATES:
        return None
    return f"The task has ended with {state}: there is nothing to cancel."


def retry_refusal(state: str) -> str | None:
    """Why a task in this state cannot be retried, None if it can."""
    if state == SUCCESS:
        return "The task has succeeded: send a new task instead of a retry."
    if state not in RETRYABLE_STATES:
        return (
            f"The task has not ended ({state}): wait for its end, or cancel it first. If its message is in a "
            "dead-letter queue, replay that and do not cancel the task."
        )
    return None
