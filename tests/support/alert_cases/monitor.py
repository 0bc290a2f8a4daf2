"""The monitor."""

from tests.support.alert_cases.case import SHOP, Alert, Case, condition, series

NOT_READY = Alert(
    SHOP,
    "The monitor of market/shop does not work",
    "The monitor of market/shop does not run, is not ready, or cannot write its history. "
    "Alerts about tasks and waiting times may be silent.",
)
LOSES = Alert(
    SHOP,
    "The monitor of market/shop loses events",
    "In the last 10 minutes the monitor of market/shop has lost events or changes of its history. "
    "Some tasks are missing from the history or seem unfinished.",
)

CASES = (
    Case(
        "CeleryMonitorNotReady",
        "the operator finds the monitor not running",
        {condition("MonitorReady", "MonitorNotRunning"): "0x20"},
        11,
        (NOT_READY,),
    ),
    Case(
        "CeleryMonitorNotReady",
        "the monitor cannot be scraped",
        {series("up", job="celery-monitor", instance="monitor-1"): "1 0x20"},
        12,
        (NOT_READY,),
    ),
    Case(
        "CeleryMonitorNotReady",
        "the history cannot be written",
        {series("celery_monitor_database_available", pod="monitor-1"): "0x20"},
        11,
        (NOT_READY,),
    ),
    Case(
        "CeleryMonitorNotReady",
        "a new pod replaces the old one, and a sidecar is gone",
        {
            condition("MonitorReady", "MonitorNotReady"): "0x3 stale",
            condition("MonitorReady", "MonitorServing"): "_x4 1x20",
            series("up", job="celery-monitor", instance="monitor-1"): "0x3 stale",
            series("up", job="celery-monitor", instance="monitor-2"): "0x3 1x20",
            series("up", job="celery-sidecar", instance="10.0.0.7:9809"): "0x30",
            series("celery_monitor_database_available", pod="monitor-2"): "_x4 1x20",
        },
        20,
    ),
    Case(
        "CeleryMonitorBlind",
        "workers live, and no event comes",
        {series("celery_monitor_blind"): "0 1x10"},
        7,
        (
            Alert(
                SHOP,
                "The monitor of market/shop sees no events",
                "Workers of market/shop are running, but none of their events reaches the monitor. "
                "Its history has a gap, and alerts about tasks stay silent.",
            ),
        ),
    ),
    Case("CeleryMonitorBlind", "events come", {series("celery_monitor_blind"): "0x20"}, 15),
    Case(
        "CeleryMonitorLosesEvents",
        "messages come faster than they are merged",
        {series("celery_monitor_events_dropped_total"): "0x5 3x20"},
        10,
        (LOSES,),
    ),
    Case(
        "CeleryMonitorLosesEvents",
        "the database was away for too long",
        {series("celery_monitor_database_dropped_total"): "0x5 3x20"},
        10,
        (LOSES,),
    ),
    Case(
        "CeleryMonitorLosesEvents",
        "one group counts more runs than events came, and the workers of another are gone",
        {
            series("celery_monitor_missed_tasks", hostname="standard"): "0x5 20x20",
            series("celery_monitor_missed_tasks", hostname="mail"): "900x5 0x20",
        },
        10,
        (LOSES,),
    ),
    Case(
        "CeleryMonitorLosesEvents",
        "few runs are missed, and what was dropped long ago counts no more",
        {
            series("celery_monitor_missed_tasks", hostname="standard"): "0x5 4x40",
            series("celery_monitor_missed_tasks", hostname="mail"): "900x5 0x40",
            series("celery_monitor_events_dropped_total"): "3x40",
        },
        30,
    ),
)
