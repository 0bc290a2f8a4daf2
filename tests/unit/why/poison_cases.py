"""Situations of a task that kills what runs it, or that is left without a worker."""

from celery_health.verdicts.deaths import FleetDeaths, TaskDeaths, WorkerDeaths
from celery_health.verdicts.fleet import poison_tasks
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS
from celery_health.why.facts import Held, Outcome
from celery_health.why.reasons import WhyReason
from tests.unit.why.examples import ALL_WORKERS, NOW, Case, facts, holder, queue

KILLS = TaskDeaths("4c1f", "shop.mail", 45, NOW - 480, NOW, "signal SIGKILL")
POISON = poison_tasks.of_task(
    "4c1f", FleetDeaths((WorkerDeaths("w1@a", (KILLS,)),)), DEFAULT_FLEET_THRESHOLDS
)

CASES = (
    Case(
        "a poison task that is about to be run again",
        facts(poison=POISON, deaths=45, queue=queue(ahead=0, workers=("w1@a",))),
        WhyReason.POISON_TASK,
        ("Task shop.mail 4c1f killed its worker 45 times in 8 min: signal SIGKILL. It was redelivered",),
    ),
    Case(
        "a poison task between two deaths",
        facts(poison=POISON, deaths=45, holder=holder(Held.ACTIVE), started=NOW - 4),
        WhyReason.POISON_TASK,
        ("45 times",),
    ),
    Case(
        "a poison task that has been revoked",
        facts(poison=POISON, deaths=45, revoke_ordered=True),
        WhyReason.REVOKE_ORDERED,
        ("was revoked",),
    ),
    Case(
        "a poison task that succeeded in the end",
        facts(poison=POISON, deaths=45, outcome=Outcome.SUCCEEDED, finished=NOW - 60),
        WhyReason.SUCCEEDED,
        ("60 s ago",),
    ),
    Case(
        "a poison task in quarantine",
        facts(poison=POISON, deaths=3, quarantined=True, dead_letter_queue="shop.dead-letter"),
        WhyReason.QUARANTINED,
        ("3 times", "its message is in the dead-letter queue shop.dead-letter."),
    ),
    Case(
        "a task in quarantine whose message cannot be moved, and whose last state is that of its run",
        facts(
            quarantined=True,
            deaths=3,
            not_moved="RabbitMQ user shop has no configure permission on shop.dead-letter.",
            worker="w1@a",
            started=NOW - 4,
            left_by="w1@a",
        ),
        WhyReason.QUARANTINED,
        ("cannot be moved to the dead-letter queue: RabbitMQ user shop has no configure permission",),
    ),
    Case(
        "a message in the dead-letter queue",
        facts(dead_letter_queue="shop.dead-letter", left_by="w1@a"),
        WhyReason.DEAD_LETTERED,
        ("shop.dead-letter",),
    ),
    Case(
        "its worker lives and does not have it",
        facts(left_by="w1@a", worker="w1@a", sources=ALL_WORKERS),
        WhyReason.NO_WORKER_HAS_IT,
        ("w1@a has begun", "the result backend says STARTED"),
    ),
    Case(
        "its worker lives and does not have it, and the message is back in its queue",
        facts(left_by="w1@a", queue=queue(ahead=0, workers=("w1@a",)), sources=ALL_WORKERS),
        WhyReason.WAITING,
        ("queue mail",),
    ),
)
