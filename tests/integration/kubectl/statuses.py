"""A status as the operator writes it."""

from typing import Any

CONDITION = {
    "type": "WorkersHealthy",
    "status": "False",
    "reason": "WorkerStalled",
    "message": "shop-orders-1 takes nothing though messages wait in email.",
    "observedGeneration": 1,
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}
ALERT = {
    "state": "Firing",
    "severity": "warning",
    "since": "2026-01-01T00:00:00Z",
    "summary": "Something is wrong.",
    "message": "Something is wrong in shop.",
    "runbook": "docs/runbooks/workers/CeleryWorkersDown.md",
}
DEGRADED: dict[str, Any] = {
    "health": "Degraded",
    "message": "shop-orders-1 takes nothing though messages wait in email.",
    "ready": "2/3",
    "backlog": 1200,
    "deadLetters": 3,
    "active": 7,
    "workers": [
        {
            "name": "orders",
            "replicas": 2,
            "updatedReplicas": 2,
            "readyReplicas": 2,
            "consumingReplicas": 1,
            "active": 4,
            "reserved": 2,
            "eta": 0,
        }
    ],
    "queues": [{"name": "email", "ready": 1200}, {"name": "media"}],
    "broker": {"kind": "redis", "address": "redis://redis:6379/0", "state": "Reachable"},
    "beat": {"state": "Running"},
    "conditions": [CONDITION],
    "alerts": [
        {**ALERT, "name": "CeleryHighQueueDepth", "queue": "email", "message": "1200 messages are ready."},
        {**ALERT, "name": "CeleryDeadLetters", "state": "Pending"},
        {**ALERT, "name": "CeleryWorkersDown", "severity": "critical", "group": "orders"},
    ],
    "recommendations": [{"message": "Add workers.", "command": "kubectl scale celerydeployment shop"}],
    "restarts": {
        "total": 3,
        "recent": [
            {
                "pod": "shop-orders-0",
                "group": "orders",
                "reason": "WorkerStalled",
                "at": "2026-01-01T00:00:00Z",
                "recovered": True,
            },
            {
                "pod": "shop-orders-1",
                "group": "orders",
                "reason": "WorkerStalled",
                "at": "2026-01-01T00:01:00Z",
            },
        ],
        "pauses": [{"group": "background", "failures": 2, "until": "2026-01-01T01:00:00Z"}],
    },
}
