"""Fields of a record that are computed from fields of an event."""

import signal

from celery_health.why.facts import EXPIRED
from celery_monitor.events.event import Event, Signal

_TERMINATED = "terminated"


def is_incomplete(args: str | None, kwargs: str | None) -> bool:
    """Whether something is missing in the arguments: they were shortened, or a secret was masked in them."""
    return (args is not None and ("..." in args or "***" in args)) or (
        kwargs is not None and ("..." in kwargs or "***" in kwargs)
    )


def reason_of(event: Event) -> str | None:
    """Why the task was revoked, where its event says more than that."""
    if event.expired:
        return EXPIRED
    if event.terminated:
        name = _signal_name(event.signum)
        return _TERMINATED if name is None else f"{_TERMINATED} by {name}"
    return None


def _signal_name(signum: Signal) -> str | None:
    """The name of a signal that is given as a number or as a name; None if there is no such signal."""
    if isinstance(signum, str) and not signum.isdecimal():
        name = signum.upper()
        name = name if name.startswith("SIG") else f"SIG{name}"
        return name if name in signal.Signals.__members__ else None
    try:
        return signal.Signals(int(signum or 0)).name
    except ValueError:
        return None
