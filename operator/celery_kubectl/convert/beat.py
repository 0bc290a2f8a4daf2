"""``spec.beat``, from a Deployment of beat or from workers that run beat inside."""

from collections.abc import Mapping

from celery_kubectl.convert.celery_command import CeleryCommand
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.fields import parts
from celery_kubectl.convert.pod.carried import carry_pod
from celery_kubectl.convert.pod.shared import Shared
from celery_kubectl.convert.surroundings import note_surroundings, put_args
from celery_kubectl.convert.workload import Workload
from celery_kubectl.kubectl import Object

_USUAL = {"--app", "--broker", "--result-backend", "--workdir", "--scheduler", "--schedule", "--loglevel"}
_LEFT_OUT = {
    *("--pidfile", "--logfile", "--detach", "--quiet", "--no-color", "--skip-checks", "--loader", "--config"),
    *("--uid", "--gid", "--umask", "--executable"),
}
_LEVEL = "INFO"
_PERSISTENT = ("persistentVolumeClaim", "hostPath", "nfs")


def beat_part(workload: Workload, new_labels: Mapping[str, str]) -> tuple[Draft, Shared]:
    """What replaces a Deployment of beat. It is not enabled, because two beats send every task twice."""
    draft = Draft()
    draft.fields["enabled"] = False
    draft.remark(f"From {workload.title}.")
    _ask_to_enable(draft, f"kubectl scale {workload.title} --replicas=0")
    _carry_schedule(workload, workload.command, draft)
    args: list[str] = []
    left_out = []
    for option in workload.command.options:
        if option.name in _LEFT_OUT:
            left_out.append(option.name)
        elif option.name == "--loglevel" and option.value.upper() != _LEVEL:
            args.append(f"--loglevel={option.value}")
        elif option.name not in _USUAL:
            args += option.words
    put_args([*args, *workload.command.rest], draft)
    if left_out:
        draft.remark(f"Left out: {', '.join(left_out)}.")
    note_surroundings(workload, draft)
    replicas = workload.spec.get("replicas")
    if isinstance(replicas, int) and replicas > 1:
        draft.remark(f"{workload.title} has {replicas} pods, which send every task {replicas} times.")
    return draft, carry_pod(workload, draft, new_labels)


def embedded_beat(workload: Workload) -> Draft:
    """What replaces the beat inside workers."""
    draft = Draft()
    draft.fields["enabled"] = False
    _ask_to_enable(draft, f"kubectl scale {workload.title} --replicas=0")
    if workload.beat_command is not None:
        _carry_schedule(workload, workload.beat_command, draft)
    return draft


def _ask_to_enable(draft: Draft, stop: str) -> None:
    draft.ask(
        f"Write enabled: true when the old beat has stopped ({stop}): two beats send every periodic task "
        "twice.",
        "enabled",
    )


def _carry_schedule(workload: Workload, command: CeleryCommand, draft: Draft) -> None:
    draft.put(command.value("--scheduler"), "scheduler")
    schedule = command.value("--schedule")
    if schedule is None:
        return
    mount = _volume_of(workload, schedule)
    if mount is None:
        draft.remark(
            f"--schedule {schedule} is left out: it is not on a volume that outlives the pod. With storage: "
            f"{{}} the schedule is kept."
        )
    else:
        draft.put(schedule, "schedule")
        draft.ask(
            f"The schedule stays on volume {mount}. The operator can keep it on a volume of its own instead: "
            "write storage: {} in place of schedule.",
            "schedule",
        )


def _volume_of(workload: Workload, path: str) -> str | None:
    """The name of the volume that holds the path, if the volume outlives the pod."""
    volumes: dict[str, Object] = {str(one.get("name")): one for one in parts(workload.pod, "volumes")}
    for mount in parts(workload.container, "volumeMounts"):
        folder, name = str(mount.get("mountPath")).rstrip("/"), str(mount.get("name"))
        if path.startswith(f"{folder}/") and any(kind in volumes.get(name, {}) for kind in _PERSISTENT):
            return name
    return None
