"""Messages that wait in a queue."""

from typing import Annotated

from pydantic import ConfigDict, Field

from celery_monitor.web.models.base import Body, Document, Query


class MessagesQuery(Query):
    """Which messages to read."""

    priority: int | None = Field(
        default=None, ge=0, le=255, description="Only those of this priority step: 0, 3, 6 or 9 by default."
    )
    limit: int = Field(default=20, ge=1, le=100, description="The number of messages.")


class Message(Document):
    """One message. Null means that the message does not say it."""

    model_config = ConfigDict(from_attributes=True)

    priority: int = Field(description="Its priority step.")
    position: int = Field(description="How many messages of the queue are delivered before it.")
    size: int = Field(description="Bytes.")
    task_id: str | None = Field(description="The id of its task.")
    name: str | None = Field(description="The name of its task.")
    retries: int | None = Field(description="How often its task was retried.")
    eta: str | None = Field(description="Not to be started before, as the sender wrote it (ISO 8601).")
    args: str = Field(description="Positional arguments, shortened and without secrets.")
    kwargs: str = Field(description="Keyword arguments, shortened and without secrets.")
    problem: str | None = Field(description="Why it is no message of Celery.")


class Messages(Document):
    """The next messages of a queue."""

    queue: str = Field(description="The queue.")
    messages: list[Message] = Field(description="In the order of delivery.")


class Removed(Document):
    """What was removed."""

    queue: str = Field(description="The queue.")
    removed: int = Field(description="The number of messages.")


class PurgeBody(Body):
    """A dry run, or with its confirmation the purge itself."""

    dry_run: bool = Field(default=False, description="Count the messages, and remove none.")
    confirmation: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, description="The `confirmation` of the dry run of the same queue."
    )


class Purge(Removed):
    """A purge, or what it would remove."""

    messages: int | None = Field(default=None, description="Of a dry run: messages that wait now.")
    confirmation: str | None = Field(
        default=None, description="Of a dry run: send it back to remove at most this number of messages."
    )
    expires: float | None = Field(
        default=None, description="Of a dry run: the end of the confirmation. Unix time in seconds."
    )
