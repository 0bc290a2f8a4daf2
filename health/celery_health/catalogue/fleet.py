"""Reasons that need more than one report: the fleet, the broker, or time."""

from collections.abc import Mapping

from celery_health.catalogue import fleet_variants
from celery_health.catalogue.entry import Actor, Cause, Entry, Reason, Replacement, Severity, Subject, Wording
from celery_health.catalogue.unknown_workers import NO_WORKERS, UNKNOWN_WORKERS

_REPORT = "exec {subject} -c {sidecar} -- celery-probe report"


def _result_backend(
    word: str, severity: Severity, meaning: str, remedy: str, variants: Mapping[str, Wording] | None = None
) -> Entry:
    return Entry(
        word=word,
        subject=Subject.RESULT_BACKEND,
        severity=severity,
        page="broker",
        meaning=meaning,
        cause=Cause.BROKER,
        wording=Wording(message="{reading}", remedy=remedy, celery="report"),
        variants=variants or {},
        rank=300,
    )


class FleetReason(Reason):
    """What is wrong with a fleet, and no worker can report of itself."""

    BROKER_UNREACHABLE = Entry(
        word="BrokerUnreachable",
        subject=Subject.BROKER,
        severity=Severity.UNHEALTHY,
        page="broker",
        meaning="No message can be sent or fetched.",
        cause=Cause.BROKER,
        acts=Actor.CELERY,
        wording=Wording(
            message="{reading}",
            remedy="Bring the broker back, or correct its URL. Workers reconnect by themselves: do not "
            "restart them.",
            celery="report",
        ),
        rank=0,
        announced=False,
    )
    BROKER_UNKNOWN = Entry(
        word="BrokerUnknown",
        subject=Subject.BROKER,
        severity=Severity.UNKNOWN,
        page="broker",
        meaning="The evidence does not show whether the broker works.",
        cause=Cause.BROKER,
        wording=Wording(
            message="{reading}",
            remedy="Name the broker's URL, and a user who may log in to it.",
            celery="report",
        ),
        variants=fleet_variants.UNKNOWN_BROKERS,
        rank=0,
    )
    NO_WORKERS = Entry(
        word="NoWorkers",
        subject=Subject.WORKER,
        severity=Severity.UNHEALTHY,
        page="no-workers",
        meaning="The broker answers, and no worker does.",
        cause=Cause.CONFIGURATION,
        wording=Wording(
            message="The broker answers, but no worker does.",
            remedy="Start a worker, and check that it uses this broker.",
            celery="worker --loglevel=INFO",
        ),
        variants=NO_WORKERS,
        rank=10,
    )
    NO_WORKER_CONSUMES = Entry(
        word="NoWorkerConsumes",
        subject=Subject.WORKER,
        severity=Severity.UNHEALTHY,
        page="no-workers",
        meaning="Workers answer, and none of them consumes.",
        cause=Cause.WORKER,
        wording=Wording(
            message="None of {workers} is consuming.",
            remedy="Restart a worker that should consume. A drained worker fetches nothing on purpose.",
            celery="inspect active_queues -d {subjects}",
        ),
        rank=20,
    )
    WORKER_NOT_CONSUMING = Entry(
        word="WorkerNotConsuming",
        subject=Subject.WORKER,
        severity=Severity.DEGRADED,
        page="no-workers",
        meaning="A worker does not consume, and others do.",
        cause=Cause.WORKER,
        wording=Wording(
            message="{names} not consuming.",
            remedy="Restart a worker that should consume. A drained worker fetches nothing on purpose.",
            celery="inspect active_queues -d {subjects}",
        ),
        variants={
            "by_count": Wording(
                message="{part} not waiting for messages, by the broker's count of its clients. The count "
                "does not show which.",
                remedy="Find the worker whose log shows a lost connection and no task since, and restart it.",
                celery="inspect stats",
            ),
        },
        rank=95,
    )
    WORKERS_UNKNOWN = Entry(
        word="WorkersUnknown",
        subject=Subject.WORKER,
        severity=Severity.UNKNOWN,
        page="no-workers",
        meaning="The workers could not be asked, or their answer does not show whether they consume.",
        wording=Wording(
            message="It is not known which workers run and consume.",
            remedy="Let this program use the application's broker and remote control.",
            celery="inspect ping",
        ),
        variants=UNKNOWN_WORKERS,
        rank=100,
    )
    NAMES_COLLIDE = Entry(
        word="NamesCollide",
        subject=Subject.WORKER,
        severity=Severity.INFORMATION,
        page="no-workers",
        meaning="Several workers have the same name, so remote control cannot address one of them.",
        cause=Cause.CONFIGURATION,
        wording=Wording(
            message="{copies}.",
            remedy="Give each worker a name of its own: on one host -n one@%h and -n two@%h, and with one "
            "worker on each host -n worker@%h.",
            celery="worker -n two@%h",
        ),
        rank=500,
    )
    WORKER_STALLED = Entry(
        word="WorkerStalled",
        subject=Subject.WORKER,
        severity=Severity.DEGRADED,
        page="worker-stalled",
        meaning="Messages wait, and a worker with free slots that appears to consume takes none of them.",
        cause=Cause.WORKER,
        acts=Actor.OPERATOR,
        wording=Wording(
            message="Worker {subject} has {free_slots} and has begun or ended no task for {idle}, while "
            "messages wait in {queues}.",
            remedy="To replace the worker at once, stop it: it does not recover by itself.",
            kubectl="delete pod {subject}",
            celery="control shutdown -d {subjects}",
        ),
        rank=100,
        replacement=Replacement("RestartedStalledWorker", "it took none of the messages that wait for it"),
    )
    HUNG_TASK = Entry(
        word="HungTask",
        subject=Subject.WORKER,
        severity=Severity.DEGRADED,
        page="hung-task",
        meaning="A task runs beyond its time limit.",
        cause=Cause.TASKS,
        wording=Wording(
            message="Worker {subject} has been running task {task} ({task_id}) for {running}; its limit is "
            "{limit}.",
            remedy="Find out what the task waits for, and give that a timeout. A restart of the worker ends "
            "the task.",
            kubectl=_REPORT,
            celery="inspect active -d {subjects}",
        ),
        rank=140,
        while_draining=True,
        replacement=Replacement("RestartedHungWorker", "a task in it runs beyond its limit"),
    )
    HOARDING = Entry(
        word="Hoarding",
        subject=Subject.WORKER,
        severity=Severity.DEGRADED,
        page="hoarding",
        meaning="A worker has fetched far more messages than it works on: ETA or rate-limited tasks fill it.",
        cause=Cause.TASKS,
        wording=Wording(
            message="Worker {subject} has fetched {waiting} that it does not work on ({eta} wait for their "
            "time, {reserved} for a slot or a rate limit) and runs {active}.",
            remedy="Keep tasks with a far ETA in a store of your own until they are due, or set "
            "worker_eta_task_limit (Celery 5.6). Give rate-limited tasks a queue and workers of their own.",
            kubectl=_REPORT,
            celery="inspect scheduled -d {subjects}",
        ),
        rank=150,
    )
    ABOVE_THRESHOLD = Entry(
        word="AboveThreshold",
        subject=Subject.QUEUE,
        severity=Severity.DEGRADED,
        page="backlog",
        meaning="A queue holds more ready messages than the threshold.",
        cause=Cause.TASKS,
        wording=Wording(
            message="{lengths} {verb} above the threshold of {threshold} ready messages.",
            remedy="Start more workers for the queue, or find out which tasks are slow.",
            celery="worker -Q {subjects}",
        ),
        rank=200,
    )
    QUEUE_NOT_CONSUMED = Entry(
        word="QueueNotConsumed",
        subject=Subject.QUEUE,
        severity=Severity.DEGRADED,
        page="queue-not-consumed",
        meaning="Messages wait in a queue that no worker consumes and that does not get shorter, or --queue "
        "names a queue that no worker consumes. It is unhealthy where --queue names no other queue.",
        cause=Cause.CONFIGURATION,
        wording=Wording(
            message="No worker consumes {lengths}.",
            remedy="Let a worker consume {queues}, or correct the queue that the tasks are sent to "
            "(task_routes, task_default_queue).",
            kubectl="edit celerydeployments {resource}",
            celery="worker -Q {subjects}",
        ),
        variants=fleet_variants.UNCONSUMED_QUEUES,
        rank=210,
    )
    ORPHANED_MESSAGES = Entry(
        word="OrphanedMessages",
        subject=Subject.QUEUE,
        severity=Severity.DEGRADED,
        page="orphaned-messages",
        meaning="Redis keeps messages for workers that no longer have them.",
        cause=Cause.WORKER,
        acts=Actor.CELERY,
        wording=Wording(
            message="{unacknowledged} of {broker} {verb} unacknowledged, and the workers have {in_flight} in "
            "flight. The oldest was delivered {age} ago.",
            remedy="Wait: orphaned messages are delivered again after the visibility timeout of {timeout}, "
            "and workers check every {interval}. For a shorter wait lower "
            "broker_transport_options['visibility_timeout'], but not below the longest task or ETA.",
            kubectl="get pods -l app.kubernetes.io/instance={resource}",
            celery="inspect conf | grep -A9 broker_transport_options",
        ),
        variants=fleet_variants.ORPHANED_MESSAGES,
        rank=220,
    )
    QUEUE_UNKNOWN = Entry(
        word="QueueUnknown",
        subject=Subject.QUEUE,
        severity=Severity.UNKNOWN,
        page="backlog",
        meaning="The length of a queue is not known.",
        cause=Cause.BROKER,
        wording=Wording(
            message="The length of {queues} is not known: {reading}",
            remedy="Let the broker's user read the queues.",
            celery="report",
        ),
        rank=230,
    )
    RESULT_BACKEND_UNREACHABLE = _result_backend(
        "ResultBackendUnreachable",
        Severity.DEGRADED,
        "Results can be neither stored nor fetched.",
        "Bring the result backend back, or correct its URL. Until then the results of tasks are lost.",
        fleet_variants.RESULT_BACKENDS,
    )
    RESULT_BACKEND_UNKNOWN = _result_backend(
        "ResultBackendUnknown",
        Severity.UNKNOWN,
        "The evidence does not show whether the result backend works.",
        "Name the result backend's URL, and a user who may log in to it.",
        fleet_variants.UNKNOWN_RESULT_BACKENDS,
    )
    TEST_TASK_FAILED = Entry(
        word="TestTaskFailed",
        subject=Subject.QUEUE,
        severity=Severity.DEGRADED,
        page="no-workers",
        meaning="A test task did not come back: unhealthy if none did, unknown if they may only have "
        "to wait.",
        cause=Cause.WORKER,
        wording=Wording(
            message="{failed} of {sent} failed: {failures}",
            remedy="Check that a worker consumes the queue, knows the task, and stores its result.",
            celery="inspect active_queues",
        ),
        variants=fleet_variants.UNPROVEN_TEST_TASKS,
        rank=400,
    )
