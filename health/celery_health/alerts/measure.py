"""What the monitor measures itself, for rules that it evaluates without Prometheus."""

from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """A number about an application, or about each of its queues or task names."""

    NO_WORKER = "no worker"
    """1 while no worker is online, outside Kubernetes."""
    FAILURE_PERCENT = "failure percent"
    """By task name: how many of the runs of the last 5 minutes have failed."""
    SLOW_SECONDS = "slow seconds"
    """By task name: what the slowest 5 % of the runs of the last 15 minutes took at least."""
    STUCK_TASKS = "stuck tasks"
    """By task name: started tasks that run far too long, or whose worker is gone."""
    READY_MESSAGES = "ready messages"
    """By queue."""
    UNREAD_MESSAGES = "unread messages"
    """By queue: ready messages that no worker consumes."""
    OLDEST_WAIT_SECONDS = "oldest wait seconds"
    """By queue."""
    NOT_CONNECTED = "not connected"
    """1 while the broker delivers no events to the monitor, and the operator does not reach it either."""
    OPERATOR_SILENT = "operator silent"
    """1 while the operator of a monitor in a cluster has sent nothing for a minute."""
    HISTORY_AWAY = "history away"
    """1 while the history cannot be written."""
    BLIND = "blind"
    """1 while workers run and no event comes."""
    DROPPED_EVENTS = "dropped events"
    """Events and changes of the history that were dropped in the last 10 minutes."""
    MISSED_EVENTS = "missed events"
    """Starts and ends of runs without an event in the last 10 minutes."""


@dataclass(frozen=True, slots=True)
class Above:
    """A measure is greater than a threshold of the rule, or than zero without one."""

    measure: Measure
    threshold: str = ""
