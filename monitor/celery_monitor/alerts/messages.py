"""Which alerts a channel has to deliver now. Pure: the time is passed in."""

from collections.abc import Callable, Iterable, Mapping

from celery_monitor.clocks import passed
from celery_monitor.records.alerts import AlertKey, AlertRecord, AlertState, Delivered

MOST_IN_A_MESSAGE = 50
"""The rest goes with later messages."""


def due(
    records: Iterable[AlertRecord],
    delivered: Mapping[AlertKey, Delivered],
    is_silenced: Callable[[AlertKey], bool],
    repeat_seconds: float,
    now: float,
) -> list[AlertRecord]:
    """The alerts of the next message and of later ones, those that fire first, the oldest before.

    ``delivered``: what this channel has delivered. A message is due when an alert begins to fire, again after
    ``repeat_seconds`` while it fires, and once when it is resolved, which it also is while it is pending
    again. A channel that has not delivered the beginning does not deliver the end.
    """
    found = [
        record
        for record in records
        if record.fired is not None
        and _is_due(record, delivered.get(record.key), repeat_seconds, now)
        and not is_silenced(record.key)
    ]
    found.sort(key=lambda record: (record.state is not AlertState.FIRING, record.fired or 0.0, record.key))
    return found


def _is_due(record: AlertRecord, delivered: Delivered | None, repeat_seconds: float, now: float) -> bool:
    known = delivered is not None and delivered.fired == record.fired
    if record.state is AlertState.FIRING:
        return delivered is None or not known or passed(delivered.at, repeat_seconds, now)
    return delivered is not None and known and not delivered.resolved
