"""Reasons that a worker and beat share: stages in the life of the process."""

from celery_health.catalogue.entry import Actor, Cause, Entry, Severity, Subject, Wording

SILENT = "The {command} process exists, but has written no report for {age} s."
"""Worker and beat have different reasons for this sentence."""

STARTING = Entry(
    word="Starting",
    subject=Subject.PROCESS,
    severity=Severity.DEGRADED,
    page="starting-and-stopping",
    meaning="The pod is being scheduled, pulls its image, or loads the application.",
    wording=Wording(
        message="Pod {subject} is starting.",
        remedy="Wait. If the pod stays like this, see what it waits for.",
        kubectl="describe pod {subject}",
    ),
    rank=180,
    broker_outage_explains=True,
    announced=False,
    evidence={
        "no_report": "{Process}'s agent has not reported yet.",
        "loading": "{Process} is loading the application.",
    },
)

CONNECTING = Entry(
    word="Connecting",
    subject=Subject.PROCESS,
    severity=Severity.DEGRADED,
    page="starting-and-stopping",
    meaning="The process is up and has no working connection to the broker.",
    cause=Cause.BROKER,
    acts=Actor.CELERY,
    wording=Wording(
        message="Pod {subject} is not consuming: {evidence}",
        remedy="Read in the worker's log what it waits for. Do not restart it: it reconnects by itself.",
        kubectl="logs {subject} -c {worker}",
    ),
    variants={
        "only_this_pod": Wording(
            message="Pod {subject} does not reach the broker, although the operator does: {evidence}",
            remedy="Find the NetworkPolicy or the broker URL that keeps the pod from the broker.",
            kubectl="get networkpolicies",
        ),
    },
    rank=120,
    broker_outage_explains=True,
    evidence={
        "connecting": "The worker is connecting to its broker.",
        "no_turn": "The worker's main loop has not turned yet.",
        "broker": "The worker has waited for an answer of its broker for {age} s.",
        "connection": "The worker has waited for a connection to its broker for {age} s.",
        "beat": "Beat has waited for its broker for {age} s.",
    },
)

STOPPING = Entry(
    word="Stopping",
    subject=Subject.PROCESS,
    severity=Severity.INFORMATION,
    page="starting-and-stopping",
    meaning="The process was asked to end. A worker finishes its tasks first; beat saves its schedule.",
    evidence={"stopping": "{Process} is stopping."},
)

ENDED = Entry(
    word="Ended",
    subject=Subject.PROCESS,
    severity=Severity.DEGRADED,
    page="starting-and-stopping",
    meaning="The process is gone, or reports have stopped and no process is known to run.",
    cause=Cause.WORKER,
    acts=Actor.KUBELET_ON_EXIT,
    evidence={
        "ended": "The {command} process has ended.",
        "no_process": "The last report is {age} s old, and no {command} process is known.",
    },
)

AGENT_ABSENT = Entry(
    word="AgentAbsent",
    subject=Subject.PROCESS,
    severity=Severity.DEGRADED,
    page="no-report",
    meaning="The process runs and writes no report, so its health is unknown.",
    cause=Cause.CONFIGURATION,
    wording=Wording(
        message="No agent reports from {subjects}.",
        remedy="Start Celery through the agent in group {group}: python {agent} -A {app} worker ...",
        kubectl="get pod {subject} -o jsonpath='{{.spec.containers[?(@.name==\"{worker}\")].command}}'",
    ),
    rank=175,
    evidence={
        "no_agent": "{Process} has no agent: start it with `python /celery-probe -A APP {command}`.",
        "no_report": "{Process} is running, but its agent writes no report. {Process}'s log has the error.",
    },
)

REPORT_UNREADABLE = Entry(
    word="ReportUnreadable",
    subject=Subject.PROCESS,
    severity=Severity.DEGRADED,
    page="no-report",
    meaning="There is a report of the process that does not follow the contract, so its health is unknown.",
    cause=Cause.CONFIGURATION,
    wording=Wording(
        message="The report of pod {subject} cannot be read: {evidence}",
        remedy="Compare the images of the agent and the sidecar, and recreate the pods if the images differ. "
        "Otherwise find what else writes into {directory}: only the agent may.",
        kubectl="get pod {subject} -o jsonpath='{{.status.initContainerStatuses[*].imageID}}'",
    ),
    rank=172,
)
