"""One action on many tasks."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from celery_health.survey.task.states import Signal
from celery_monitor.history.rows.clean import MOST_ID_CHARACTERS
from celery_monitor.records.bulk import BulkAction, BulkState
from celery_monitor.web.models.base import Body, Document
from celery_monitor.web.models.tasks import Task

MOST_IDS = 500
_TIME = "Unix time in seconds."
_Id = Annotated[str, Field(min_length=1, max_length=MOST_ID_CHARACTERS)]


class BulkBody(Body):
    """A dry run, or with its confirmation the action itself. Exactly one of `filter` and `ids`."""

    action: BulkAction = Field(description="What is done to each task.")
    filter: Annotated[str, Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="The tasks, in the filter language, such as `state:failure name:shop.*`."
    )
    ids: Annotated[tuple[_Id, ...], Field(min_length=1, max_length=MOST_IDS)] | None = Field(
        default=None, description="The tasks, by their ids."
    )
    dry_run: bool = Field(default=False, description="Find the tasks, and do nothing.")
    confirmation: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="The `confirmation` of the dry run with the same action and tasks."
    )
    terminate: bool = Field(
        default=True, description="Of a cancel: also end the processes that run the tasks."
    )
    signal: Signal = Field(default="SIGTERM", description="Of a cancel: the signal for these processes.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.filter is None) == (self.ids is None):
            raise ValueError("give either filter or ids")
        return self


class Reason(Document):
    """Why nothing is done to some tasks."""

    reason: str = Field(description="The reason.")
    tasks: int = Field(description="How many tasks have it.")


class Bulk(Document):
    """An action on many tasks, proposed or confirmed."""

    id: str = Field(description="Its id, for its progress.")
    action: BulkAction = Field(description="What is done to each task.")
    filter: str = Field(description="The filter that found the tasks, or their ids as a filter.")
    state: BulkState = Field(description="`proposed`: it waits for its confirmation.")
    requested: float = Field(description="When it was proposed, or confirmed. " + _TIME)
    requested_by: str = Field(description="Who proposed or confirmed it.")
    ended: float | None = Field(description="When the last task was done. " + _TIME)
    count: int = Field(description="The tasks of the action.")
    waiting: int = Field(description="Tasks to which nothing was done yet.")
    done: int = Field(description="Tasks that were cancelled or retried.")
    refused: int = Field(description="Tasks to which nothing is done; `reasons` says why.")
    uncertain: int = Field(description="Tasks whose retry may have been sent; `reasons` says more.")
    reasons: list[Reason] = Field(description="Why nothing is done to tasks, most frequent first.")
    matched: int | None = Field(
        default=None, description="Of a dry run: all tasks that the filter finds, or all ids."
    )
    sample: list[Task] | None = Field(default=None, description="Of a dry run: the first 10 of the tasks.")
    confirmation: str | None = Field(
        default=None, description="Of a dry run: send it back to confirm exactly these tasks. It works once."
    )
    expires: float | None = Field(
        default=None, description="Of a dry run: the end of the confirmation. " + _TIME
    )
