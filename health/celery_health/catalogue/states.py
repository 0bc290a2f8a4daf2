"""Reasons of conditions that describe a state of the resource, most of them with nothing wrong."""

from celery_health.catalogue.entry import Actor, Cause, Entry, Reason, Severity, Subject, Wording


def _state(word: str, meaning: str, message: str = "", *, subject: Subject = Subject.ROLLOUT) -> Entry:
    """A state in which nothing is wrong."""
    return Entry(
        word=word,
        subject=subject,
        severity=Severity.INFORMATION,
        page="states",
        meaning=meaning,
        wording=Wording(message=message),
        announced=word not in {"NewGeneration", "AllDraining", "ManagedRedisStarting"},
    )


class StateReason(Reason):
    """What the operator says of the resource as a whole, its rollout, its queues and its scaling."""

    READY = _state(
        "Ready",
        "The current generation is rolled out, every desired worker consumes, and the broker answers.",
    )
    SUSPENDED = _state(
        "Suspended", "`spec.suspend` is true: no workers are desired.", "No workers are desired."
    )
    SCALED_TO_ZERO = _state("ScaledToZero", "Every group has zero replicas.", "No workers are desired.")
    NEW_GENERATION = _state(
        "NewGeneration",
        "The spec has changed, and the owned objects are being updated.",
        "The spec has changed and is being applied.",
    )
    ROLLOUT_IN_PROGRESS = _state("RolloutInProgress", "A Deployment replaces its pods.")
    SCALING = _state("Scaling", "Pods are being added or removed.")
    REMOVING = _state(
        "Removing",
        "An owned object that the spec no longer names is being deleted.",
        "{kind} {subject} is being deleted.",
    )
    RECONCILE_FAILED = Entry(
        word="ReconcileFailed",
        subject=Subject.OPERATOR,
        severity=Severity.UNKNOWN,
        page="states",
        meaning="The operator has failed three times in a row to find out the state of the resource. "
        "The rest of the status may be out of date.",
        cause=Cause.CLUSTER,
        wording=Wording(
            message="The operator fails to reconcile this resource, so the status may be out of date: "
            "{problem}.",
        ),
    )
    UP_TO_DATE = _state("UpToDate", "The owned objects match the spec.", "The owned objects match the spec.")
    NOT_STALLED = _state(
        "NotStalled",
        "Nothing keeps the spec from being applied.",
        "Nothing keeps the spec from being applied.",
    )
    STALLED = _state(
        "Stalled",
        "The spec cannot be applied; the Stalled condition has the particular reason.",
        "The spec cannot be applied: see the Stalled condition.",
    )
    NOT_CONFIGURED = _state("NotConfigured", "The spec does not configure this.")
    ALL_CONSUMING = _state("AllConsuming", "Every desired worker consumes.", subject=Subject.WORKER)
    ALL_DRAINING = _state(
        "AllDraining",
        "Workers of a group finish their in-flight tasks and fetch no messages, and no other worker has "
        "replaced them yet.",
        "All workers of group {subject} are draining.",
        subject=Subject.WORKER,
    )
    ALL_REPORTING = _state(
        "AllReporting", "Every running worker has an agent that reports.", subject=Subject.WORKER
    )
    NOTHING_TO_REPORT = _state(
        "NothingToReport",
        "No worker is running, so no report is missing.",
        "No worker is running, so no report is missing.",
        subject=Subject.WORKER,
    )
    NO_DRAIN_OVERDUE = _state(
        "NoDrainOverdue",
        "No pod drains, or each pod that drains has time left.",
        "No drain is overdue.",
        subject=Subject.WORKER,
    )
    DRAIN_OVERDUE = Entry(
        word="DrainOverdue",
        subject=Subject.WORKER,
        severity=Severity.DEGRADED,
        page="states",
        meaning="A pod still exists, although its time to drain and its grace period are over.",
        cause=Cause.CLUSTER,
        wording=Wording(
            message="Pod {subject} drains and should have been gone for {late}.",
            remedy="Find out what keeps the pod: a node that does not answer, a finalizer, or a rollout "
            "that has failed.",
            kubectl="describe pod {subject}",
        ),
    )
    MANAGED_REDIS_STARTING = _state(
        "ManagedRedisStarting",
        "The managed Redis was created less than two minutes ago and does not answer yet.",
        "The managed Redis is starting.",
        subject=Subject.BROKER,
    )
    REACHABLE_BY_WORKERS_ONLY = Entry(
        word="ReachableByWorkersOnly",
        subject=Subject.BROKER,
        severity=Severity.DEGRADED,
        page="broker",
        meaning="The worker pods reach the broker, and the operator does not.",
        cause=Cause.CONFIGURATION,
        wording=Wording(
            message="Workers consume, but the operator cannot reach the broker. {reading}",
            remedy="Let the operator read the broker: {reading}",
        ),
    )
    WITHIN_LIMITS = _state(
        "WithinLimits",
        "No queue holds more ready messages than the threshold.",
        "No queue holds more than {threshold} ready messages.",
        subject=Subject.QUEUE,
    )
    NO_WORKERS_DESIRED = Entry(
        word="NoWorkersDesired",
        subject=Subject.QUEUE,
        severity=Severity.DEGRADED,
        page="backlog",
        meaning="Messages wait in a queue whose groups all have zero replicas.",
        cause=Cause.CONFIGURATION,
        wording=Wording(message="Messages wait, but no workers are desired for {lengths}."),
        rank=205,
    )
    FOLLOWS_LOAD = _state(
        "FollowsLoad",
        "Autoscaling keeps every group at the size that its load needs.",
        "Every group with autoscaling follows its load.",
        subject=Subject.SCALING,
    )
    AT_MAX_REPLICAS = _state(
        "AtMaxReplicas",
        "A group has maxReplicas pods, and its load needs more.",
        "The load needs more than maxReplicas in {groups}.",
        subject=Subject.SCALING,
    )
    BROKER_UNREADABLE = Entry(
        word="BrokerUnreadable",
        subject=Subject.SCALING,
        severity=Severity.DEGRADED,
        page="states",
        meaning="The number of waiting messages is not known, so groups keep their size or grow to "
        "`fallback.replicas`.",
        cause=Cause.BROKER,
    )
    SCALING_PAUSED = Entry(
        word="ScalingPaused",
        subject=Subject.SCALING,
        severity=Severity.INFORMATION,
        page="states",
        meaning="An annotation keeps groups from growing, from shrinking, or from both.",
        acts=Actor.NONE,
    )
