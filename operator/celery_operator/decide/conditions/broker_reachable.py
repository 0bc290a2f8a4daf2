"""BrokerReachable: the operator or a worker pod reaches the broker and may use it."""

from celery_operator.decide.condition_state import ConditionState, no, unknown, yes
from celery_operator.decide.evidence import Evidence


def state_of(evidence: Evidence) -> ConditionState:
    """The joined view of operator and worker pods, as it stands."""
    broker = evidence.broker
    say = {True: yes, False: no, None: unknown}[broker.reachable]
    return say(broker.reason, broker.message)
