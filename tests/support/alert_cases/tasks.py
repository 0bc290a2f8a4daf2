"""What becomes of tasks."""

from tests.support.alert_cases.case import SHOP, Alert, Case, series

SEND = {"name": "shop.send", "hostname": "standard", "queue_name": "mail"}
SEND_OF_SHOP = {**SHOP, "name": "shop.send"}


def buckets(below_a_minute: str, below_five: str, below_ten: str) -> dict[str, str]:
    """The histogram of the runtime of one task."""
    counts = {"60.0": below_a_minute, "300.0": below_five, "600.0": below_ten, "+Inf": below_ten}
    return {series("celery_task_runtime_bucket", **SEND, le=le): values for le, values in counts.items()}


JOB = {"task_name": "shop.send", "customer_id": "7", "pod": "a"}
"""The labels of the series that the application itself counts, with the names of document 003."""

CASES = (
    Case(
        "CeleryHighFailureRate",
        "a fifth of the runs fail",
        {
            series("celery_task_started_total", **SEND): "0+60x30",
            series("celery_task_failed_total", **SEND, exception="KeyError"): "0+9x30",
            series("celery_task_failed_total", **SEND, exception="OSError"): "0+3x30",
        },
        16,
        (
            Alert(
                SEND_OF_SHOP,
                "Many tasks of market/shop fail",
                "20 % of the runs of shop.send in market/shop have failed in the last 5 minutes. "
                "The limit is 10 %.",
            ),
        ),
    ),
    Case(
        "CeleryHighFailureRate",
        "a twentieth of the runs fail",
        {
            series("celery_task_started_total", **SEND): "0+60x30",
            series("celery_task_failed_total", **SEND, exception="KeyError"): "0+3x30",
        },
        25,
    ),
    Case(
        "CeleryHighFailureRate",
        "the only run of a rare task fails",
        {
            series("celery_task_started_total", **SEND): "5x5 6x30",
            series("celery_task_failed_total", **SEND, exception="KeyError"): "0x5 1x30",
        },
        16,
    ),
    Case(
        "CelerySlowTasks",
        "runs of 6 minutes end every 6 minutes",
        buckets("0x60", "0x60", "0x5 1x5 2x5 3x5 4x5 5x5 6x5 7x5 8x5"),
        40,
        (
            Alert(
                SEND_OF_SHOP,
                "Tasks of market/shop run slowly",
                "The slowest 5 % of the runs of shop.send in market/shop take 585 s or more. "
                "The limit is 300 s.",
            ),
        ),
    ),
    Case(
        "CeleryHighFailureRate",
        "the application counts its own tasks, under its own prefix",
        {
            series("upstream_background_job_started_total", **JOB): "0+60x30",
            series("upstream_background_job_failed_total", **JOB, error_type="KeyError"): "0+12x30",
        },
        16,
        (
            Alert(
                SEND_OF_SHOP,
                "Many tasks of market/shop fail",
                "20 % of the runs of shop.send in market/shop have failed in the last 5 minutes. "
                "The limit is 10 %.",
            ),
        ),
    ),
    Case(
        "CelerySlowTasks",
        "the application measures its own tasks, under its own prefix",
        {
            series("upstream_background_job_duration_seconds_bucket", task_name="shop.send", le=le): values
            for le, values in {"300": "0x60", "900": "0+1x60", "+Inf": "0+1x60"}.items()
        },
        40,
        (
            Alert(
                SEND_OF_SHOP,
                "Tasks of market/shop run slowly",
                "The slowest 5 % of the runs of shop.send in market/shop take 870 s or more. "
                "The limit is 300 s.",
            ),
        ),
    ),
    Case(
        "CelerySlowTasks",
        "one run of fifty takes longer than the limit",
        buckets("0+49x60", "0+49x60", "0+50x60"),
        50,
    ),
    Case(
        "CeleryTasksStuck",
        "two tasks run far too long",
        {series("celery_monitor_stuck_tasks", name="shop.send"): "2x10"},
        3,
        (
            Alert(
                SEND_OF_SHOP,
                "Tasks of market/shop are stuck",
                "2 started tasks shop.send of market/shop are stuck: they run far longer than usual or than "
                "their time limit, or their workers are gone.",
            ),
        ),
    ),
    Case(
        "CeleryTasksStuck",
        "one task is stuck",
        {series("celery_monitor_stuck_tasks", name="shop.send"): "1x10"},
        3,
        (
            Alert(
                SEND_OF_SHOP,
                "Tasks of market/shop are stuck",
                "1 started task shop.send of market/shop is stuck: it runs far longer than usual or than its "
                "time limit, or its worker is gone.",
            ),
        ),
    ),
    Case(
        "CeleryTasksStuck",
        "a task that seemed stuck ends",
        {series("celery_monitor_stuck_tasks", name="shop.send"): "1 1 stale"},
        10,
    ),
)
