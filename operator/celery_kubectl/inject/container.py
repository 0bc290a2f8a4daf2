"""The worker's container with the agent and the probes, and what its sidecar needs of it."""

from typing import Any

from celery_health.wire.names import DIRECTORY, DIRECTORY_VARIABLE
from celery_kubectl.inject.environment import Container, broker_fields, broker_name, env_of, with_variable
from celery_kubectl.inject.errors import InjectError
from celery_kubectl.inject.start import PATH_VARIABLE, Start, path_of
from celery_probe.pod import PROBE_MOUNT, SITE, STOP_SCRIPT, probes, stop_hook


def with_probe(container: Container, grace_seconds: int) -> tuple[Container, list[str]]:
    """The container with the agent, the probes and the stop hook, and notes for the user.

    Raises:
        InjectError: the container starts several workers.
    """
    start, name = Start(container), container["name"]
    if start.runs_several:
        raise InjectError(
            f"Container {name} starts {len(start.found)} workers, and a sidecar observes one: start one "
            "worker in each container."
        )
    new_probes, changed = probes(), start.with_agent()
    notes = [
        f"replaced the {probe} of container {name}."
        for probe, ours in new_probes.items()
        if container.get(probe, ours) != ours
    ]
    if path_of(changed) == SITE and path_of(container) != SITE:
        notes.append(
            f"{PATH_VARIABLE} of container {name} is {SITE} now: if the image sets {PATH_VARIABLE} too, "
            "write that value into the manifest first."
        )
    changed = {
        **changed,
        "env": with_variable(env_of(changed), DIRECTORY_VARIABLE, DIRECTORY),
        "volumeMounts": _mounts(container),
        **new_probes,
    }
    lifecycle = container.get("lifecycle") or {}
    if _is_kept(lifecycle.get("preStop")):
        notes.append(f"container {name} keeps its own preStop hook: its tasks do not finish before SIGTERM.")
    else:
        changed["lifecycle"] = {**lifecycle, "preStop": stop_hook(grace_seconds, start.python)}
    return changed, notes


def broker_of(container: Container, chosen: str) -> tuple[Container, list[str]]:
    """``env`` and ``envFrom`` with the broker's URL for the sidecar, and notes for the user.

    Raises:
        InjectError: the container has no variable of the chosen name.
    """
    name = chosen or broker_name(container)
    if name is None:
        note = (
            f"no variable of container {container['name']} shows the broker's URL, so the sidecar does not "
            "check the broker: name the variable with --broker-url-env NAME."
        )
        return {"env": []}, [note]
    try:
        return broker_fields(container, name), []
    except KeyError:
        raise InjectError(
            f"Container {container['name']} has no variable {name}: write a name of its env, or of a Secret "
            "or ConfigMap in its envFrom."
        ) from None


def _mounts(container: Container) -> list[Container]:
    return [PROBE_MOUNT, *(one for one in container.get("volumeMounts") or () if one != PROBE_MOUNT)]


def _is_kept(hook: Any) -> bool:
    """Whether it is a stop hook of the user's own."""
    return bool(hook) and STOP_SCRIPT not in str(hook)
