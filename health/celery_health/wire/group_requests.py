"""What the users of a monitor ask of the operator, and what became of it.

The operator asks the monitor which requests wait, and says in the same breath what became of earlier ones.
A monitor can ask for nothing else than the four actions, on the groups of its own
resource.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from celery_health.wire.bounds import Name, Sentence, Version
from celery_health.wire.documents import Format
from celery_health.wire.names import VERSION
from celery_health.wire.resource_push import PUSH_PATH

REQUESTS_PATH = f"{PUSH_PATH}/requests"
"""The monitor's path that takes outcomes and answers with the requests that wait, below its URL prefix."""

REQUEST_SECONDS = 60.0
"""How long a request waits for the operator. Then it has expired."""

REQUESTS_LENGTH = 20
"""Requests that may wait at a time."""

REQUESTS_BYTES = 16 * 1024
"""The size of the answer with the requests that wait. 20 requests take about 8 kB at most."""

OUTCOMES_LENGTH = 50
"""Outcomes in one message: the newest."""

OUTCOMES_BYTES = 256 * 1024
"""The size of the message with outcomes."""

MOST_REPLICAS = 10_000
"""Pods of a group: the bound of the resource definition."""


class GroupAction(StrEnum):
    """What can be done to a worker group."""

    PAUSE = "pause"
    """No worker of the group is healed."""
    RESUME = "resume"
    """Workers of the group are healed again."""
    RESTART = "restart"
    """A rollout replaces the pods of the group."""
    SCALE = "scale"
    """The group gets another number of pods."""


class GroupRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request. ``replicas`` belongs to the action scale alone. The id is that of no other request."""

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
    action: GroupAction
    group: Name
    replicas: Annotated[int, Meta(ge=0, le=MOST_REPLICAS)] | None = None

    def __post_init__(self) -> None:
        """Refuse a number of pods that is missing or too much; the readers report the ValueError."""
        if (self.replicas is not None) != (self.action is GroupAction.SCALE):
            raise ValueError("Expected `replicas` with the action scale, and only there")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the request with an id. ``message`` says what was done, or why nothing was."""

    id: Name
    done: bool
    message: Sentence


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator sends: what became of requests of the last minutes."""

    version: Version = VERSION
    outcomes: Annotated[tuple[Outcome, ...], Meta(max_length=OUTCOMES_LENGTH)] = ()


class WaitingRequests(msgspec.Struct, frozen=True, kw_only=True):
    """What the monitor answers: the requests without an outcome, the oldest first."""

    version: Version = VERSION
    requests: Annotated[tuple[GroupRequest, ...], Meta(max_length=REQUESTS_LENGTH)] = ()


OUTCOMES = Format("message of the operator", Outcomes, OUTCOMES_BYTES)
WAITING_REQUESTS = Format("answer of the monitor", WaitingRequests, REQUESTS_BYTES)
