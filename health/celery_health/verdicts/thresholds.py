"""From when on evidence counts. All times are seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerThresholds:
    """For the verdict on one worker from its own report."""

    stale_after: float = 15.0
    """A report, or a turn of the main loop, older than this is stale. Both are renewed every second."""

    broker_grace: float = 15.0
    """When the broker has answered the sidecar for this long, a loop that still waits for it is wedged."""

    connection_grace: float = 150.0
    """How long a worker may try to connect. The kernel gives up after 127 s (Linux, tcp_syn_retries 6)."""

    agent_grace: float = 60.0
    """A worker without a readable report for this long counts as started. It passes every probe."""

    pool_grace: float = 30.0
    """A pool in which no task has begun or ended for this long may be dead, if its children die as well."""

    deaf_grace: float = 10.0
    """A worker that has fetched nothing for this long, and for its jitter, is restarted."""

    deaf_patience: float = 300.0
    """For how long a deaf worker may finish the tasks that it runs."""

    silence: float = 20.0
    """When Redis owes an answer for longer than this, and than three pops, the connection is dead."""


DEFAULT_THRESHOLDS = WorkerThresholds()


@dataclass(frozen=True, slots=True)
class FleetThresholds:
    """For the verdicts on a fleet."""

    stalled_after: float = 60.0
    """A worker that takes nothing for longer than this, while messages wait for it, is stalled."""

    hung_after: float | None = None
    """A task that runs for longer than this is hung, whatever its own limit. None: its own limit counts."""

    hung_grace: float = 30.0
    """What a task may take beyond its own limit: killing it and starting a new child takes a while."""

    hoarding_floor: int = 100
    """A worker with fewer waiting messages than this does not hoard, however small its pool."""

    hoarding_factor: int = 10
    """How many times its prefetch limit, or its slots, a worker may have in waiting messages."""

    orphan_share: float = 0.8
    """The part of the visibility timeout after which a message without a worker is orphaned."""

    unheld_after: float = 8.0
    """For how many seconds each reading has to find a message without a worker: a single one may differ by
    the tasks that begin and end meanwhile.
    """

    poison_id_deaths: int = 3
    """A task id that was there at this number of deaths is a poison task."""

    poison_name_deaths: int = 5
    """A task name with this number of deaths is a poison task, if its share of them is large."""

    poison_share: float = 5.0
    """How many times its share of the runs the share of a poison task's name in the deaths is."""

    children_lost: int = 5
    """Deaths of pool children without a poison task that are worth a verdict."""

    backlog: int = 1000
    """Ready messages in one queue above which it is too long."""


DEFAULT_FLEET_THRESHOLDS = FleetThresholds()
