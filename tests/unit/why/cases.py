"""Situations of a task, each with the reason and the words of its answer."""

from celery_health.why.facts import BlockingTask, Group, Held, Outcome, Sources
from celery_health.why.reasons import WhyReason
from tests.unit.why.examples import ALL_WORKERS, IN_CLUSTER, LONG_TASK, NOW, Case, facts, holder, queue

CASES = (
    Case(
        "a task that waits is named with its queue, the messages ahead, the slots and the expected time",
        facts(
            queue=queue(ahead=119, workers=("w1@a",), slots=4, rate=2.0),
            sources=ALL_WORKERS,
        ),
        WhyReason.WAITING,
        ("queue mail", "about 119 messages", "4 slots", "expected to start in about 60 s"),
    ),
    Case(
        "without a rate no time is promised",
        facts(queue=queue(ahead=119, workers=("w1@a",)), sources=ALL_WORKERS),
        WhyReason.WAITING,
        ("queue mail", "about 119 messages"),
    ),
    Case(
        "a search that ended early says at least how many are ahead",
        facts(queue=queue(ahead=10_000, at_least=True, found=None, workers=("w1@a",), rate=2.0)),
        WhyReason.WAITING,
        ("at least 10000 messages",),
    ),
    Case(
        "a queue that no worker reads",
        facts(queue=queue(workers=(), ahead=3), sources=ALL_WORKERS),
        WhyReason.NO_CONSUMER,
        ("queue mail", "no worker reads that queue"),
    ),
    Case(
        "a queue without consumers on RabbitMQ, although not all workers answered",
        facts(queue=queue(consumers=0)),
        WhyReason.NO_CONSUMER,
        ("queue mail",),
    ),
    Case(
        "no worker at all",
        facts(queue=queue(workers=()), sources=Sources(workers_known=True, worker_count=0)),
        WhyReason.NO_WORKERS,
        ("no worker is online",),
    ),
    Case(
        "a group that is scaled to zero",
        facts(
            queue=queue(workers=()),
            group=Group("standard", desired=0, ready=0, reason_for_zero="minReplicas is 0."),
            sources=ALL_WORKERS,
        ),
        WhyReason.GROUP_AT_ZERO,
        ("group standard", "minReplicas is 0"),
    ),
    Case(
        "a group whose pod cannot start",
        facts(
            queue=queue(workers=()),
            group=Group("standard", 2, 0, pending="0/3 nodes have enough memory.", pending_pod="shop-x"),
            place=IN_CLUSTER,
            sources=ALL_WORKERS,
        ),
        WhyReason.POD_PENDING,
        ("group standard", "0/3 nodes have enough memory"),
    ),
    Case(
        "every worker of the queue is deaf",
        facts(queue=queue(workers=("w1@a", "w2@a"), deaf=("w1@a", "w2@a"))),
        WhyReason.CONSUMERS_DEAF,
        ("w1@a, w2@a", "fetches nothing"),
    ),
    Case(
        "a worker keeps it until its ETA",
        facts(holder=holder(Held.ETA), eta=NOW + 2400, received=NOW - 60),
        WhyReason.HELD_FOR_ETA,
        ("w1@a", "in 40 min"),
    ),
    Case(
        "an event said that it was received, and its ETA is to come",
        facts(worker="w1@a", eta=NOW + 2400, received=NOW - 60),
        WhyReason.HELD_FOR_ETA,
        ("w1@a",),
    ),
    Case(
        "a rate limit keeps it",
        facts(holder=holder(Held.UNKNOWN, rate_limit="10/m")),
        WhyReason.RATE_LIMITED,
        ("w1@a", "10/m"),
    ),
    Case(
        "it is reserved behind a task that runs for 40 minutes",
        facts(holder=holder(Held.RESERVED, slots=1, blocking=(LONG_TASK,))),
        WhyReason.BEHIND_LONG_TASK,
        ("w1@a", "shop.report 77aa", "40 min"),
    ),
    Case(
        "it is reserved while the slots run short tasks",
        facts(holder=holder(Held.RESERVED, slots=1, blocking=(BlockingTask("7", "shop.add", 2.0),))),
        WhyReason.RESERVED,
        ("w1@a", "its slot runs another task"),
    ),
    Case(
        "its worker is deaf and being restarted",
        facts(holder=holder(Held.RESERVED, fault="deaf", restarting=True)),
        WhyReason.HOLDER_FAULTY,
        ("w1@a", "deaf", "being restarted"),
    ),
    Case(
        "its worker is offline",
        facts(holder=holder(Held.RESERVED, online=False), unacknowledged=True, redelivery=600.0),
        WhyReason.HOLDER_OFFLINE,
        ("w1@a", "offline", "delivers it again in 10 min"),
    ),
    Case(
        "it runs",
        facts(holder=holder(Held.ACTIVE), started=NOW - 4, p99=9.0, p99_runs=500),
        WhyReason.RUNNING,
        ("w1@a", "4 s"),
    ),
    Case(
        "it runs longer than 99 % of its kind",
        facts(holder=holder(Held.ACTIVE), started=NOW - 40, p99=9.0, p99_runs=500),
        WhyReason.RUNNING_LONG,
        ("w1@a", "40 s", "9 s"),
    ),
    Case(
        "an event said that it started, and no worker was asked",
        facts(worker="w1@a", received=NOW - 5, started=NOW - 4),
        WhyReason.RUNNING,
        ("w1@a",),
    ),
    Case(
        "an event said that it was received, and nothing more is known",
        facts(worker="w1@a", received=NOW - 300),
        WhyReason.FETCHED,
        ("w1@a", "5 min ago"),
    ),
    Case(
        "it was revoked, and it is known by which person",
        facts(outcome=Outcome.REVOKED, finished=NOW - 60, revoked_by="anna"),
        WhyReason.REVOKED,
        ("by anna", "60 s ago"),
    ),
    Case(
        "a revoke waits for it",
        facts(queue=queue(ahead=3, workers=("w1@a",)), revoke_ordered=True, revoked_by="anna"),
        WhyReason.REVOKE_ORDERED,
        ("Task shop.mail 4c1f was revoked by anna: a worker discards it",),
    ),
    Case(
        "a revoke waits for it, and no worker was ordered",
        facts(queue=queue(ahead=3), revoke_ordered=True, revoke_asked=NOW, revoked_by="anna", revoke_sends=0),
        WhyReason.REVOKE_ORDERED,
        ("A cancel of task", "was requested by anna", "no worker has been ordered yet"),
    ),
    Case(
        "it expired in the queue",
        facts(queue=queue(ahead=3, workers=("w1@a",)), expires=NOW - 300),
        WhyReason.EXPIRED,
        ("5 min ago",),
    ),
    Case(
        "the worker revoked it because it had expired",
        facts(outcome=Outcome.REVOKED, finished=NOW - 60, expires=NOW - 300),
        WhyReason.EXPIRED,
        ("5 min ago",),
    ),
    Case(
        "the worker says that it had expired",
        facts(outcome=Outcome.REVOKED, finished=NOW - 60, revoke_reason="expired"),
        WhyReason.EXPIRED,
        ("expired:",),
    ),
    Case(
        "it was terminated after its time had passed",
        facts(
            outcome=Outcome.REVOKED,
            finished=NOW - 60,
            expires=NOW - 300,
            revoke_reason="terminated by SIGTERM",
        ),
        WhyReason.REVOKED,
        ("revoked and terminated by SIGTERM 60 s ago",),
    ),
    Case(
        "its worker ended it without an event",
        facts(end_missing=True, worker="w1@a", started=NOW - 60),
        WhyReason.END_UNREPORTED,
        ("w1@a", "was not reported"),
    ),
    Case(
        "it succeeded",
        facts(
            outcome=Outcome.SUCCEEDED, started=NOW - 70, finished=NOW - 60, worker="w1@a", result_kept=True
        ),
        WhyReason.SUCCEEDED,
        ("60 s ago", "w1@a", "10 s"),
    ),
    Case(
        "it succeeded, and its result is gone",
        facts(outcome=Outcome.SUCCEEDED, finished=NOW - 90_000, result_kept=False),
        WhyReason.RESULT_EXPIRED,
        ("25 h ago", "no longer has its result"),
    ),
    Case(
        "it failed",
        facts(outcome=Outcome.FAILED, finished=NOW - 60, error="KeyError: 'price'"),
        WhyReason.FAILED,
        ("KeyError: 'price'",),
    ),
    Case(
        "it failed, and was sent again with success",
        facts(outcome=Outcome.FAILED, finished=NOW - 60, error="KeyError: 'price'", succeeded_as="9ab0"),
        WhyReason.RECOVERED,
        ("failed 60 s ago: KeyError: 'price'", "as task 9ab0, which succeeded"),
    ),
    Case(
        "it was lost, and was sent again with success",
        facts(lost_with="w1@a", worker="w1@a", succeeded_as="9ab0"),
        WhyReason.RECOVERED,
        ("was lost on worker w1@a", "9ab0"),
    ),
    Case(
        "it was rejected",
        facts(outcome=Outcome.REJECTED, finished=NOW - 60, worker="w1@a"),
        WhyReason.REJECTED,
        ("w1@a",),
    ),
    Case(
        "it waits for its retry",
        facts(awaits_retry=True, retries=2, error="Timeout", eta=NOW + 180, holder=holder(Held.ETA)),
        WhyReason.WAITING_FOR_RETRY,
        ("Timeout", "in 3 min", "2 retries"),
    ),
    Case(
        "its worker is gone, and the broker has its message",
        facts(lost_with="w1@a", worker="w1@a", started=NOW - 60, unacknowledged=True, redelivery=3000.0),
        WhyReason.LOST_WITH_WORKER,
        ("w1@a", "delivers it again in 50 min"),
    ),
    Case(
        "its worker is gone, and the message is back in the queue",
        facts(lost_with="w1@a", queue=queue(ahead=0, workers=("w2@a",))),
        WhyReason.WAITING,
        ("queue mail", "next message"),
    ),
    Case(
        "a second run after a success counts more than the success",
        facts(outcome=Outcome.SUCCEEDED, holder=holder(Held.ACTIVE), started=NOW - 4, run_twice=True),
        WhyReason.RUNNING,
        ("w1@a",),
    ),
    Case(
        "the broker is away",
        facts(queue=queue(), sources=Sources(broker_error="redis://broker:6379/0 refuses connections.")),
        WhyReason.BROKER_UNREACHABLE,
        ("refuses connections",),
    ),
    Case(
        "its message is delivered and no worker has it",
        facts(unacknowledged=True, redelivery=1200.0, sources=ALL_WORKERS),
        WhyReason.UNACKNOWLEDGED,
        ("delivers it again in 20 min",),
    ),
    Case(
        "it was sent and is in no place that can be searched",
        facts(sent=NOW - 300, queue=queue(found=False)),
        WhyReason.SENT,
        ("5 min ago", "queue mail"),
    ),
    Case(
        "it has never been seen, and task events are off",
        facts(sources=Sources(broker="amqp://b:5672//", history=True, task_events=False)),
        WhyReason.NEVER_SEEN,
        ("amqp://b:5672//",),
    ),
)
