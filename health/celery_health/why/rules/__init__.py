"""The rules, in the order in which they apply: the first that finds something is the answer.

What has been seen of the task itself comes first, then the worker that has it, then its queue.
"""

from celery_health.why.finding import Rule
from celery_health.why.rules.ended import (
    dead_lettered,
    end_unreported,
    ended,
    expired,
    lost,
    no_worker_has_it,
    poison,
    quarantined,
    recovered,
)
from celery_health.why.rules.held import (
    behind_long_task,
    fetched,
    held_for_eta,
    holder_faulty,
    holder_offline,
    rate_limited,
    reserved,
    running,
)
from celery_health.why.rules.queued import (
    broker_unreachable,
    consumers_deaf,
    group_at_zero,
    no_consumer,
    no_workers,
    pod_pending,
    revoke_ordered,
    unacknowledged,
    waiting,
    waiting_for_retry,
)
from celery_health.why.rules.unseen import never_seen, sent

RULES: tuple[Rule, ...] = (
    dead_lettered,
    # A second run may follow an end.
    holder_faulty,
    holder_offline,
    poison,
    running,
    recovered,
    ended,
    end_unreported,
    quarantined,
    # It has not started, or not again.
    revoke_ordered,
    waiting_for_retry,
    held_for_eta,
    rate_limited,
    behind_long_task,
    reserved,
    fetched,
    # No worker has it.
    lost,
    expired,
    broker_unreachable,
    unacknowledged,
    no_worker_has_it,
    group_at_zero,
    pod_pending,
    no_workers,
    no_consumer,
    consumers_deaf,
    waiting,
    sent,
    never_seen,
)
