"""Reasons of beat: what its sidecar says, and what the operator concludes."""

from celery_health.catalogue import processes
from celery_health.catalogue.entry import Actor, Cause, Entry, Reason, Severity, Subject, Wording

_READ_LOG = "logs statefulset/{resource}-beat"


class BeatReason(Reason):
    """What the sidecar says of beat: the ``reason`` of every probe answer."""

    TICKING = Entry(
        word="Ticking",
        subject=Subject.BEAT,
        severity=Severity.INFORMATION,
        page="beat",
        meaning="The scheduler's last tick came in time and ended.",
        evidence={"ticking": "Beat ticks and has sent {tasks}."},
    )
    STARTING = processes.STARTING
    WAITING_FOR_FIRST_TICK = Entry(
        word="WaitingForFirstTick",
        subject=Subject.BEAT,
        severity=Severity.DEGRADED,
        page="beat",
        meaning="The scheduler is loaded and has not ticked: RedBeat waits here for its lock.",
        cause=Cause.BROKER,
        evidence={
            "first_tick": "Beat has loaded the application and has not ticked yet: its scheduler may wait "
            "for a lock.",
        },
    )
    CONNECTING = processes.CONNECTING
    WAITING_FOR_RESULTS = Entry(
        word="WaitingForResultBackend",
        subject=Subject.BEAT,
        severity=Severity.DEGRADED,
        page="beat",
        meaning="A tick waits for the result backend.",
        cause=Cause.BROKER,
        evidence={"result_backend": "Beat has waited for an answer of its result backend for {age} s."},
    )
    TICK_OVERDUE = Entry(
        word="TickOverdue",
        subject=Subject.BEAT,
        severity=Severity.DEGRADED,
        page="beat",
        meaning="Beat runs and its scheduler does not tick: no periodic task is sent.",
        cause=Cause.WORKER,
        acts=Actor.KUBELET,
        wording=Wording(
            message="{evidence} {what_follows}",
            remedy="Read in beat's log what the scheduler waits for.",
            kubectl=_READ_LOG,
        ),
        evidence={
            "long_tick": "A tick of beat's scheduler has not ended for {age} s.",
            "late_tick": "Beat's next tick has been overdue for {age} s.",
            "broker": "Beat has waited for its broker for {age} s, though the broker answers.",
        },
    )
    STUCK = Entry(
        word="Stuck",
        subject=Subject.BEAT,
        severity=Severity.DEGRADED,
        page="beat",
        meaning="The process lives and writes no report.",
        cause=Cause.WORKER,
        acts=Actor.KUBELET,
        evidence={"silent": processes.SILENT},
    )
    STOPPING = processes.STOPPING
    ENDED = processes.ENDED
    AGENT_ABSENT = processes.AGENT_ABSENT
    REPORT_UNREADABLE = processes.REPORT_UNREADABLE
    TICKS_UNKNOWN = Entry(
        word="TicksUnknown",
        subject=Subject.BEAT,
        severity=Severity.UNKNOWN,
        page="beat",
        meaning="The agent reports, but this scheduler does not show whether it ticks.",
        evidence={"not_shown": "Beat is running. Its scheduler does not show whether it ticks."},
    )


class BeatStateReason(Reason):
    """What the operator concludes from beat's StatefulSet and pods."""

    RUNNING = Entry(
        word="Running",
        subject=Subject.BEAT,
        severity=Severity.INFORMATION,
        page="beat",
        meaning="One beat runs.",
        wording=Wording(message="Beat is running."),
        variants={"ticking": Wording(message="Beat is running and its scheduler ticks.")},
    )
    DISABLED = Entry(
        word="Disabled",
        subject=Subject.BEAT,
        severity=Severity.INFORMATION,
        page="beat",
        meaning="spec.beat.enabled is false.",
        wording=Wording(message="Beat is not enabled."),
    )
    NOT_RUNNING = Entry(
        word="NotRunning",
        subject=Subject.BEAT,
        severity=Severity.DEGRADED,
        page="beat",
        meaning="Beat is enabled and does not run.",
        cause=Cause.CLUSTER,
        acts=Actor.KUBELET_ON_EXIT,
        wording=Wording(
            message="Beat is not running: {evidence}",
            remedy="Read in beat's log why it does not run.",
            kubectl=_READ_LOG,
        ),
        variants={"not_created": Wording(message="The StatefulSet of beat does not exist.")},
    )
    NODE_LOST = Entry(
        word="NodeLost",
        subject=Subject.BEAT,
        severity=Severity.DEGRADED,
        page="beat",
        meaning="The pod of beat is being deleted and does not end, as when its node is lost. It may still "
        "send tasks, so no other beat starts.",
        cause=Cause.CLUSTER,
        wording=Wording(
            message="Pod {subject} of beat is being deleted, and its kubelet does not confirm its end: its "
            "node may be lost. No other beat starts before that, because two would send every task twice.",
            remedy="Bring its node back. If the node will never come back, delete the Node; Kubernetes then "
            "starts beat elsewhere.",
            kubectl="get pods -o wide -l "
            "app.kubernetes.io/instance={resource},app.kubernetes.io/component=beat",
        ),
    )
    MULTIPLE_INSTANCES = Entry(
        word="MultipleInstances",
        subject=Subject.BEAT,
        severity=Severity.DEGRADED,
        page="beat",
        meaning="More than one beat runs: each periodic task is sent more than once.",
        cause=Cause.CONFIGURATION,
        acts=Actor.OPERATOR,
        wording=Wording(
            message="{number} are running, so periodic tasks are sent more than once. The operator scales "
            "StatefulSet {subject} back to 1.",
            remedy="Delete any other beat of this application that runs beside the StatefulSet.",
            kubectl="get pods -l app.kubernetes.io/instance={resource},app.kubernetes.io/component=beat",
        ),
    )
