"""Reasons about tasks that kill the processes that run them."""

from dataclasses import replace

from celery_health.catalogue.entry import Cause, Entry, Reason, Severity, Subject, Wording

_OF_ONE = "Task {task} killed its worker {times} in {span}: {cause}. {fate}"
_OF_SUSPECTS = "One of the tasks {suspects} killed its worker {times} in {span}: {cause}. {fate}"
_QUARANTINED_SEVERAL = Wording(
    message=_OF_ONE,
    remedy="{correction} Then put the messages back with dead-letter replay; dead-letter list has the ids. "
    "Do not revoke the tasks.",
    kubectl="celery dead-letter {resource} list",
    celery="health dead-letter list --queue {dead_letter_queue}",
)


class DeathReason(Reason):
    """What the deaths of pool children and of worker processes show."""

    POISON_TASK = Entry(
        word="PoisonTask",
        subject=Subject.TASK,
        severity=Severity.DEGRADED,
        page="poison-task",
        meaning="A task kills the processes that run it, again and again.",
        cause=Cause.TASKS,
        wording=Wording(
            message=_OF_ONE,
            remedy="Revoke the task: a worker then discards its message. To keep the message, turn "
            "quarantine on instead. {correction}",
            kubectl="exec {pod} -c {worker} -- celery -A {app} control revoke {task_id}",
            celery="control revoke {task_id}",
        ),
        variants={
            "by_name": Wording(
                message="Tasks of {subject} killed their workers {times} in {span}. The last cause: {cause}.",
                remedy="{correction} Until then, send no task of that name.",
                kubectl="logs {pod} -c {worker}",
                celery="inspect active",
            ),
            "suspects": Wording(
                message=_OF_SUSPECTS,
            ),
            # Not the command revoke: workers would discard the message after its replay.
            "quarantined": Wording(
                message=_OF_ONE,
                remedy="{correction} Then put the message back. Do not revoke the task.",
                kubectl="celery dead-letter {resource} replay {task_id}",
                celery="health dead-letter replay {task_id} --queue {dead_letter_queue}",
            ),
            "quarantined_several": _QUARANTINED_SEVERAL,
            "quarantined_suspects": replace(_QUARANTINED_SEVERAL, message=_OF_SUSPECTS),
        },
        # It explains why its workers are down, so it comes before OOMKilled and Crashing.
        rank=45,
        while_draining=True,
    )
    CHILDREN_LOST = Entry(
        word="ChildrenLost",
        subject=Subject.WORKER,
        severity=Severity.DEGRADED,
        page="poison-task",
        meaning="Processes of the pool die, and no single task explains it.",
        cause=Cause.TASKS,
        wording=Wording(
            message="{children} of the pool of {workers} died within {window}. Causes: {causes}.",
            remedy="Read the worker's log. If memory is the cause, give the workers more of it, or lower "
            "their concurrency.",
            kubectl="logs {subject} -c {worker}",
            celery="inspect stats -d {subjects}",
        ),
        rank=190,
        while_draining=True,
    )
    TASKS_LOST = Entry(
        word="TasksLost",
        subject=Subject.WORKER,
        severity=Severity.INFORMATION,
        page="poison-task",
        meaning="Tasks are gone with the process that ran them: their messages do not go back.",
        cause=Cause.CONFIGURATION,
        wording=Wording(
            message="Within {window}, {lost} lost when a process of the worker ended.",
            remedy="Send the lost tasks again. To have such messages go back to their queue, set "
            "task_acks_late and task_reject_on_worker_lost for tasks that may run twice.",
            kubectl="logs {subject} -c {worker}",
            celery="inspect stats -d {subjects}",
        ),
        variants={
            "by_exit": Wording(
                message="Within {window}, {lost} lost because of SystemExit. Celery before 5.7 takes that "
                "for a failure of the task, so the message does not go back.",
                remedy="Raise another exception in the task instead of calling sys.exit. Then send the lost "
                "tasks again.",
            ),
        },
        rank=195,
        while_draining=True,
    )
