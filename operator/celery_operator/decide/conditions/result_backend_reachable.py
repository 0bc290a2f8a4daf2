"""ResultBackendReachable: the operator reaches the result backend, or the spec names none."""

from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.states import StateReason
from celery_operator.decide.condition_state import ConditionState, no, unknown, yes
from celery_operator.decide.evidence import Evidence


def state_of(evidence: Evidence) -> ConditionState:
    """The operator's reading, as it stands."""
    if evidence.snapshot.spec.result_backend is None:
        return yes(StateReason.NOT_CONFIGURED, "The spec names no result backend")
    reading = evidence.snapshot.result_backend
    if reading is None:
        return unknown(BrokerReason.NOT_READ, "The result backend has not been read yet")
    say = {True: yes, False: no, None: unknown}[reading.reachable]
    return say(reading.reason, reading.message)
