"""Beat and the broker."""

from tests.support.alert_cases.case import SHOP, Alert, Case, condition, series

LATE = Alert(
    SHOP,
    "Beat of market/shop is late or does not run",
    "Beat of market/shop does not run, is late, or is restarted again and again. "
    "Periodic tasks are sent late or not at all.",
)
DOUBLED = Alert(
    SHOP,
    "market/shop has more than one beat",
    "More than one beat runs for market/shop. Each beat sends every periodic task, so each of these tasks "
    "runs more than once.",
)

CASES = (
    Case(
        "CeleryBeatLate",
        "beat is not running",
        {condition("BeatHealthy", "NotRunning"): "0x10"},
        6,
        (LATE,),
    ),
    Case(
        "CeleryBeatLate",
        "beat hangs again and again, and is restarted each time",
        {series("celery_beat_liveness_failures_total", pod="shop-beat-0"): "0+1x20 20x20"},
        30,
        (LATE,),
    ),
    Case(
        "CeleryBeatLate",
        "beat was restarted once, and two instances are another alert",
        {
            condition("BeatHealthy", "TickOverdue"): "0 0 stale",
            condition("BeatHealthy", "Running"): "_ _ 1x5 stale",
            condition("BeatHealthy", "MultipleInstances"): "_x8 0x20",
            series("celery_beat_liveness_failures_total", pod="shop-beat-0"): "0 1x40",
        },
        20,
    ),
    Case(
        "CeleryBeatDoubled",
        "the operator sees two instances",
        {condition("BeatHealthy", "MultipleInstances"): "0x10"},
        6,
        (DOUBLED,),
    ),
    Case(
        "CeleryBeatDoubled",
        "two sidecars show a beat, and no operator is there to see it",
        {
            series("celery_beat_started", pod="shop-beat-0"): "1x10",
            series("celery_beat_started", pod="other-beat-0"): "1x10",
        },
        6,
        (DOUBLED,),
    ),
    Case(
        "CeleryBeatDoubled",
        "one beat replaces another",
        {
            series("celery_beat_started", pod="shop-beat-a"): "1x10 0 stale",
            series("celery_beat_started", pod="shop-beat-b"): "_x9 0 1x20",
            condition("BeatHealthy", "NotRunning"): "_x9 0 0 stale",
        },
        20,
    ),
    Case(
        "CeleryBrokerUnreachable",
        "the operator does not reach the broker, and the reason changes",
        {
            condition("BrokerReachable", "BrokerUnreachable"): "0 0 stale",
            condition("BrokerReachable", "TimedOut"): "_ _ 0x10",
        },
        3,
        (
            Alert(
                SHOP,
                "The broker of market/shop cannot be reached",
                "The broker of market/shop does not answer, refuses the login or accepts no messages. "
                "No task is sent or run.",
            ),
        ),
    ),
    Case(
        "CeleryBrokerUnreachable",
        "a monitor without Kubernetes is not connected",
        {series("celery_monitor_connected", {"resource": "shop"}): "1 0x10"},
        5,
        (
            Alert(
                {"resource": "shop"},
                "The broker of shop cannot be reached",
                "The broker of shop does not answer, refuses the login or accepts no messages. "
                "No task is sent or run.",
            ),
        ),
    ),
    Case(
        "CeleryBrokerUnreachable",
        "the operator reaches the broker, and only the monitor is not connected",
        {
            condition("BrokerReachable", "Reachable"): "1x20",
            series("celery_monitor_connected"): "0x20",
        },
        15,
    ),
)
