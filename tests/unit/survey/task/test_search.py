from celery_health.survey.app_connection import resolve
from celery_health.survey.task.search import search_for_task


async def test_a_broker_that_is_away_is_named_in_one_sentence() -> None:
    connection = resolve(None, None, "redis://127.0.0.1:1/0", None, {})
    searched = await search_for_task(connection, "7", ["mail"])
    assert searched.found is None
    (sentence,) = searched.not_searched
    assert sentence.startswith("The queues were not searched: ")
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
