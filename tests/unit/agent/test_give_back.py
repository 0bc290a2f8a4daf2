"""What goes back to the broker when a worker's time is over, and when the worker ends with it."""

from types import SimpleNamespace
from typing import Any

import pytest

from celery_probe.agent.worker.give_back import give_back, will_all_run_again


class Qos:
    """The part of kombu's QoS that knows the messages, with a broker that may go away."""

    def __init__(self, *tags: str) -> None:
        self._delivered = dict.fromkeys(tags)
        self._dirty: set[str] = set()
        self._quick_ack = self._dirty.add
        self.restored: list[str] = []
        self.away = ""

    def restore_by_tag(self, tag: str) -> None:
        if tag == self.away:
            raise ConnectionError
        self.restored.append(tag)


def consumer_with(qos: Qos) -> Any:
    return SimpleNamespace(task_consumer=SimpleNamespace(channel=SimpleNamespace(qos=qos)))


def request(tag: str, acknowledged: bool = False) -> Any:
    return SimpleNamespace(message=SimpleNamespace(delivery_tag=tag), acknowledged=acknowledged)


def test_every_unacknowledged_message_goes_back_once() -> None:
    qos = Qos("a", "acknowledged", "b")
    qos._quick_ack("acknowledged")
    assert give_back(consumer_with(qos), []) == 2
    assert give_back(consumer_with(qos), []) == 0
    assert qos.restored == ["a", "b"]


def test_a_running_task_that_went_back_is_not_acknowledged_at_its_end() -> None:
    early, late = request("early", acknowledged=True), request("late")
    give_back(consumer_with(Qos("late", "waits")), [early, late])
    assert late.acknowledged


def test_a_broker_that_goes_away_in_between_gets_the_rest_later() -> None:
    qos, late = Qos("a", "b"), request("b")
    qos.away = "b"
    with pytest.raises(ConnectionError):
        give_back(consumer_with(qos), [late])
    assert not late.acknowledged
    qos.away = ""
    assert give_back(consumer_with(qos), [late]) == 1
    assert qos.restored == ["a", "b"]


@pytest.mark.parametrize(
    ("acknowledged", "ends"), [([], False), ([False, False], True), ([False, True], False)]
)
def test_a_worker_goes_on_while_a_task_runs_that_no_other_worker_will_run(
    acknowledged: list[bool], ends: bool
) -> None:
    assert will_all_run_again([request("a", one) for one in acknowledged]) is ends
