"""The dead-letter queues of RabbitMQ, of which a search reads no more than it has to."""

from celery_health.dead_letters.letter import DeadLetterError, Letter
from celery_health.survey.app_connection import AppConnection, resolve
from celery_health.survey.task.search import MAX_DEAD_LETTERS, search_for_task

RABBIT = resolve(None, None, "amqp://127.0.0.1:1//", None, {})


async def test_a_queue_that_cannot_be_read_does_not_end_the_search_of_the_others() -> None:
    async def read(_: AppConnection, queue: str) -> tuple[Letter, ...]:
        if queue == "celery.dead-letter":
            raise DeadLetterError("Another program is using it.")
        return (Letter("7", "d", "7", "shop.mail", None, None, None, 10),)

    found = await search_for_task(RABBIT, "7", (), ("celery.dead-letter", "mail.dead-letter"), read=read)
    other = await search_for_task(RABBIT, "8", (), ("celery.dead-letter", "mail.dead-letter"), read=read)

    assert found.found is not None
    assert found.found.dead_letter_queue == "mail.dead-letter"
    assert other.found is None
    assert "The dead-letter queue celery.dead-letter was not searched" in other.not_searched[1]


async def test_a_search_reads_few_queues_and_says_how_many_there_are() -> None:
    asked = []

    async def read(_: AppConnection, queue: str) -> tuple[Letter, ...]:
        asked.append(queue)
        return ()

    names = [f"q{number}.dead-letter" for number in range(9)]
    searched = await search_for_task(RABBIT, "7", (), (*names, names[0]), read=read)

    assert asked == names[:6]
    assert searched.not_searched[1:] == ("Only 6 of 9 dead-letter queues were searched.",)


async def test_it_is_said_if_only_the_oldest_messages_of_a_queue_were_read() -> None:
    letter = Letter("1", "1", "1", "shop.mail", None, None, None, 0)

    async def read(_: AppConnection, queue: str) -> tuple[Letter, ...]:
        return (letter,) * (MAX_DEAD_LETTERS if queue == "mail.dead-letter" else 1)

    searched = await search_for_task(RABBIT, "7", (), ("celery.dead-letter", "mail.dead-letter"), read=read)

    assert searched.not_searched[1:] == ("Of mail.dead-letter, the 1000 oldest messages were searched.",)
