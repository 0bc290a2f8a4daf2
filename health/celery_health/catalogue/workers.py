"""Reasons that a worker's own report shows."""

from celery_health.catalogue import processes
from celery_health.catalogue.entry import (
    Actor,
    Cause,
    Entry,
    Reason,
    Severity,
    Subject,
    Wording,
)

_LOGS_BEFORE = "logs {subject} -c {worker} --previous"


class WorkerReason(Reason):
    """What the sidecar says of its worker: the ``reason`` of every probe answer."""

    CONSUMING = Entry(
        word="Consuming",
        subject=Subject.WORKER,
        severity=Severity.INFORMATION,
        page="consuming",
        meaning="The worker fetches messages from its queues, or its transport cannot show whether it does.",
        evidence={
            "consuming": "The worker consumes from {queues}.",
            "not_shown": "The worker's main loop turns. Its transport does not show whether it fetches "
            "messages.",
        },
    )
    BUSY = Entry(
        word="Busy",
        subject=Subject.WORKER,
        severity=Severity.INFORMATION,
        page="consuming",
        meaning="The main loop waits for a task, as it must: a solo worker inside a task, or a gevent or "
        "eventlet worker whose slots are all taken.",
        evidence={
            "slots": "The {pool} worker has had no free slot for {age} s; it has {slots}.",
            "task": "The {pool} worker has been inside a task for {age} s.",
        },
    )
    DRAINING = Entry(
        word="Draining",
        subject=Subject.WORKER,
        severity=Severity.INFORMATION,
        page="consuming",
        meaning="A drain was requested: the worker fetches no messages and finishes its in-flight tasks.",
        evidence={"draining": "The worker fetches no messages and has {tasks} in flight."},
    )
    STARTING = processes.STARTING
    CONNECTING = processes.CONNECTING
    STOPPING = processes.STOPPING
    ENDED = processes.ENDED
    AGENT_ABSENT = processes.AGENT_ABSENT
    REPORT_UNREADABLE = processes.REPORT_UNREADABLE
    WEDGED = Entry(
        word="Wedged",
        subject=Subject.WORKER,
        severity=Severity.DEGRADED,
        page="wedged",
        meaning="The process lives and its main loop no longer turns.",
        cause=Cause.WORKER,
        acts=Actor.KUBELET,
        wording=Wording(
            message="Pod {subject} is wedged: {evidence}",
            remedy="If it happens again, read what the worker did before it stopped.",
            kubectl=_LOGS_BEFORE,
        ),
        rank=70,
        evidence={
            "silent": processes.SILENT,
            "loop": "The worker's main loop has not turned for {age} s.",
            "broker": "The worker has waited for an answer of its broker for {age} s, though the broker "
            "answers.",
            "connection": "The worker has waited for a connection to its broker for {age} s, though the "
            "broker answers.",
        },
    )
    POOL_DEAD = Entry(
        word="PoolDead",
        subject=Subject.POOL,
        severity=Severity.DEGRADED,
        page="pool-dead",
        meaning="The pool can run no task: its child processes die as fast as they are started.",
        cause=Cause.WORKER,
        acts=Actor.KUBELET,
        wording=Wording(
            message="The pool of pod {subject} is dead: {evidence}",
            remedy="If it happens again, read what ends the pool's child processes.",
            kubectl=_LOGS_BEFORE,
        ),
        rank=80,
        evidence={
            "dying": "The pool's children die as fast as they are started: {births} were started, and no "
            "task has begun or ended for {age} s.",
            "no_child": "The pool has had no child for {age} s.",
        },
    )
    DEAF = Entry(
        word="Deaf",
        subject=Subject.WORKER,
        severity=Severity.DEGRADED,
        page="deaf",
        meaning="The worker is connected to the broker and fetches no messages.",
        cause=Cause.WORKER,
        acts=Actor.KUBELET,
        wording=Wording(
            message="Pod {subject} is deaf: {evidence}",
            remedy="To restart the worker at once, delete its pod: it finishes its tasks first.",
            kubectl="delete pod {subject}",
        ),
        rank=90,
        broker_outage_explains=True,
        evidence={
            "silent_broker": "The worker's connection is dead: the broker has owed it an answer for {age} "
            "s, and answers the sidecar.",
            "no_queues": "The worker has left all its queues, by remote control.",
            "no_messages": "The worker's main loop turns, but the worker fetches no messages.",
        },
    )
