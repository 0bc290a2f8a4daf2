"""Every reason why a task is not running, with its sentence, remedy and command: the only table of them.

The texts are templates for ``str.format``. ``{task}`` is the task, by name and id as far as they are known;
the other placeholders are words that the rule of the reason makes. ``kubectl`` and ``celery`` are command
lines without the program, for a cluster and for elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from celery_health.catalogue.entry import Severity
from celery_health.catalogue.fleet import FleetReason


class WhyReason(StrEnum):
    """The machine-readable word of an answer."""

    QUARANTINED = "Quarantined"
    DEAD_LETTERED = "DeadLettered"
    POISON_TASK = "PoisonTask"
    SUCCEEDED = "Succeeded"
    RESULT_EXPIRED = "ResultExpired"
    FAILED = "Failed"
    RECOVERED = "Recovered"
    REVOKED = "Revoked"
    EXPIRED = "Expired"
    REJECTED = "Rejected"
    LOST_WITH_WORKER = "LostWithWorker"
    END_UNREPORTED = "EndUnreported"
    HOLDER_FAULTY = "HolderFaulty"
    HOLDER_OFFLINE = "HolderOffline"
    RUNNING = "Running"
    RUNNING_LONG = "RunningLong"
    REVOKE_ORDERED = "RevokeOrdered"
    HELD_FOR_ETA = "HeldForEta"
    RATE_LIMITED = "RateLimited"
    BEHIND_LONG_TASK = "BehindLongTask"
    RESERVED = "Reserved"
    FETCHED = "Fetched"
    BROKER_UNREACHABLE = "BrokerUnreachable"
    GROUP_AT_ZERO = "GroupAtZero"
    POD_PENDING = "PodPending"
    NO_WORKERS = "NoWorkers"
    NO_CONSUMER = "NoConsumer"
    CONSUMERS_DEAF = "ConsumersDeaf"
    WAITING = "Waiting"
    WAITING_FOR_RETRY = "WaitingForRetry"
    UNACKNOWLEDGED = "Unacknowledged"
    NO_WORKER_HAS_IT = "NoWorkerHasIt"
    SENT = "Sent"
    NEVER_SEEN = "NeverSeen"


@dataclass(frozen=True, slots=True)
class Situation:
    """What is said of one reason. ``severity``: unhealthy where the task does not run until someone acts."""

    severity: Severity
    message: str
    remedy: str = ""
    kubectl: str = ""
    celery: str = ""


_QUERY = "inspect query_task {id}"
_DESCRIBE = "describe celerydeployments {resource}"
_PODS = "get pods -l app.kubernetes.io/instance={resource}"
_HEALTH = "health"
_NOT_CONSUMED = FleetReason.QUEUE_NOT_CONSUMED.entry.wording

TEXTS: Mapping[WhyReason, Situation] = MappingProxyType(
    {
        WhyReason.QUARANTINED: Situation(
            Severity.UNHEALTHY,
            "{task} is in quarantine{deaths}: no worker runs it, and its message {moved} the dead-letter "
            "queue{queue}{problem}.",
            "{quarantine_remedy}",
            "celery dead-letter {resource} list",
            "health dead-letter list{queue_option}",
        ),
        WhyReason.DEAD_LETTERED: Situation(
            Severity.UNHEALTHY,
            "The message of {task} is in the dead-letter queue {queue}: no worker consumes that queue.",
            "Read the message and correct the task. Then replay the message: the same command with replay in "
            "place of show",
            "celery dead-letter {resource} show {id}",
            "health dead-letter show {id}{queue_option}",
        ),
        WhyReason.POISON_TASK: Situation(
            Severity.UNHEALTHY,
            "{message}.",
            "{poison_remedy}",
            _DESCRIBE,
        ),
        WhyReason.SUCCEEDED: Situation(
            Severity.INFORMATION, "{task} succeeded{ago}{on_worker}{took}.", "", "", ""
        ),
        WhyReason.RESULT_EXPIRED: Situation(
            Severity.INFORMATION,
            "{task} succeeded{ago}{on_worker}, and the result backend no longer has its result.",
            "Raise result_expires if the result is read later than that",
        ),
        WhyReason.FAILED: Situation(
            Severity.DEGRADED,
            "{task} failed{ago}{on_worker}{error}.",
            "Correct the cause{again}",
        ),
        WhyReason.RECOVERED: Situation(
            Severity.INFORMATION,
            "{task} {ended}{ago}{on_worker}{error}. It was sent again as task {retry}, which succeeded.",
        ),
        WhyReason.REVOKED: Situation(
            Severity.DEGRADED,
            "{task} was revoked{by}{how}{ago}: no worker runs it.",
            "Send the task again if it is needed",
        ),
        WhyReason.EXPIRED: Situation(
            Severity.DEGRADED,
            "{task} expired{expired}: the worker that fetches it discards it.",
            "Send the task again, with a later expires or without one",
        ),
        WhyReason.REJECTED: Situation(
            Severity.DEGRADED,
            "{task} was rejected{ago}{on_worker}{error}: it does not run again.",
            "Find out why the task or the worker rejects it, then send it again",
        ),
        WhyReason.LOST_WITH_WORKER: Situation(
            Severity.UNHEALTHY,
            "{task} was lost with its worker {worker}{redelivery}.",
            "Set task_acks_late and task_reject_on_worker_lost if the task may run twice; otherwise send it "
            "again",
        ),
        WhyReason.END_UNREPORTED: Situation(
            Severity.UNKNOWN,
            "{task} ended{on_worker}, and its end was not reported: no event says whether it succeeded.",
            "Read its result, or the log of the worker. Celery loses events of its threads pool: prefer "
            "another pool",
            "",
            "result {id}",
        ),
        WhyReason.HOLDER_FAULTY: Situation(
            Severity.UNHEALTHY,
            "Worker {worker} has fetched {task}{fault}.",
            "{holder_remedy}",
            _DESCRIBE,
            _HEALTH,
        ),
        WhyReason.HOLDER_OFFLINE: Situation(
            Severity.UNHEALTHY,
            "Worker {worker} has fetched {task} and is offline{redelivery}.",
            "Start the worker again, or wait until the broker delivers the message to another worker",
            _PODS,
            _HEALTH,
        ),
        WhyReason.RUNNING: Situation(
            Severity.INFORMATION, "Worker {worker} {runs} {task}{running_for}.", "", _DESCRIBE, _QUERY
        ),
        WhyReason.RUNNING_LONG: Situation(
            Severity.DEGRADED,
            "Worker {worker} {runs} {task}{running_for}; 99 % of its runs take less than {p99}.",
            "Find out what the task waits for; a time limit ends runs that hang",
            _DESCRIBE,
            _QUERY,
        ),
        WhyReason.REVOKE_ORDERED: Situation(
            Severity.DEGRADED,
            "{request}{task} was {requested}{by}: {effect}.",
            "Send the task again if it is needed",
        ),
        WhyReason.HELD_FOR_ETA: Situation(
            Severity.INFORMATION,
            "Worker {worker} holds {task} until its ETA{eta}.",
            "Nothing is wrong, unless the ETA is further away than the visibility timeout of Redis: the task "
            "is then delivered again, and can run twice",
            "",
            "inspect scheduled",
        ),
        WhyReason.RATE_LIMITED: Situation(
            Severity.INFORMATION,
            "Worker {worker} holds {task} because of its rate limit of {rate_limit}.",
            "Raise the rate limit, or start more workers: the limit is one for each worker",
            "",
            "control rate_limit {name} RATE",
        ),
        WhyReason.BEHIND_LONG_TASK: Situation(
            Severity.DEGRADED,
            "Worker {worker} has reserved {task} behind {blocking}.",
            "Set worker_prefetch_multiplier = 1 and task_acks_late so that idle workers get waiting tasks",
            "",
            "inspect active -d {worker}",
        ),
        WhyReason.RESERVED: Situation(
            Severity.INFORMATION,
            "Worker {worker} has reserved {task}, and {slots}.",
            "Nothing is wrong. Start more workers if the wait is too long",
            "",
            "inspect active -d {worker}",
        ),
        WhyReason.FETCHED: Situation(
            Severity.UNKNOWN,
            "Worker {worker} has fetched {task}{ago} and has not started it.",
            "Ask the worker what it does with the task",
            "",
            _QUERY,
        ),
        WhyReason.BROKER_UNREACHABLE: Situation(
            Severity.UNHEALTHY,
            "The broker cannot be used, so no worker gets {task}: {broker_error}",
            "Repair the broker, or correct its URL",
            _DESCRIBE,
            _HEALTH,
        ),
        WhyReason.GROUP_AT_ZERO: Situation(
            Severity.UNHEALTHY,
            "{task} waits in queue {queue}{ahead}, and group {group} has no worker{group_why}.",
            "Raise minReplicas of the group, or its replicas",
            _DESCRIBE,
            "",
        ),
        WhyReason.POD_PENDING: Situation(
            Severity.UNHEALTHY,
            "{task} waits in queue {queue}{ahead}, and a pod of group {group} cannot start: {pending}.",
            "Give the cluster what the pod needs, or let the group ask for less",
            "describe pod {pod}",
            "",
        ),
        WhyReason.NO_WORKERS: Situation(
            Severity.UNHEALTHY,
            "{task} waits in queue {queue}{ahead}, and no worker is online.",
            "Start a worker",
            _PODS,
            "worker -Q {queue}",
        ),
        WhyReason.NO_CONSUMER: Situation(
            Severity.UNHEALTHY,
            "{task} waits in queue {queue}{ahead}, and no worker reads that queue.",
            _NOT_CONSUMED.remedy.removesuffix("."),
            _NOT_CONSUMED.kubectl,
            _NOT_CONSUMED.celery,
        ),
        WhyReason.CONSUMERS_DEAF: Situation(
            Severity.UNHEALTHY,
            "{task} waits in queue {queue}{ahead}, and every worker of that queue is connected and fetches "
            "nothing: {deaf}.",
            "Restart these workers",
            _DESCRIBE,
            _HEALTH,
        ),
        WhyReason.WAITING: Situation(
            Severity.INFORMATION,
            "{task} waits in queue {queue}{ahead}{slots}{expected}.",
            "{waiting_remedy}",
            _DESCRIBE,
            _HEALTH,
        ),
        WhyReason.WAITING_FOR_RETRY: Situation(
            Severity.INFORMATION,
            "{task} failed{error} and is to run again{eta}; {retries}.",
            "Nothing is wrong with the queue. Correct the cause if the retries go on failing",
            "",
            _QUERY,
        ),
        WhyReason.UNACKNOWLEDGED: Situation(
            Severity.DEGRADED,
            "The message of {task} is delivered and not acknowledged, and no worker that answers has the "
            "task{redelivery}.",
            "Wait until the broker delivers the message again; find out whether a worker was killed",
            _PODS,
            _HEALTH,
        ),
        WhyReason.NO_WORKER_HAS_IT: Situation(
            Severity.UNHEALTHY,
            "Worker {worker} has begun {task}, and does not have it any more: the task does not run, "
            "although {last}.",
            "Find out whether its message is in its queue, and send the task again if the message is gone. "
            "The process that ran the task may have been killed",
            _PODS,
            _HEALTH,
        ),
        WhyReason.SENT: Situation(
            Severity.UNKNOWN,
            "{task} was sent{ago}{to_queue}, and nothing has been seen of it since.",
            "Check that a worker reads the queue and sends task events",
            _DESCRIBE,
            "control enable_events",
        ),
        WhyReason.NEVER_SEEN: Situation(
            Severity.UNKNOWN,
            "{task} has never been seen{where}{delay}.",
            "{seen_remedy}",
            _DESCRIBE,
            _HEALTH,
        ),
    }
)
