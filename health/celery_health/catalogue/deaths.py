"""Reasons about tasks that kill the processes that run them."""

from celery_health.catalogue.entry import Cause, Entry, Reason, Severity, Subject, Wording


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
            message="Task {subject} killed its worker {times} in {span}: {cause}. {fate}",
            remedy="Revoke the task, so that no worker runs it again. Then correct the task, or give it more "
            "memory: raise resources.limits.memory of the group, or lower its concurrency.",
            kubectl="exec {pod} -c {worker} -- celery -A {app} control revoke {task_id}",
            celery="control revoke {task_id}",
        ),
        variants={
            "by_name": Wording(
                message="Tasks of {subject} killed their workers {times} in {span}. The last cause: {cause}.",
                remedy="Correct the task, or give it more memory: raise resources.limits.memory of the "
                "group, or lower its concurrency. Until then, send no task of that name.",
                kubectl="logs {pod} -c {worker}",
                celery="inspect active",
            ),
            "suspects": Wording(
                message="One of the tasks {suspects} killed its worker {times} in {span}: {cause}. They ran "
                "together each time.",
            ),
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
            remedy="Read the worker's log. If the memory limit is the cause, raise resources.limits.memory "
            "of the group, or lower its concurrency.",
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
            message="Within {window}, {lost} lost with the process that ran them.",
            remedy="Send the lost tasks again. To have such messages go back to their queue, set "
            "task_acks_late and task_reject_on_worker_lost for tasks that may run twice.",
            kubectl="logs {subject} -c {worker}",
            celery="inspect stats -d {subjects}",
        ),
        rank=195,
        while_draining=True,
    )
