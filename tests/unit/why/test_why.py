"""Each situation of a task and its one answer."""

from dataclasses import replace
from typing import Any

import pytest

from celery_health.catalogue.fleet import FleetReason
from celery_health.why.decide import why
from celery_health.why.facts import Outcome, Place, Sources
from celery_health.why.reasons import TEXTS, WhyReason
from tests.unit.why import cases, poison_cases
from tests.unit.why.examples import ALL_WORKERS, IN_CLUSTER, NOW, Case, facts, queue
from tests.unit.why.poison_cases import POISON

CASES = (*cases.CASES, *poison_cases.CASES)


@pytest.mark.parametrize("case", CASES, ids=[case.situation for case in CASES])
def test_each_situation_has_its_answer(case: Case) -> None:
    answer = why(case.facts)

    assert answer.reason == case.reason
    for words in (*case.said, "4c1f"):
        assert words in answer.sentence


def test_every_reason_has_texts_and_a_situation() -> None:
    assert set(TEXTS) == set(WhyReason)
    assert {case.reason for case in CASES} == set(WhyReason)


def test_a_task_that_was_never_seen_is_explained_by_what_would_show_it() -> None:
    def remedy(**known: Any) -> str:
        return why(facts(sources=Sources(**known))).remedy

    assert "Turn on task events" in remedy(history=True, task_events=False)
    assert "task_send_sent_event" in remedy(history=True, task_events=True, sent_events=False, backend=True)
    assert "result backend" in remedy()
    assert "this broker" in remedy(backend=True)


def test_a_task_that_may_have_been_sent_just_now_is_not_called_unknown_for_good() -> None:
    assert "a task of the last 6 s may not be known yet" in why(facts(sources=Sources(delay=6.0))).sentence


def test_the_command_is_for_the_place() -> None:
    known = facts(dead_letter_queue="shop.dead-letter")
    here = why(replace(known, place=Place(app="shop")))
    there = why(replace(known, place=IN_CLUSTER))

    assert here.command == "celery -A shop health dead-letter show 4c1f --queue shop.dead-letter"
    assert there.command == "kubectl celery -n production dead-letter shop show 4c1f"


def test_a_queue_that_no_worker_reads_has_the_remedy_of_its_verdict() -> None:
    known = facts(queue=queue(workers=(), ahead=3), sources=ALL_WORKERS)
    here = why(replace(known, place=Place(app="shop")))
    there = why(replace(known, place=IN_CLUSTER))

    assert here.remedy == FleetReason.QUEUE_NOT_CONSUMED.entry.wording.remedy.format(queues="mail")
    assert here.command == "celery -A shop worker -Q mail"
    assert there.command == "kubectl -n production edit celerydeployments shop"


def test_a_task_that_failed_is_sent_again_only_where_its_message_is_gone() -> None:
    failed = facts(outcome=Outcome.FAILED, error="MemoryError")
    assert why(failed).remedy == "Correct the cause, then send the task again."
    assert why(replace(failed, unacknowledged=False)).remedy == why(failed).remedy

    for kept in (replace(failed, unacknowledged=True), replace(failed, queue=queue(found=True))):
        assert why(kept).remedy.endswith("do not send another.")


def test_a_hostile_id_stays_one_word_of_the_command() -> None:
    answer = why(facts(id="x; rm -rf /\x1b[2J", worker="w1@a", received=NOW))

    assert answer.command == "celery -A APP inspect query_task 'x; rm -rf /\\x1b[2J'"
    assert "\x1b" not in answer.sentence


def test_a_poison_task_has_the_words_of_its_verdict() -> None:
    assert POISON is not None
    answer = why(facts(poison=POISON, deaths=45, place=Place(app="shop")))

    assert answer.sentence == POISON.message.replace("shop.mail (4c1f)", "shop.mail 4c1f")
    assert (answer.remedy, answer.command) == (POISON.remedy, "celery -A shop control revoke 4c1f")


def test_the_beginning_of_an_id_is_not_called_a_task_that_was_never_seen() -> None:
    answer = why(facts(id="0cf029ad", name=None, place=Place(app="shop")))

    assert "0cf029ad has never been seen: this may be only the beginning of an id." in answer.sentence
    assert answer.remedy.startswith("Give the whole id")
    assert answer.command == "celery -A shop health dead-letter list"


def test_a_place_that_names_the_task_gets_a_sentence_without_its_name_and_id() -> None:
    known = facts(name="shop.mail", queue=queue(name="print"))
    answer = why(known)
    assert answer.sentence.startswith(f"Task shop.mail {known.id} waits in queue print")
    assert answer.short_sentence == answer.sentence.replace(f"Task shop.mail {known.id}", "This task")
