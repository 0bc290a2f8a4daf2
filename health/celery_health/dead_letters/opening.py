"""Opens the dead-letter queue of a broker by its URL."""

from contextlib import ExitStack

from celery_health.broker import RedisNaming
from celery_health.dead_letters.letter import DeadLetterError, DeadLetterQueue
from celery_health.urls import BrokerKind, BrokerUrl


def open_dead_letters(url: BrokerUrl, naming: RedisNaming, queue: str) -> DeadLetterQueue:
    """Connect to the broker, of several to the first that answers. ``naming``: that of the Redis keys.

    Raises:
        DeadLetterError: no broker answers, or this kind of broker has no dead-letter queue.
    """
    several = () if url.kind is BrokerKind.SENTINEL else url.alternates
    failure: DeadLetterError | None = None
    for one in (url, *several):
        with ExitStack() as unless_it_answers:
            opened = _queue_of(one, naming, queue)
            unless_it_answers.callback(opened.close)
            try:
                opened.read(0)
            except DeadLetterError as error:
                failure = failure or error
                continue
            unless_it_answers.pop_all()
            return opened
    assert failure is not None
    raise failure


def _queue_of(url: BrokerUrl, naming: RedisNaming, queue: str) -> DeadLetterQueue:
    if url.kind is BrokerKind.SENTINEL and not url.master_name:
        raise DeadLetterError(
            f"{url.address} does not name the master: add ?master_name=NAME to the URL.", supported=False
        )
    # Imported only when needed: each client takes a tenth of a second.
    if url.kind.is_redis:
        from celery_health.dead_letters.redis import RedisDeadLetters  # noqa: PLC0415

        return RedisDeadLetters(url, naming, queue)
    if url.kind.is_amqp:
        from celery_health.dead_letters.rabbitmq import RabbitDeadLetters  # noqa: PLC0415

        return RabbitDeadLetters(url, queue)
    raise DeadLetterError(
        f"There is no dead-letter queue on {url.address}: quarantine needs Redis or RabbitMQ.",
        supported=False,
    )
