"""Queues, as operator and monitor see them."""

from celery_health.wire.names import DEAD_LETTER_SUFFIX
from tests.support.alert_cases.case import SHOP, Alert, Case, condition, series

MAIL = {**SHOP, "queue": "mail"}
DEAD_LETTERS = f"shop{DEAD_LETTER_SUFFIX}"
OUTSIDE = {"resource": "shop"}

CASES = (
    Case(
        "CeleryHighQueueDepth",
        "the operator and the monitor find a queue too long, and one alert comes of it",
        {
            series("celery_queue_messages_ready", queue="mail", pod="operator-1"): "1500x20",
            series("celery_queue_length", queue_name="mail", pod="monitor-1"): "1501x20",
        },
        11,
        (
            Alert(
                MAIL,
                "A queue of market/shop is long",
                "1500 messages are ready in queue mail of market/shop. The limit is 1000.",
            ),
        ),
    ),
    Case(
        "CeleryHighQueueDepth",
        "a monitor without Kubernetes finds a queue too long",
        {series("celery_queue_length", {}, queue_name="mail"): "1500x20"},
        11,
        (
            Alert(
                {"queue": "mail"},
                "A queue of the application is long",
                "1500 messages are ready in queue mail of the application. The limit is 1000.",
            ),
        ),
    ),
    Case(
        "CeleryHighQueueDepth",
        "another operator pod leads meanwhile, and the alert fires in time",
        {
            series("celery_queue_messages_ready", queue="mail", pod="operator-1"): "1500x5 stale",
            series("celery_queue_messages_ready", queue="mail", pod="operator-2"): "_x5 1500x20",
        },
        11,
        (
            Alert(
                MAIL,
                "A queue of market/shop is long",
                "1500 messages are ready in queue mail of market/shop. The limit is 1000.",
            ),
        ),
    ),
    Case(
        "CeleryHighQueueDepth",
        "a burst is worked off within ten minutes, another queue is just at the limit, and a third keeps "
        "dead letters",
        {
            series("celery_queue_messages_ready", queue="mail"): "0 5000x8 100x20",
            series("celery_queue_messages_ready", queue="celery"): "1000x30",
            series("celery_queue_length", queue_name=DEAD_LETTERS): "5000x30",
        },
        20,
    ),
    Case(
        "CeleryQueueNotConsumed",
        "the monitor finds messages and no worker",
        {
            series("celery_queue_length", OUTSIDE, queue_name="mail"): "3x20",
            series("celery_active_worker_count", OUTSIDE, queue_name="mail"): "0x20",
        },
        11,
        (
            Alert(
                {**OUTSIDE, "queue": "mail"},
                "No worker consumes a queue of shop",
                "Messages wait in queue mail of shop, and no worker consumes it. Their tasks are not run.",
            ),
        ),
    ),
    Case(
        "CeleryQueueNotConsumed",
        "the operator finds messages and no worker, without a monitor",
        {condition("BacklogWithinLimits", "QueueNotConsumed"): "0x20"},
        11,
        (
            Alert(
                SHOP,
                "No worker consumes a queue of market/shop",
                "Messages wait in a queue of market/shop, and no worker consumes it. "
                "Their tasks are not run.",
            ),
        ),
    ),
    Case(
        "CeleryQueueNotConsumed",
        "a queue is long, a queue without messages and one of dead letters have no worker, and of another "
        "one the workers are unknown",
        {
            condition("BacklogWithinLimits", "AboveThreshold"): "0x20",
            series("celery_queue_length", queue_name="mail"): "3000x20",
            series("celery_active_worker_count", queue_name="mail"): "2x20",
            series("celery_queue_length", queue_name="reports"): "0x20",
            series("celery_active_worker_count", queue_name="reports"): "0x20",
            series("celery_queue_length", queue_name="other"): "5x20",
            series("celery_queue_length", queue_name=DEAD_LETTERS): "5x20",
            series("celery_active_worker_count", queue_name=DEAD_LETTERS): "0x20",
        },
        20,
    ),
    Case(
        "CeleryOldestWaitAboveTarget",
        "the oldest message waits for ten minutes",
        {series("celery_monitor_queue_oldest_wait_seconds", queue_name="mail"): "0+60x20"},
        12,
        (
            Alert(
                MAIL,
                "Tasks of market/shop wait too long",
                "The oldest message in queue mail of market/shop has waited for 720 s. The target is 300 s.",
            ),
        ),
    ),
    Case(
        "CeleryOldestWaitAboveTarget",
        "messages wait for four minutes, and dead letters for an hour",
        {
            series("celery_monitor_queue_oldest_wait_seconds", queue_name="mail"): "240x30",
            series("celery_monitor_queue_oldest_wait_seconds", queue_name=DEAD_LETTERS): "3600x30",
        },
        30,
    ),
)
