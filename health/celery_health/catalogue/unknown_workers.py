"""The variants of ``WorkersUnknown``, and those of ``NoWorkers``."""

from collections.abc import Mapping

from celery_health.catalogue.entry import Wording

_NO_ANSWER = "{names} connected to the broker and did not answer."

UNKNOWN_WORKERS: Mapping[str, Wording] = {
    "not_shown": Wording(
        message="It is not known whether {names} consuming.",
        remedy="Run the worker with the agent, or send a test task through its queues.",
        celery="inspect active_queues -d {subjects}",
    ),
    "may_be_full": Wording(
        message="It is not known whether {names} consuming. Nothing waits for messages, and "
        "{unacknowledged} of the broker may fill the prefetch limit without being shown by remote "
        "control.",
        remedy="Send a test task through the queues. If it does not come back, and the worker runs "
        "no task that collects messages, restart the worker.",
        celery="health --test-tasks",
    ),
    "of_others": Wording(
        message="It is not known whether a worker serves the application. {workers} answered: none "
        "consumes a queue that the application names, or registers a task that is known here.",
        remedy="Name the queues of its workers with --queue, or send a test task.",
        celery="inspect active_queues",
    ),
    "other_settings": Wording(
        message="No worker answers. The broker shows {workers} with another global_keyprefix or "
        "control_exchange, which only the application names.",
        remedy="Name the application of the workers with -A APP.",
        celery="health",
    ),
    "silent": Wording(
        message=_NO_ANSWER,
        remedy="A worker with the pool solo answers nothing while it runs a task. If it never "
        "answers, read its log.",
        celery="inspect ping",
    ),
    "silent_without_app": Wording(
        message=_NO_ANSWER,
        remedy="A worker with the pool solo answers nothing while it runs a task, and one with another "
        "control_exchange only with -A APP. If it never answers, read its log.",
        celery="inspect ping",
    ),
    "no_remote_control": Wording(message="The workers cannot be asked: {failure}"),
    "slow_remote_control": Wording(
        message="The workers cannot be asked: {failure}",
        remedy="Give the check more time with --timeout. A server of a failover list or a Sentinel that "
        "does not answer delays each connection.",
        celery="health --timeout 30",
    ),
}

NO_WORKERS: Mapping[str, Wording] = {
    "of_others": Wording(
        message="No worker serves the application. {workers} answered: none consumes a queue that the "
        "application names, or registers a task of the application.",
        remedy="Start a worker of the application, or name the queues of its workers with --queue.",
    ),
    "refused_setting": Wording(
        message="The broker answers, but no worker does. A setting of the application ends each worker at "
        "its start: {setting}.",
        remedy="Correct the setting, and start a worker.",
    ),
    "without_app": Wording(
        remedy="Start a worker, and check that it uses this broker. If the application sets "
        "global_keyprefix or control_exchange, its workers are found only with -A APP.",
    ),
}
"""Other applications may share the broker, and without the application its settings are not known."""
