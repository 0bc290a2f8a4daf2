"""Quarantine of poison tasks by the workers themselves."""

from importlib.util import find_spec

from celery_health.presets.preset import Preset, PresetError, Setting

CONSUMER = Setting(
    "worker_consumer",
    "celery_probe.agent.own_quarantine.consumer:Consumer",
    "After three deaths of its child process within 10 min, a task does not run again: the workers move its "
    "whole message to the queue DEFAULT_QUEUE.dead-letter (prefork on Redis or RabbitMQ). The message stays "
    "there until you replay or drop it. Cost: the task's result never arrives. A worker with another broker "
    "does not start.",
)


def quarantine() -> Preset:
    """Move the message of a task that kills its child process again and again to the dead-letter queue.

    For workers without the operator, with or without the agent. In a pod of the operator it does nothing:
    there ``spec.health.poisonTasks`` applies. It needs ``task_acks_late`` and
    ``task_reject_on_worker_lost``, as ``reliable()`` sets them: without them the message of a killed task
    does not come back.

    Raises:
        PresetError: the package ``celery_probe`` is not installed.
    """
    module = str(CONSUMER.value).partition(":")[0]
    try:
        found = find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise PresetError(
            "presets.quarantine() needs the package celery_probe beside celery_health: run "
            "`pip install celery-operator`, or copy both folders."
        )
    return Preset((CONSUMER,))
