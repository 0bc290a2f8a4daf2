"""One message that waits in a queue, as it is shown."""

from dataclasses import dataclass

from celery_health.dead_letters.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMessage:
    """What the message does not say is None. Texts are without secrets, and bounded.

    ``priority``: the step of kombu's lists. ``position``: how many messages of the queue are delivered
    before this one. ``size`` in bytes. ``problem``: why it is no message of Celery.
    """

    priority: int
    position: int
    size: int
    task_id: str | None
    name: str | None
    retries: int | None
    eta: str | None
    args: str
    kwargs: str
    problem: str | None


def waiting(message: Message, priority: int, position: int) -> WaitingMessage:
    """What is shown of a message."""
    letter, details = message.letter(), message.details()
    eta = message.headers.get("eta")
    return WaitingMessage(
        priority=priority,
        position=position,
        size=letter.size,
        task_id=letter.id,
        name=letter.name,
        retries=letter.retries,
        eta=eta[:64] if isinstance(eta, str) else None,
        args=details.args,
        kwargs=details.kwargs,
        problem=letter.problem,
    )
