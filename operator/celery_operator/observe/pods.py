"""Pods as the watch shows them, read into PodStates: pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from celery_health.redaction import redact
from celery_operator.api import names
from celery_operator.kinds import Json
from celery_operator.snapshot import ContainerEnd, ContainerFailure, PodState, SidecarReading
from celery_operator.timing.kubelet_time import in_server_time, read_moment

MESSAGE_LIMIT = 400

# A container that waits for these is on its way and has not failed.
_ON_THE_WAY = frozenset({"", "ContainerCreating", "PodInitializing"})


def pod_states(
    pods: list[Json], readings: Mapping[str, SidecarReading], errors: Mapping[str, str]
) -> tuple[PodState, ...]:
    """The worker pods among these. ``readings``, and the causes of those that failed, are by pod uid."""
    return tuple(
        pod_state(pod, readings.get(pod["metadata"]["uid"]), errors.get(pod["metadata"]["uid"], ""))
        for pod in pods
        if group_of(pod) is not None
    )


def group_of(pod: Json) -> str | None:
    """The worker group of a pod; None for beat, Redis and whatever else carries our instance label."""
    labels = pod["metadata"]["labels"]
    if labels.get(names.LABEL_COMPONENT) != names.COMPONENT_WORKER:
        return None
    group: str | None = labels.get(names.LABEL_GROUP)
    return group


def pod_state(pod: Json, reading: SidecarReading | None, sidecar_error: str = "") -> PodState:
    """One worker pod."""
    metadata, status = pod["metadata"], pod["status"]
    conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
    worker = _container_of_celery(status)
    running = worker.get("state", {}).get("running") or {}
    return PodState(
        name=metadata["name"],
        uid=metadata["uid"],
        group=metadata["labels"][names.LABEL_GROUP],
        created_at=read_moment(metadata["creationTimestamp"]),
        phase=status.get("phase", "Pending"),
        ready=conditions.get("Ready", {}).get("status") == "True",
        deleting="deletionTimestamp" in metadata,
        scheduled=conditions.get("PodScheduled", {}).get("status") == "True",
        restarts=worker.get("restartCount", 0),
        container_failure=container_failure(pod),
        reading=reading,
        deletion_cost=_deletion_cost(metadata.get("annotations", {})),
        sidecar_error=sidecar_error,
        container_started_at=in_server_time(running["startedAt"], status)
        if running.get("startedAt")
        else None,
        startup_passed=worker.get("started") is True,
        last_end=_last_end(worker, status),
        replica_set=metadata["labels"].get(names.LABEL_TEMPLATE, ""),
    )


def _container_of_celery(status: Json) -> Json:
    """The status of the worker's container; empty before the kubelet has one."""
    containers: list[Json] = status.get("containerStatuses", [])
    return next((one for one in containers if one["name"] == names.WORKER_CONTAINER), {})


def _last_end(container: Json, status: Json) -> ContainerEnd | None:
    """The newest end that the kubelet shows: of the present run, else of the one before."""
    for state in (container.get("state", {}), container.get("lastState", {})):
        ended = state.get("terminated")
        if ended and ended.get("finishedAt"):
            finished_at = in_server_time(ended["finishedAt"], status)
            return ContainerEnd(ended["exitCode"], ended.get("reason") == "OOMKilled", finished_at)
    return None


def _deletion_cost(annotations: Mapping[str, str]) -> int:
    """As the ReplicaSet controller reads it: what is no number counts as none."""
    try:
        return int(annotations.get(names.ANNOTATION_DELETION_COST, "0"))
    except ValueError:
        return 0


def container_failure(pod: Json) -> ContainerFailure | None:
    """Why the pod does not run: the scheduler's reason, or that of the first container that fails."""
    status = pod["status"]
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return ContainerFailure("", condition.get("reason", ""), _short(condition.get("message", "")))
    return next(_failures_of_containers(status), None)


def _failures_of_containers(status: Json) -> Iterator[ContainerFailure]:
    for container in (*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])):
        found = _failure_of_container(container, status)
        if found is not None:
            yield found


def _failure_of_container(container: Json, status: Json) -> ContainerFailure | None:
    """A wait that is a failure, or an end that was one; the exit before a wait says more than the wait."""
    name, state = container["name"], container.get("state", {})
    waiting, ended = state.get("waiting"), state.get("terminated")
    if ended is not None or waiting is None:
        return _exit(name, ended) if ended else None
    reason = waiting.get("reason", "")
    if reason in _ON_THE_WAY:
        return None
    found = ContainerFailure(name, reason, _short(waiting.get("message", "")))
    last = container.get("lastState", {}).get("terminated")
    if last is None or reason != "CrashLoopBackOff":
        return found
    return _with_last_run(_exit(name, last) or found, last, status)


def _exit(container: str, ended: Json) -> ContainerFailure | None:
    """An exit that was a failure."""
    if ended["exitCode"] == 0:
        return None
    message = _short(ended.get("message", ""))
    return ContainerFailure(container, ended.get("reason", ""), message, ended["exitCode"])


def _with_last_run(found: ContainerFailure, ended: Json, status: Json) -> ContainerFailure:
    if not (ended.get("startedAt") and ended.get("finishedAt")):
        return found
    ran_for = read_moment(ended["finishedAt"]) - read_moment(ended["startedAt"])
    ended_at = in_server_time(ended["finishedAt"], status)
    return replace(found, ended_at=ended_at, ran_for=ran_for.total_seconds())


def _short(message: str) -> str:
    """Without secrets; the end of a long message, where a traceback says what it was."""
    text = redact(message).strip()
    return text if len(text) <= MESSAGE_LIMIT else "…" + text[1 - MESSAGE_LIMIT :]
