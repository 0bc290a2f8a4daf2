"""Reasons of the monitor: what the operator concludes from its Deployment and pods."""

from celery_health.catalogue.entry import Actor, Cause, Entry, Reason, Severity, Subject, Wording

_READ_LOG = "logs deployment/{resource}-monitor"


class MonitorReason(Reason):
    """The reasons of the condition MonitorReady."""

    SERVING = Entry(
        word="MonitorServing",
        subject=Subject.MONITOR,
        severity=Severity.INFORMATION,
        page="monitor",
        meaning="The monitor runs and is ready.",
        wording=Wording(message="The monitor is ready at Service {subject}."),
    )
    STARTING = Entry(
        word="MonitorStarting",
        subject=Subject.MONITOR,
        severity=Severity.INFORMATION,
        page="monitor",
        meaning="The monitor's pod is being created, or its container has run for less than a minute.",
        wording=Wording(message="The monitor is starting."),
        announced=False,
    )
    NOT_RUNNING = Entry(
        word="MonitorNotRunning",
        subject=Subject.MONITOR,
        severity=Severity.DEGRADED,
        page="monitor",
        meaning="The monitor is enabled and does not run.",
        cause=Cause.CLUSTER,
        acts=Actor.KUBELET_ON_EXIT,
        wording=Wording(
            message="The monitor is not running: {evidence}",
            remedy="Read in the monitor's log or in its pod's events why it does not run.",
            kubectl="describe pods -l "
            "app.kubernetes.io/instance={resource},app.kubernetes.io/component=monitor",
        ),
    )
    NOT_READY = Entry(
        word="MonitorNotReady",
        subject=Subject.MONITOR,
        severity=Severity.DEGRADED,
        page="monitor",
        meaning="The monitor runs, and its readiness probe fails: it does not reach the broker or its "
        "database, or receives no events while workers run.",
        cause=Cause.BROKER,
        acts=Actor.KUBELET,
        wording=Wording(
            message="Pod {subject} of the monitor runs and is not ready.",
            remedy="Read in the monitor's log what it does not reach.",
            kubectl=_READ_LOG,
        ),
    )
