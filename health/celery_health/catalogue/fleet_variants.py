"""The variants of reasons about queues, the result backend and test tasks."""

from collections.abc import Mapping

from celery_health.catalogue.entry import Wording

UNCONSUMED_QUEUES: Mapping[str, Wording] = {
    "asked": Wording(
        remedy="Start a worker that consumes {queues}, or correct the name: the workers that run consume "
        "{consumed}.",
    ),
}
"""``--queue`` names the queue."""

ORPHANED_MESSAGES: Mapping[str, Wording] = {
    "never_restored": Wording(
        remedy="Let one worker of another pool consume from this broker, such as a group with "
        "pool: threads. Idle gevent and eventlet workers never deliver orphaned messages again.",
    ),
}

_TLS = Wording(remedy="Correct what the message names: the certificate, its file, or the option of TLS.")
"""What is wrong with TLS is known, and neither the address nor the user."""

UNKNOWN_BROKERS: Mapping[str, Wording] = {
    "no_reader": Wording(
        remedy="Send a test task. It needs the application and a result backend.",
        celery="health --test-tasks",
    ),
    "tls": _TLS,
}

UNKNOWN_RESULT_BACKENDS: Mapping[str, Wording] = {"tls": _TLS}

RESULT_BACKENDS: Mapping[str, Wording] = {
    "beside_broker": Wording(
        remedy="See to the broker first: without it no task runs. Then bring the result backend back, or "
        "correct its URL.",
    ),
}
"""The broker does not work either, so that no task is known to run."""

UNPROVEN_TEST_TASKS: Mapping[str, Wording] = {
    "too_short": Wording(
        message="{failed} of {sent} did not come back: {failures}. This time is too short to prove anything.",
        remedy="Use a longer --timeout: a test task needs at least 3 s.",
        celery="health --test-tasks --timeout 10",
    ),
    "behind_others": Wording(
        message="{failed} of {sent} did not come back: {failures}. Other tasks are before it: {busy}.",
        remedy="Wait until tasks have ended, use a longer --timeout, or start more workers for the queue.",
        celery="inspect active",
    ),
    "unseen": Wording(
        message="{failed} of {sent} did not come back: {failures}. It is not known whether the workers are "
        "busy with other tasks.",
        remedy="Wait until tasks have ended, or use a longer --timeout. If nothing ever comes back, read the "
        "logs of the workers.",
        celery="inspect ping",
    ),
}
"""The test task may still wait for its turn at a worker that works."""
