"""One channel: a message a minute, pauses after failures, and the same message again."""

from celery_health.alerts.rule import AlertSeverity
from celery_monitor.alerts.delivery import (
    FIRST_RETRY_SECONDS,
    LONGEST_RETRY_SECONDS,
    PAUSE_SECONDS,
    Delivery,
)
from celery_monitor.alerts.notification import Alert, ChannelError, Notification
from tests.unit.monitor.alerts.worlds import NOW


class Channel:
    """A channel that raises what a test gives it."""

    name = "chat"

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.got: list[Notification] = []

    async def send(self, notification: Notification) -> None:
        self.got.append(notification)
        if self.error is not None:
            raise self.error


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


def alert(description: str = "5 messages") -> Alert:
    return Alert(
        rule="CeleryHighQueueDepth",
        labels={"queue": "mail"},
        severity=AlertSeverity.WARNING,
        status="firing",
        since=NOW,
        summary="A queue is long",
        description=description,
    )


def made() -> tuple[Channel, Clock, Delivery]:
    channel, clock = Channel(), Clock()
    return channel, clock, Delivery(channel, clock)


async def test_a_channel_is_free_again_after_a_minute() -> None:
    _, clock, delivery = made()
    assert await delivery.send([alert()])
    free = []
    for seconds in (0, PAUSE_SECONDS - 1, 1):
        clock.now += seconds
        free.append(delivery.is_free)
    assert free == [False, False, True]
    status = delivery.status()
    assert (status.sent, status.last_sent, status.problem) == (1, NOW, None)


async def test_pauses_after_failures_grow_up_to_a_limit() -> None:
    channel, clock, delivery = made()
    channel.error = ChannelError("The receiver answered 500.")
    pauses = []
    for _ in range(9):
        assert not await delivery.send([alert()])
        retry_at = delivery.status().retry_at
        assert retry_at is not None
        pauses.append(retry_at - clock.now)
        clock.now = retry_at
    assert pauses[:3] == [FIRST_RETRY_SECONDS, 2 * FIRST_RETRY_SECONDS, 4 * FIRST_RETRY_SECONDS]
    assert pauses[-1] == LONGEST_RETRY_SECONDS


async def test_a_receiver_may_ask_for_a_longer_pause() -> None:
    channel, clock, delivery = made()
    channel.error = ChannelError("The receiver is busy.", retry_after=120)
    await delivery.send([alert()])
    assert delivery.status().retry_at == clock.now + 120


async def test_the_same_message_keeps_its_time_and_another_one_has_its_own() -> None:
    channel, clock, delivery = made()
    channel.error = ChannelError("The receiver did not answer.")
    await delivery.send([alert()])
    clock.now += 20
    await delivery.send([alert("6 messages")])
    channel.error = None
    clock.now += 20
    await delivery.send([alert("7 messages")])
    assert [one.at for one in channel.got] == [NOW, NOW, NOW]
    clock.now += PAUSE_SECONDS
    await delivery.send([alert()])
    assert channel.got[-1].at == clock.now


async def test_a_channel_with_a_fault_says_nothing_of_its_text() -> None:
    channel, _, delivery = made()
    channel.error = RuntimeError("planted-secret")
    assert not await delivery.send([alert()])
    assert delivery.status().problem == "The channel has a fault: RuntimeError."
