"""Completes the beginning of a task id, which verdicts and lists show, from what is at hand."""

from collections.abc import Iterable

from celery_health.dead_letters.letter import DeadLetterError
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.task.holder import TaskReplies
from celery_health.survey.task.search import MOST_DEAD_LETTER_QUEUES, read_dead_letters


async def whole_ids(
    connection: AppConnection, beginning: str, replies: TaskReplies, dead_letter_queues: Iterable[str]
) -> list[str]:
    """The ids that begin so: of tasks that workers have, of poison tasks, and in the dead-letter queues."""
    found = {*replies.ids, *replies.quarantined, *(victim.id for victim in replies.deaths.victims())}
    for queue in tuple(dict.fromkeys(dead_letter_queues))[:MOST_DEAD_LETTER_QUEUES]:
        try:
            letters = await read_dead_letters(connection, queue)
        except (DeadLetterError, TimeoutError):
            continue
        found |= {letter.id for letter in letters if letter.id}
    return sorted(one for one in found if one.startswith(beginning))
