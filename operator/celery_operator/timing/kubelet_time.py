"""Times that a kubelet notes, converted to the clock of the API server: pure."""

from datetime import UTC, datetime, timedelta

from celery_operator.kinds import Json

PROMPT = timedelta(seconds=10)
"""Within this time a kubelet takes a pod that was bound to its node."""


def in_server_time(moment: str, status: Json) -> datetime:
    """What the API server's clock showed at this moment of the kubelet. ``status`` is that of the pod."""
    return read_moment(moment) - _kubelet_ahead(status)


def read_moment(text: str) -> datetime:
    """A moment as it stands in an object."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _kubelet_ahead(status: Json) -> timedelta:
    """How far the kubelet's clock is ahead of the API server's; nothing where they may agree.

    The API server notes when it binds the pod to a node, and the kubelet notes when it takes the pod.
    """
    bound = next(
        (
            one.get("lastTransitionTime")
            for one in status.get("conditions", [])
            if one["type"] == "PodScheduled" and one["status"] == "True"
        ),
        None,
    )
    taken = status.get("startTime")
    if not bound or not taken:
        return timedelta()
    ahead = read_moment(taken) - read_moment(bound)
    return ahead if abs(ahead) > PROMPT else timedelta()
