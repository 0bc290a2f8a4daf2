"""What the tests of the quarantine ask of a worker and of its broker."""

import json
from functools import partial
from typing import Any

import amqp
import redis
from celery import Celery
from kombu import Connection
from tools.testbed.waiting import wait_for

from celery_health.wire.orders import QuarantineBody
from celery_health.wire.worker_report import WorkerReport
from celery_probe.sidecar.orders.quarantine_list import QuarantineList
from tests.integration.agent.harness import AgentWorker, agent_worker

DEAD = "shop.dead-letter"
PREFIX = "app:"
# A move whose answer comes late may be made twice, and is an error: here no broker answers late.
patient_worker = partial(
    agent_worker, limits={"celery_probe/agent/worker/own_connection.py:TIMEOUT_SECONDS": 20.0}
)


def order(worker: AgentWorker, *ids: str, queue: str = DEAD) -> None:
    """Put these task ids, and no others, into quarantine."""
    worker.run.mkdir(parents=True, exist_ok=True)
    QuarantineList(worker.run).set(QuarantineBody(queue, ids))


def note(app: Celery, name: str, queue: str = "celery", **options: Any) -> str:
    """Send a task that writes its name down when it runs; gives its id, which is made of the name."""
    return str(app.send_task("agent_app.note", (name,), queue=queue, task_id=f"id-{name}", **options).id)


def moved(count: int) -> Any:
    """Whether a report says that this number of messages has been moved, and that none waits."""

    def is_moved(report: WorkerReport) -> bool:
        return report.quarantined_total == count and not report.quarantine_waiting

    return is_moved


class RedisMessages:
    """The messages in a Redis, by kombu's own names of its keys."""

    def __init__(self, url: str, prefix: str = "") -> None:
        self.client: Any = redis.Redis.from_url(url)
        self._prefix = prefix

    def queued(self, queue: str) -> list[Any]:
        """The messages of a list, those at its head first."""
        return [json.loads(item) for item in self.client.lrange(self._prefix + queue, 0, -1)]

    def unacknowledged(self) -> list[Any]:
        """The messages that workers have received and not acknowledged."""
        with self.client.pipeline(transaction=True) as pipeline:
            pipeline.hvals(self._prefix + "unacked").zcard(self._prefix + "unacked_index")
            stored, indexed = pipeline.execute()
        assert len(stored) == indexed
        return [json.loads(item)[0] for item in stored]

    def ids(self) -> list[str]:
        """The task ids of all messages, wherever they are."""
        messages = [*self.queued("celery"), *self.queued(DEAD), *self.unacknowledged()]
        return [message["headers"]["id"] for message in messages]


class RabbitMessages:
    """The messages of a RabbitMQ. Reading leaves them in their queue."""

    def __init__(self, url: str) -> None:
        self._url = url

    def queued(self, queue: str) -> list[Any]:
        """The messages of a queue; none if there is no such queue."""
        with Connection(self._url) as connection:
            channel = connection.default_channel
            try:
                channel.queue_declare(queue, passive=True)
            except connection.channel_errors:
                return []
            found = list(iter(lambda: channel.basic_get(queue), None))
            for message in found:
                channel.basic_reject(message.delivery_tag, requeue=True)
            return found

    def send_again(self, message: Any, queue: str) -> None:
        """Publish a message to a queue, unchanged."""
        with Connection(self._url) as connection:
            copy = amqp.Message(message.body, **message.properties)
            connection.default_channel.basic_publish(copy, routing_key=queue)

    def ids(self, *queues: str) -> list[str]:
        """The task ids of all messages of these queues."""
        return [message.headers["id"] for queue in queues for message in self.queued(queue)]


def wait_until_ran(worker: AgentWorker, *names: str) -> None:
    """Wait until tasks of these names, and no others, have run."""
    wait_for(lambda: sorted(worker.ran()) == sorted(names), 30, lambda: f"{worker.ran()}\n{worker.log()}")
