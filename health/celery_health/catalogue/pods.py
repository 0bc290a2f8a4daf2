"""Reasons of worker pods that only Kubernetes and the operator see."""

from celery_health.catalogue.entry import (
    Actor,
    Cause,
    Entry,
    Reason,
    Replacement,
    Severity,
    Subject,
    Wording,
)

_DESCRIBE = "describe pod {subject}"
_LOGS = "logs {subject} -c {worker}"
_LOGS_BEFORE = "logs {subject} -c {container} --previous"
_SIDECAR_LOGS = "logs {subject} -c {sidecar}"


class PodReason(Reason):
    """Why a worker pod does not consume, where its worker cannot say."""

    IMAGE_UNAVAILABLE = Entry(
        word="ImageUnavailable",
        subject=Subject.POD,
        severity=Severity.DEGRADED,
        page="pod-cannot-run",
        meaning="The image cannot be pulled.",
        cause=Cause.CONFIGURATION,
        wording=Wording(
            message="Pod {subject} cannot pull the image of its container {container} ({kubelet}): {line}",
            remedy="Correct spec.image, or name the registry's credentials in spec.imagePullSecrets: "
            "{image} cannot be pulled.",
            kubectl=_DESCRIBE,
        ),
        variants={
            "probe_image": Wording(
                remedy="Make the operator's own probe image available to the cluster's nodes."
            )
        },
        rank=10,
    )
    CONFIGURATION_MISSING = Entry(
        word="ConfigurationMissing",
        subject=Subject.POD,
        severity=Severity.DEGRADED,
        page="pod-cannot-run",
        meaning="A Secret or ConfigMap, or a key in it, does not exist.",
        cause=Cause.CONFIGURATION,
        wording=Wording(
            message="Pod {subject} waits for its configuration: {line}",
            remedy="Create what is missing; the pods then start by themselves: {line}",
            kubectl=_DESCRIBE,
        ),
        rank=20,
    )
    APP_NOT_LOADED = Entry(
        word="AppNotLoaded",
        subject=Subject.POD,
        severity=Severity.DEGRADED,
        page="pod-cannot-run",
        meaning="Celery cannot import the application.",
        cause=Cause.CONFIGURATION,
        wording=Wording(
            message="Pod {subject} cannot load the application {app}: {line}",
            remedy="Correct spec.app (as in celery -A) or the image: the application cannot be imported.",
            kubectl=_LOGS_BEFORE,
        ),
        rank=30,
    )
    CREATION_REFUSED = Entry(
        word="CreationRefused",
        subject=Subject.ROLLOUT,
        severity=Severity.DEGRADED,
        page="pod-cannot-run",
        meaning="The cluster refuses to create the pods, because of a quota or a security policy.",
        cause=Cause.CLUSTER,
        wording=Wording(
            message="Deployment {subject} cannot create its pods: {failure}",
            remedy="Remove what keeps the Deployment from creating its pods.",
            kubectl="describe replicasets -l {selector}",
        ),
        rank=40,
    )
    ROLLOUT_STOPPED = Entry(
        word="RolloutStopped",
        subject=Subject.ROLLOUT,
        severity=Severity.DEGRADED,
        page="pod-cannot-run",
        meaning="New pods have not become ready within ten minutes. Earlier pods are kept.",
        cause=Cause.CONFIGURATION,
        wording=Wording(
            message="The rollout of Deployment {subject} has stopped, because its new pods do not become "
            "ready.{kept}",
            remedy="Correct what keeps the new pods from becoming ready, or go back to the earlier values: "
            "the rollout then goes on by itself.",
            kubectl="describe pods -l {selector}",
        ),
        rank=45,
    )
    USER_NOT_ALLOWED = Entry(
        word="UserNotAllowed",
        subject=Subject.POD,
        severity=Severity.DEGRADED,
        page="pod-cannot-run",
        meaning="The kubelet does not start a container whose user is root, or is a name.",
        cause=Cause.CONFIGURATION,
        wording=Wording(
            message="Pod {subject} is not started: {line}",
            remedy="Write the number of the image's user in spec.runAsUser; "
            "`docker run --rm {image} id -u` prints the number. It must not be 0.",
            kubectl=_DESCRIBE,
        ),
        rank=25,
    )
    OOM_KILLED = Entry(
        word="OOMKilled",
        subject=Subject.POD,
        severity=Severity.DEGRADED,
        page="pod-cannot-run",
        meaning="The kernel killed the container at its memory limit.",
        cause=Cause.TASKS,
        acts=Actor.KUBELET_ON_EXIT,
        wording=Wording(
            message="Pod {subject} was killed at its memory limit.",
            remedy="Raise resources.limits.memory of the group, or lower its concurrency.",
            kubectl=_DESCRIBE,
        ),
        rank=50,
    )
    CRASHING = Entry(
        word="Crashing",
        subject=Subject.POD,
        severity=Severity.DEGRADED,
        page="pod-cannot-run",
        meaning="The worker ends, and the kubelet starts it again.",
        cause=Cause.WORKER,
        acts=Actor.KUBELET_ON_EXIT,
        wording=Wording(
            message="Pod {subject} crashes ({kubelet}): {line}",
            remedy="Read why the container ended.",
            kubectl=_LOGS_BEFORE,
        ),
        rank=60,
    )
    UNSCHEDULABLE = Entry(
        word="Unschedulable",
        subject=Subject.POD,
        severity=Severity.DEGRADED,
        page="pod-cannot-run",
        meaning="No node has room for the pod.",
        cause=Cause.CLUSTER,
        wording=Wording(
            message="Pod {subject} has no node{line}.",
            remedy="Add nodes, or lower the group's resources.requests.",
            kubectl=_DESCRIBE,
        ),
        rank=110,
    )
    STOPPED = Entry(
        word="Stopped",
        subject=Subject.POD,
        severity=Severity.DEGRADED,
        page="starting-and-stopping",
        meaning="The worker process is ending or has ended.",
        cause=Cause.WORKER,
        acts=Actor.KUBELET_ON_EXIT,
        wording=Wording(
            message="The worker of pod {subject} is stopping or has ended: {evidence}",
            remedy="Read why the worker ended.",
            kubectl=_LOGS,
        ),
        rank=130,
        broker_outage_explains=True,
    )
    SIDECAR_UNREACHABLE = Entry(
        word="SidecarUnreachable",
        subject=Subject.POD,
        severity=Severity.UNKNOWN,
        page="no-report",
        meaning="The sidecar does not answer the operator, so the health of the process is unknown.",
        cause=Cause.CLUSTER,
        wording=Wording(
            message="Pod {subject} is running, but its sidecar does not answer the operator{cause}.",
            remedy="Let the operator reach port {port} of the pods, and check that the sidecar runs.",
            kubectl=_SIDECAR_LOGS,
        ),
        rank=160,
        broker_outage_explains=True,
    )
    CONSUMPTION_UNKNOWN = Entry(
        word="ConsumptionUnknown",
        subject=Subject.WORKER,
        severity=Severity.UNKNOWN,
        page="consuming",
        meaning="The worker's agent reports, but its transport does not show whether the worker consumes.",
        wording=Wording(
            message="The report of pod {subject} does not show whether the worker consumes: {evidence}",
            remedy="Read in the sidecar's log what the agent cannot see.",
            kubectl=_SIDECAR_LOGS,
        ),
        rank=170,
        broker_outage_explains=True,
    )
    BACK_OFF = Entry(
        word="BackOff",
        subject=Subject.POD,
        severity=Severity.DEGRADED,
        page="pod-cannot-run",
        meaning="The kubelet delays the next start of a worker that had worked; the operator replaces its "
        "pod.",
        cause=Cause.CLUSTER,
        acts=Actor.OPERATOR,
        replacement=Replacement(
            "ReplacedWaitingWorker", "its worker had worked, and the kubelet delays the next start"
        ),
    )
