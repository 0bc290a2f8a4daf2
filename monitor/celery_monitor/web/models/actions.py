"""What callers have done to single tasks."""

from typing import Annotated, Any

from pydantic import Field

from celery_health.survey.task.states import Signal
from celery_monitor.history.rows.clean import MOST_LABEL_CHARACTERS
from celery_monitor.records.requests import EXPIRED, RequestedCancel
from celery_monitor.web.models.base import Body, Document

_TIME = "Unix time in seconds."


class CancelBody(Body):
    """How to cancel a task."""

    terminate: bool = Field(
        default=True, description="Also end the process that runs the task now. False: let it run to its end."
    )
    signal: Signal = Field(
        default="SIGTERM",
        description="The signal for that process. SIGUSR1 raises SoftTimeLimitExceeded in the task.",
    )


class AllowedTasks(Document):
    """The tasks that the settings allow to send with `POST /tasks/submit`."""

    tasks: tuple[str, ...] = Field(description="Their full names.")


class RetryBody(Body):
    """What the retry has instead of what the original had. Null: as the original."""

    args: list[Any] | None = Field(default=None, description="Positional arguments.")
    kwargs: dict[str, Any] | None = Field(default=None, description="Keyword arguments.")
    queue: Annotated[str, Field(min_length=1, max_length=MOST_LABEL_CHARACTERS)] | None = Field(
        default=None, description="The queue."
    )
    again: bool = Field(default=False, description="Retry the task although it was retried before.")


class Retry(Document):
    """A task that was sent again."""

    task_id: str = Field(description="The id of the new task.")
    retry_of: str = Field(description="The id of the original, which stays as it is.")


class Cancel(Document):
    """A cancel, which is kept and sent to workers until the task has ended."""

    task_id: str = Field(description="The id of the task.")
    state: str = Field(
        description="`requested`: no worker has been ordered yet. `sent`: workers were ordered; the task has "
        "not ended. `revoked`: the task was cancelled. `ended`: the task ended before. `expired`: nothing "
        "was seen of the task for 30 days."
    )
    requested: float = Field(description="When it was requested. " + _TIME)
    requested_by: str = Field(description="Who requested it.")
    terminate: bool = Field(description="Whether the process that runs the task is ended.")
    signal: str = Field(description="The signal for that process.")
    sends: int = Field(description="How often workers were ordered to revoke the task.")
    sent: float | None = Field(description="When they were last ordered. " + _TIME)
    problem: str | None = Field(description="Why a worker or the broker does not do it.")
    ended: float | None = Field(description="When the monitor saw that the task had ended. " + _TIME)
    outcome: str | None = Field(description="The state in which the task ended.")

    @classmethod
    def of(cls, cancel: RequestedCancel) -> "Cancel":
        """The document of a cancel."""
        return cls(
            task_id=cancel.task_id,
            state=_state(cancel),
            requested=cancel.at,
            requested_by=cancel.identity,
            terminate=cancel.terminate,
            signal=cancel.signal,
            sends=cancel.sends,
            sent=cancel.sent,
            problem=cancel.problem,
            ended=cancel.ended,
            outcome=cancel.outcome,
        )


def _state(cancel: RequestedCancel) -> str:
    if cancel.outcome is None:
        return "sent" if cancel.sends else "requested"
    return {"REVOKED": "revoked", EXPIRED: "expired"}.get(cancel.outcome, "ended")
