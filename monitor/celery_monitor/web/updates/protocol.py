"""The messages of the WebSocket. Each is one JSON object with the field ``op``.

docs/reference/monitor/websocket.md describes how they follow each other.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from celery_monitor.web.models.base import Body, Document

MAX_MESSAGE_BYTES = 8192
"""The longest message of a client."""
MAX_FILTER = 1000
MAX_TASKS = 500
"""The longest list of tasks that a subscription has."""
SHORTEST_INTERVAL = 0.25
LONGEST_INTERVAL = 2.0
HEARTBEAT_SECONDS = 10.0
"""A connection on which nothing else is sent for this time gets a heartbeat."""
RESUME_SECONDS = 60.0
"""How long the server keeps the session of a client that has gone."""

_TIME = "Unix time in seconds."

SubscriptionId = Annotated[str, Field(min_length=1, max_length=64)]


class Topic(StrEnum):
    """What a client can subscribe to. Each document is the one that the named REST route has."""

    OVERVIEW = "overview"
    """`GET stats`: one document."""
    WORKERS = "workers"
    """`GET workers`: a document for each worker, with the key `name`."""
    QUEUES = "queues"
    """`GET queues`: a document for each queue, with the key `name`."""
    TASKS = "tasks"
    """`GET tasks`: the newest tasks of a filter, with the key `id`."""
    TASK = "task"
    """`GET tasks/{task_id}`: one document, with runs and neighbours; none while the task is unknown."""
    FAILURES = "failures"
    """`GET failures`: a document for each group of the last hour, with the key `[error, place]`."""
    SCHEDULE = "schedule"
    """`GET schedule`: one document."""
    RESOURCE = "resource"
    """`GET resource`: one document; none outside a cluster."""


class Problem(StrEnum):
    """Why the server sends an error."""

    INVALID = "invalid"
    """The message cannot be used. Nothing was changed."""
    LIMIT = "limit"
    """There are too many subscriptions. Nothing was changed."""
    UNKNOWN_SESSION = "unknown-session"
    """The session cannot be resumed: subscribe again."""
    UNAVAILABLE = "unavailable"
    """The history does not answer. The subscription stays, and gets a snapshot when it does."""


class CloseCode(StrEnum):
    """Why the server closes a connection, with the code of the close frame."""

    code: int

    def __new__(cls, code: int, reason: str) -> "CloseCode":
        """A member with its code."""
        member = str.__new__(cls, reason)
        member._value_ = reason
        member.code = code
        return member

    GOING_AWAY = 1001, "the monitor shuts down"
    POLICY = 1008, "too many messages"
    TOO_BIG = 1009, "the message is too long"
    FAILED = 1011, "the monitor failed"
    EXPIRED = 4401, "the credential has expired"
    RESUMED = 4409, "the session was resumed on another connection"


class Subscribe(Body):
    """Begin to send a topic. A subscription with the same id is replaced."""

    op: Literal["subscribe"]
    id: SubscriptionId = Field(description="Chosen by the client; messages of the subscription carry it.")
    topic: Topic = Field(description="What to send.")
    filter: str = Field(
        default="", max_length=MAX_FILTER, description="Of `tasks`: the filter language, as in `GET tasks`."
    )
    limit: int = Field(
        default=100, ge=1, le=MAX_TASKS, description="Of `tasks`: the greatest number of tasks."
    )
    key: str | None = Field(default=None, min_length=1, max_length=255, description="Of `task`: its id.")


class Unsubscribe(Body):
    """End a subscription."""

    op: Literal["unsubscribe"]
    id: SubscriptionId = Field(description="The id of the subscription.")


class SetInterval(Body):
    """Choose how often the server sends what has changed."""

    op: Literal["interval"]
    seconds: float = Field(
        ge=SHORTEST_INTERVAL,
        le=LONGEST_INTERVAL,
        allow_inf_nan=False,
        description="Seconds, rounded to quarters.",
    )


class Resume(Body):
    """Go on with the session of an earlier connection. Only as the first message."""

    op: Literal["resume"]
    session: str = Field(min_length=1, max_length=64, description="The session of the earlier `hello`.")
    seq: int = Field(ge=0, le=2**53, description="The last `seq` that the client has received.")


ClientMessage = Annotated[Subscribe | Unsubscribe | SetInterval | Resume, Field(discriminator="op")]
CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


class Hello(Document):
    """The first message of every connection, and the answer to a resume that succeeds."""

    op: Literal["hello"] = "hello"
    session: str = Field(description="For `resume` on a later connection.")
    resumed: bool = Field(description="Whether it is the session that the client asked to resume.")
    interval: float = Field(description="Seconds between two messages of a subscription.")
    heartbeat: float = Field(description="Seconds after which a silent connection gets a heartbeat.")
    at: float = Field(description=_TIME)


class Snapshot(Document):
    """All documents of a subscription. It replaces what the client has."""

    op: Literal["snapshot"] = "snapshot"
    id: str = Field(description="The subscription.")
    seq: int = Field(description="The number of the message in its session: the one before, plus 1.")
    at: float = Field(description=_TIME)
    data: list[Any] = Field(description="The documents.")


class Delta(Document):
    """What has changed since the message before of the same subscription."""

    op: Literal["delta"] = "delta"
    id: str = Field(description="The subscription.")
    seq: int = Field(description="The number of the message in its session: the one before, plus 1.")
    at: float = Field(description=_TIME)
    changed: list[Any] = Field(description="New documents, and those that replace one with the same key.")
    removed: list[Any] = Field(description="The keys of documents that no longer belong to the topic.")


class Heartbeat(Document):
    """Nothing has changed. A client that receives nothing for three times this time should reconnect."""

    op: Literal["heartbeat"] = "heartbeat"
    seq: int = Field(description="The number of the last message with changes.")
    at: float = Field(description=_TIME)


class Error(Document):
    """A message of the client cannot be used, or a subscription waits."""

    op: Literal["error"] = "error"
    id: str | None = Field(description="The subscription; null if it concerns none.")
    problem: Problem = Field(description="The machine-readable word.")
    detail: str = Field(description="What is wrong, and what to do.")
