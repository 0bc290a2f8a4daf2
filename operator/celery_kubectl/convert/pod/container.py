"""The container that runs Celery, and the containers beside it."""

from pathlib import PurePosixPath

from celery_health.verdicts.text import is_or_are, listed
from celery_kubectl.command_line.options import Role
from celery_kubectl.convert.celery_command import shortened
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.fields import number, part, parts, text, words
from celery_kubectl.convert.pod.security import carried_security
from celery_kubectl.convert.pod.shared import Shared
from celery_kubectl.convert.workload import Workload
from celery_kubectl.kubectl import Object

# These have a field, are read elsewhere, or are what Kubernetes fills in.
_HANDLED = frozenset(
    {
        "name",
        "image",
        "imagePullPolicy",
        "command",
        "args",
        "env",
        "envFrom",
        "resources",
        "volumeMounts",
        "securityContext",
        "lifecycle",
        "startupProbe",
        "livenessProbe",
        "readinessProbe",
        "terminationMessagePath",
        "terminationMessagePolicy",
    }
)
_STARTUP_SECONDS = 300
_OUR_NAMES = frozenset({"worker", "beat", "flower", "agent", "probe"})


def carried_container(workload: Workload, draft: Draft, shared: Shared) -> Object:
    """What the template sets in Celery's container; empty where there is nothing."""
    container = workload.container
    carried = {key: value for key, value in container.items() if key not in _HANDLED}
    if workload.role is Role.FLOWER:
        carried.pop("ports", None)  # the operator names the one that Flower has
    security = carried_security(workload, draft, shared)
    if security:
        carried["securityContext"] = security
    carried |= _working_directory(workload, draft)
    carried |= _hooks(container, draft)
    if workload.role is not Role.FLOWER:
        carried |= _long_start(container)
    _note_probes(container, draft)
    draft.put(part(container, "resources"), "resources")
    return carried


def _working_directory(workload: Workload, draft: Draft) -> Object:
    """Where the script and --workdir lead, from the container's own folder on."""
    command = workload.command
    folders = [one for one in (command.directory, command.value("--workdir")) if one]
    whole = PurePosixPath(text(workload.container, "workingDir"), *folders)
    if not folders or str(whole) == ".":
        return {}
    # Only a shell in the image knows these, or the folder of the image itself.
    if whole.is_absolute() and not {"$", "~", "`"} & set("".join(folders)):
        return {"workingDir": str(whole)}
    draft.ask(
        f"Celery starts in the folder {shortened(str(PurePosixPath(*folders)))}: write its whole path into "
        "template, as workingDir of the container.",
        "template",
    )
    return {}


def carried_companions(workload: Workload, draft: Draft) -> list[Object]:
    """The other containers, under names that are free."""
    companions = [_free_name(one, draft) for one in workload.companions]
    if companions:
        names = listed([str(one.get("name")) for one in companions])
        draft.ask(
            f"Container {names} {is_or_are(len(companions))} carried over, and ends as soon as the worker "
            "begins to stop. If tasks need it until their end, write it as an init container with "
            'restartPolicy: Always (docs/howto/worker-pods.md, "More containers").',
            "template",
        )
    return companions


def carried_init_containers(workload: Workload, draft: Draft) -> list[Object]:
    """The init containers, under names that are free."""
    return [_free_name(one, draft) for one in parts(workload.pod, "initContainers")]


def in_template(container: Object, others: list[Object], name: str) -> list[Object]:
    """``containers`` of the template."""
    ours = [{"name": name, **container}] if container else []
    return [*ours, *others]


def set_in_container(draft: Draft, name: str, key: str, value: object) -> None:
    """Set a field of Celery's container in the template. An empty value leaves it out."""
    if not value:
        return
    pod = draft.fields.setdefault("template", {}).setdefault("spec", {})
    containers: list[Object] = pod.setdefault("containers", [])
    ours = next((one for one in containers if one["name"] == name), None)
    if ours is None:
        containers.insert(0, ours := {"name": name})
    ours[key] = value


def _free_name(container: Object, draft: Draft) -> Object:
    name = str(container.get("name"))
    if name not in _OUR_NAMES:
        return container
    draft.remark(
        f"Container {name} is called {name}-container, because the operator uses that name.", "template"
    )
    return {**container, "name": f"{name}-container"}


def _hooks(container: Object, draft: Draft) -> Object:
    lifecycle = part(container, "lifecycle")
    if hook := part(lifecycle, "preStop"):
        draft.ask(
            f"The preStop hook ({_what_runs(hook)}) is not carried over: the operator's own hook lets the "
            "worker finish its tasks. Check whether yours does more."
        )
    kept = {key: value for key, value in lifecycle.items() if key != "preStop"}
    return {"lifecycle": kept} if kept else {}


def _long_start(container: Object) -> Object:
    probe = part(container, "startupProbe")
    seconds = number(probe, "initialDelaySeconds", 0)
    seconds += number(probe, "periodSeconds", 10) * number(probe, "failureThreshold", 3)
    # The operator's probe asks once a second.
    return {"startupProbe": {"failureThreshold": seconds}} if probe and seconds > _STARTUP_SECONDS else {}


def _note_probes(container: Object, draft: Draft) -> None:
    found: dict[str, list[str]] = {}
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        if probe := part(container, name):
            found.setdefault(_what_runs(probe), []).append(name)
    if found:
        texts = [f"{' and '.join(names)} ({what})" for what, names in found.items()]
        draft.remark(f"Replaced by probes that the operator's sidecar answers: {', '.join(texts)}.")


def _what_runs(handler: Object) -> str:
    if command := words(part(handler, "exec"), "command"):
        return f"`{shortened(' '.join(command), 60)}`"
    return next((kind for kind in ("httpGet", "tcpSocket", "grpc", "sleep") if kind in handler), "no action")
