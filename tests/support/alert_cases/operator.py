"""The operator."""

from tests.support.alert_cases.case import SHOP, Alert, Case, series

ABSENT = Alert(
    {},
    "No celery-operator is the leader",
    "No operator is the leader, or Prometheus does not reach it. Workers continue, but nothing scales or "
    "replaces them, and most other Celery alerts are silent.",
)
HEALTH = {"reconcile": "health", "pod": "operator-1"}
OBJECTS = {"reconcile": "objects", "pod": "operator-1"}

CASES = (
    Case("CeleryOperatorAbsent", "nothing is known of an operator", {}, 6, (ABSENT,)),
    Case(
        "CeleryOperatorAbsent",
        "two operators run, and none leads",
        {
            series("celery_operator_leader", {}, pod="operator-1"): "1 0x20",
            series("celery_operator_leader", {}, pod="operator-2"): "0x20",
        },
        7,
        (ABSENT,),
    ),
    Case(
        "CeleryOperatorAbsent",
        "the other operator takes over",
        {
            series("celery_operator_leader", {}, pod="operator-1"): "1x5 stale",
            series("celery_operator_leader", {}, pod="operator-2"): "0x7 1x20",
        },
        20,
    ),
    Case(
        "CeleryOperatorFailing",
        "every object reconcile fails, while the health reconciles succeed",
        {
            series("celery_operator_reconciles_total", **HEALTH): "0+15x40",
            series("celery_operator_reconcile_errors_total", **HEALTH): "0x40",
            series("celery_operator_reconciles_total", **OBJECTS): "0+1x40",
            series("celery_operator_reconcile_errors_total", **OBJECTS): "0+1x40",
        },
        25,
        (
            Alert(
                {**SHOP, "reconcile": "objects"},
                "The operator fails to reconcile market/shop",
                "100 % of the reconciles (objects) of market/shop have ended with an error in the last 10 "
                "minutes. Its status may be outdated, and its workers may not be scaled or healed.",
            ),
        ),
    ),
    Case(
        "CeleryOperatorFailing",
        "the API server was away for three minutes",
        {
            series("celery_operator_reconciles_total", **HEALTH): "0+15x40",
            series("celery_operator_reconcile_errors_total", **HEALTH): "0x10 10 20 30x40",
        },
        25,
    ),
)
