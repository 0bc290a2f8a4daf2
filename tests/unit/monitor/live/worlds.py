"""Events of workers and a clock that a test sets."""

from typing import Any

from celery_monitor.events.event import HEARTBEAT, OFFLINE, ONLINE, WorkerEvent

NOW = 1_790_000_000.0


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def event(kind: str, name: str, at: float = NOW, **known: Any) -> WorkerEvent:
    fields = {
        "pid": 1,
        "clock": 1,
        "freq": 2.0,
        "active": 0,
        "processed": 0,
        "load": 0.5,
        "version": "5.6.3",
    }
    return WorkerEvent(kind=kind, name=name, at=at, received=at, **{**fields, **known})


def heartbeat(name: str, at: float = NOW, **known: Any) -> WorkerEvent:
    return event(HEARTBEAT, name, at, **known)


def online(name: str, at: float = NOW, **known: Any) -> WorkerEvent:
    return event(ONLINE, name, at, **known)


def offline(name: str, at: float = NOW, **known: Any) -> WorkerEvent:
    return event(OFFLINE, name, at, **known)
