"""Alerts, silences and channels."""

from typing import Annotated, Self

from pydantic import Field

from celery_health.alerts.rule import AlertSeverity
from celery_monitor.alerts.delivery import ChannelStatus
from celery_monitor.records.alerts import AlertState
from celery_monitor.records.alerts import Silence as StoredSilence
from celery_monitor.web.models.base import Body, Document

_TIME = "Unix time in seconds."


class Alert(Document):
    """One alert."""

    rule: str = Field(description="The name of its rule.")
    labels: dict[str, str] = Field(description="Which application, queue or task it is about.")
    severity: AlertSeverity = Field(description="`critical`: act at once; `warning`: on the same day.")
    state: AlertState = Field(description="`pending`: the condition does not hold for long enough yet.")
    began: float = Field(description="Since when the condition holds. " + _TIME)
    fired: float | None = Field(description="When the alert began to fire. " + _TIME)
    ended: float | None = Field(description="When it was resolved. " + _TIME)
    summary: str = Field(description="What is wrong, in a few words.")
    description: str = Field(description="The same with its numbers, and what follows from it.")
    command: str | None = Field(description="A command that shows more.")
    place: str = Field(description="The path on the page, below the URL prefix, that shows more.")
    runbook: str = Field(description="The page below docs/, or its URL, that says what to do.")
    silenced_until: float | None = Field(description="No message is sent about it until then. " + _TIME)


class Matcher(Document):
    """A label with a value that an alert must have."""

    label: str = Field(description="The label; `alertname` is the rule, `severity` the severity.")
    value: str = Field(description="The value; * stands for any characters.")


class Silence(Document):
    """No message is sent about alerts that meet all matchers."""

    id: str = Field(description="Its id.")
    matchers: list[Matcher] = Field(description="What an alert has to have.")
    created: float = Field(description="When it was made. " + _TIME)
    until: float = Field(description="Its end. " + _TIME)
    comment: str = Field(description="Why.")
    created_by: str = Field(description="Who made it.")

    @classmethod
    def of(cls, stored: StoredSilence) -> Self:
        """The document of a silence."""
        return cls(
            id=stored.id,
            matchers=[Matcher(label=one.label, value=one.value) for one in stored.matchers],
            created=stored.at,
            until=stored.until,
            comment=stored.comment,
            created_by=stored.identity,
        )


class AlertChannel(Document):
    """A way to send messages about alerts, as far as this monitor has used it since its start."""

    name: str = Field(description="Its name.")
    sent: int = Field(description="Messages that arrived.")
    failed: int = Field(description="Attempts that failed.")
    last_sent: float | None = Field(description="When the last message arrived. " + _TIME)
    problem: str | None = Field(description="Why the last attempt failed. Null if it did not.")
    retry_at: float | None = Field(description="When it is tried again. " + _TIME)

    @classmethod
    def of(cls, status: ChannelStatus) -> Self:
        """The document of a channel."""
        return cls(
            name=status.name,
            sent=status.sent,
            failed=status.failed,
            last_sent=status.last_sent,
            problem=status.problem,
            retry_at=status.retry_at,
        )


class Alerts(Document):
    """All alerts."""

    firing: list[Alert] = Field(description="Those that fire, the latest first, at most 200.")
    pending: list[Alert] = Field(description="Those whose condition does not hold for long enough yet.")
    recent: list[Alert] = Field(
        description="Those of the last 7 days that were resolved, the latest first, at most 200."
    )
    silences: list[Silence] = Field(description="Those that have not ended.")
    channels: list[AlertChannel] = Field(description="The channels of the settings.")


class MatcherBody(Body):
    """A label with a value that an alert must have."""

    label: Annotated[str, Field(pattern=r"^[a-z_]{1,60}$")] = Field(
        description="The label; `alertname` is the rule, `severity` the severity."
    )
    value: Annotated[str, Field(min_length=1, max_length=300)] = Field(
        description="The value; * stands for any characters."
    )


class SilenceBody(Body):
    """A new silence. It begins at once."""

    matchers: Annotated[list[MatcherBody], Field(min_length=1, max_length=10)] = Field(
        description="What an alert has to have: all of these."
    )
    hours: Annotated[float, Field(gt=0, le=24 * 90)] = Field(description="How long it lasts.")
    comment: Annotated[str, Field(min_length=1, max_length=500)] = Field(description="Why.")


class ChannelTest(Document):
    """What a test message came to."""

    ok: bool = Field(description="Whether it arrived.")
    message: str = Field(description="The outcome as a sentence.")
