"""Workers and their groups."""

from tests.support.alert_cases.case import SHOP, Alert, Case, condition, series

STANDARD = {**SHOP, "group": "standard"}


def group(name: str, **labels: str) -> str:
    return series(name, group="standard", **labels)


CASES = (
    Case(
        "CeleryWorkersDown",
        "no worker of a group consumes",
        {group("celery_workers_desired"): "2x10", group("celery_workers_consuming"): "2 2 0x10"},
        8,
        (
            Alert(
                STANDARD,
                "No worker of market/shop is consuming",
                "No worker in group standard of market/shop is consuming. Tasks wait in the queues, and none "
                "of them runs.",
            ),
        ),
    ),
    Case(
        "CeleryWorkersDown",
        "the last worker has gone from the sight of a monitor without Kubernetes",
        {
            series("celery_monitor_connected", {"resource": "shop"}): "1x40",
            series("celery_worker_up", {"resource": "shop"}, hostname="a"): "1x5 0x9 stale",
        },
        30,
        (
            Alert(
                {"resource": "shop"},
                "No worker of shop is consuming",
                "No worker of shop is consuming. Tasks wait in the queues, and none of them runs.",
            ),
        ),
    ),
    Case(
        "CeleryWorkersDown",
        "a group is at zero because it has nothing to do, and another consumes",
        {
            group("celery_workers_desired"): "0x20",
            group("celery_workers_consuming"): "0x20",
            series("celery_workers_desired", group="mail"): "1x20",
            series("celery_workers_consuming", group="mail"): "1x20",
            series("celery_monitor_connected"): "1x20",
        },
        20,
    ),
    Case(
        "CeleryWorkersDown",
        "it is unknown whether the workers consume",
        {
            group("celery_workers_desired"): "2x20",
            group("celery_workers_consuming"): "0x20",
            group("celery_workers_unknown", reason="SidecarUnreachable"): "2x20",
        },
        20,
    ),
    Case(
        "CeleryWorkersDown",
        "a restart takes two minutes",
        {group("celery_workers_desired"): "1x20", group("celery_workers_consuming"): "1x5 0 0 1x12"},
        9,
    ),
    Case(
        "CeleryWorkersRestartRepeatedly",
        "different pods of a group become deaf within an hour",
        {
            group("celery_worker_liveness_failures_total", pod="a"): "0x10 1x10 2x40",
            group("celery_worker_liveness_failures_total", pod="b"): "0x30 1x10 2x20",
            group("celery_worker_liveness_failures_total", pod="c"): "0x50 1x10",
        },
        60,
        (
            Alert(
                STANDARD,
                "Workers of market/shop are restarted again and again",
                "More than 3 times within an hour, a worker in group standard of market/shop had to be "
                "restarted: it was deaf, wedged or stalled, or its pool was dead. Restarts do not remove the "
                "cause.",
            ),
        ),
    ),
    Case(
        "CeleryWorkersRestartRepeatedly",
        "the operator evicts stalled workers",
        {group("celery_operator_restarts_total", reason="WorkerStalled", pod="operator-1"): "1+1x5 6x60"},
        30,
        (
            Alert(
                STANDARD,
                "Workers of market/shop are restarted again and again",
                "More than 3 times within an hour, a worker in group standard of market/shop had to be "
                "restarted: it was deaf, wedged or stalled, or its pool was dead. Restarts do not remove the "
                "cause.",
            ),
        ),
    ),
    Case(
        "CeleryWorkersRestartRepeatedly",
        "one worker is restarted now and then",
        {
            group("celery_worker_liveness_failures_total", pod="a"): "0x30 1x30 2x120",
            group("celery_operator_restarts_total", reason="HungTask", pod="operator-1"): "1x180",
        },
        180,
    ),
    Case(
        "CeleryAgentAbsent",
        "a worker has no agent",
        {condition("AgentsReporting", "AgentAbsent"): "0x12"},
        11,
        (
            Alert(
                SHOP,
                "Workers of market/shop do not report",
                "At least one worker of market/shop has no agent, or its report cannot be read. The operator "
                "cannot see whether that worker consumes, and does not heal it.",
            ),
        ),
    ),
    Case(
        "CeleryAgentAbsent",
        "a sidecar does not answer for a moment, and the reason changes",
        {
            condition("AgentsReporting", "SidecarUnreachable"): "0x4 stale",
            condition("AgentsReporting", "AllReporting"): "_x5 1x20",
        },
        20,
    ),
    Case(
        "CelerySidecarUnreachable",
        "the sidecars of two pods do not answer",
        {group("celery_workers_unknown", reason="SidecarUnreachable", pod="operator-1"): "_x3 2x15"},
        14,
        (
            Alert(
                STANDARD,
                "Sidecars of market/shop do not answer the operator",
                "The sidecars of 2 pods in group standard of market/shop do not answer the operator. The "
                "operator cannot see whether those workers consume, and cannot drain or heal them.",
            ),
        ),
    ),
    Case(
        "CelerySidecarUnreachable",
        "the sidecar of one pod does not answer",
        {group("celery_workers_unknown", reason="SidecarUnreachable"): "1x15"},
        11,
        (
            Alert(
                STANDARD,
                "Sidecars of market/shop do not answer the operator",
                "The sidecar of 1 pod in group standard of market/shop does not answer the operator. The "
                "operator cannot see whether that worker consumes, and cannot drain or heal it.",
            ),
        ),
    ),
    Case(
        "CelerySidecarUnreachable",
        "a sidecar answers again after five minutes, and another worker has no agent",
        {
            group("celery_workers_unknown", reason="SidecarUnreachable"): "1x5 stale",
            group("celery_workers_unknown", reason="AgentAbsent"): "1x30",
        },
        30,
    ),
    Case(
        "CeleryGroupAtMaximum",
        "the load needs more than maxReplicas for half an hour",
        {condition("ScalingActive", "AtMaxReplicas"): "1x40"},
        31,
        (
            Alert(
                SHOP,
                "A group of market/shop is at its maximum and needs more workers",
                "A group of market/shop has maxReplicas pods, and its load needs more. "
                "Its tasks wait longer than the target of its autoscaling.",
            ),
        ),
    ),
    Case(
        "CeleryGroupAtMaximum",
        "a peak is over after twenty minutes",
        {
            condition("ScalingActive", "AtMaxReplicas"): "1x20 stale",
            condition("ScalingActive", "FollowsLoad"): "_x21 1x40",
        },
        35,
    ),
    Case(
        "CeleryDrainOverdue",
        "a pod drains on after its time",
        {group("celery_workers_drain_overdue_seconds"): "0x10 60+60x10"},
        13,
        (
            Alert(
                STANDARD,
                "A worker of market/shop does not finish its drain",
                "A pod in group standard of market/shop is still draining, 180 s after drainTimeoutSeconds "
                "and gracePeriodSeconds have passed. It should be gone.",
            ),
        ),
    ),
    Case(
        "CeleryDrainOverdue",
        "a long drain is within its time",
        {group("celery_workers_drain_overdue_seconds"): "0x500"},
        400,
    ),
    Case(
        "CeleryPoisonTask",
        "a poison task is named",
        {series("celery_recent_deaths", kind="poison_tasks"): "0 1"},
        1,
        (
            Alert(
                SHOP,
                "A task kills the workers of market/shop",
                "Pool children or workers of market/shop die again and again while they run the same task. "
                "Tasks that run beside it in the same worker are lost or run again.",
            ),
        ),
    ),
    Case(
        "CeleryPoisonTask",
        "children die, and no task stands out",
        {
            series("celery_recent_deaths", kind="poison_tasks"): "0x5",
            series("celery_recent_deaths", kind="children"): "3x5",
        },
        5,
    ),
    Case(
        "CeleryDeadLetters",
        "two messages wait for a person",
        {series("celery_dead_letter_messages", queue="shop.dead-letter"): "2x20"},
        16,
        (
            Alert(
                {**SHOP, "queue": "shop.dead-letter"},
                "Messages of market/shop wait in the dead-letter queue",
                "2 messages of poison tasks wait in queue shop.dead-letter. No worker runs their tasks until "
                "a person puts the messages back or drops them.",
            ),
        ),
    ),
    Case(
        "CeleryDeadLetters",
        "one message waits for a person",
        {series("celery_dead_letter_messages", queue="shop.dead-letter"): "1x20"},
        16,
        (
            Alert(
                {**SHOP, "queue": "shop.dead-letter"},
                "Messages of market/shop wait in the dead-letter queue",
                "1 message of a poison task waits in queue shop.dead-letter. No worker runs its task until a "
                "person puts the message back or drops it.",
            ),
        ),
    ),
    Case(
        "CeleryDeadLetters",
        "the queue is empty again",
        {series("celery_dead_letter_messages", queue="shop.dead-letter"): "2x5 0x30"},
        30,
    ),
)
