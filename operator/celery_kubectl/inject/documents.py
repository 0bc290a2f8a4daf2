"""Adds the agent, the sidecar and the probes to each pod with a worker among some documents."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from celery_health.verdicts.text import listed
from celery_kubectl.inject.container import broker_of, with_probe
from celery_kubectl.inject.environment import Container
from celery_kubectl.inject.errors import InjectError
from celery_kubectl.inject.pods import PodPlace, pod_place
from celery_kubectl.inject.start import Start
from celery_kubectl.kubectl import Object
from celery_probe.pod import (
    AGENT_CONTAINER,
    PROBE_VOLUME,
    SIDECAR_CONTAINER,
    ProbeImage,
    agent_container,
    sidecar_container,
)

DEFAULT_GRACE_SECONDS = 30
"""What a pod has that does not set ``terminationGracePeriodSeconds``."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose."""

    image: ProbeImage
    containers: tuple[str, ...] = ()
    """CONTAINER or OBJECT/CONTAINER: where the manifest does not show that the container starts a worker."""
    broker_variable: str = ""


@dataclass(slots=True)
class Result:
    """The documents in their order. ``notes``: what the user should know, a sentence each."""

    documents: list[Object] = field(default_factory=list)
    injected: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def inject(documents: Iterable[Object], choice: Choice) -> Result:
    """The documents, with what a worker needs in each pod that has one.

    Raises:
        InjectError: no container starts a worker, or a pod cannot get what a worker needs.
    """
    places = [(document, pod_place(document)) for document in documents]
    _check_choice(choice.containers, [place for _, place in places if place is not None])
    result = Result()
    for document, place in places:
        result.documents.append(document if place is None else _injected(place, choice, result))
    if not result.injected:
        raise InjectError(
            "No container starts a Celery worker: if a script or the image starts one, name its container "
            "with --container NAME."
        )
    return result


def _check_choice(chosen: Sequence[str], places: Sequence[PodPlace]) -> None:
    for one in chosen:
        pods = [place for place in places if list(_chosen(place, (one,)))]
        if not pods:
            raise InjectError(f"No pod has the container {one}: write --container NAME or OBJECT/NAME.")
        if len(pods) > 1 and "/" not in one:
            raise InjectError(
                f"{listed([place.title for place in pods])} have a container {one}: choose one with "
                f"--container {pods[0].name}/{one}."
            )


def _injected(place: PodPlace, choice: Choice, result: Result) -> Object:
    if place.is_owned:
        result.notes.append(f"{place.title}: left alone, because a CeleryDeployment owns it.")
        return place.document
    containers, chosen = place.pod["containers"], list(_chosen(place, choice.containers))
    workers = [one for one in containers if (one in chosen if chosen else Start(one).is_of_worker)]
    if not workers:
        result.notes.append(f"{place.title}: left alone, because no container starts a Celery worker.")
        return place.document
    if len(workers) > 1:
        names = listed([container["name"] for container in workers])
        raise InjectError(
            f"{place.title}: the containers {names} start a worker each, and a sidecar observes one: choose "
            f"one with --container {place.name}/{workers[0]['name']}."
        )
    document = place.with_pod(_pod(place, workers[0], choice, result))
    result.injected.append(f"{place.title}: container {workers[0]['name']} has the agent and a sidecar.")
    return document


def _chosen(place: PodPlace, containers: Iterable[str]) -> Iterator[Container]:
    for one in containers:
        owner, _, name = one.rpartition("/")
        if owner in ("", place.name):
            yield from (container for container in place.pod["containers"] if container["name"] == name)


def _pod(place: PodPlace, worker: Container, choice: Choice, result: Result) -> Object:
    pod = place.pod
    _check_names(place)
    grace = pod.get("terminationGracePeriodSeconds")
    changed, notes = with_probe(worker, grace if isinstance(grace, int) else DEFAULT_GRACE_SECONDS)
    broker, broker_notes = broker_of(worker, choice.broker_variable)
    result.notes += [f"{place.title}: {note}" for note in (*notes, *broker_notes)]
    return {
        **pod,
        "initContainers": [
            agent_container(choice.image),
            {**sidecar_container(choice.image, broker["env"]), **_sources(broker)},
            *(one for one in pod.get("initContainers") or () if not _is_ours(one)),
        ],
        "containers": [changed if one is worker else one for one in pod["containers"]],
        "volumes": [PROBE_VOLUME, *(one for one in pod.get("volumes") or () if one != PROBE_VOLUME)],
    }


def _sources(broker: Container) -> Container:
    return {name: value for name, value in broker.items() if name == "envFrom"}


def _check_names(place: PodPlace) -> None:
    """Refuse a pod whose own containers or volumes have our names."""
    pod = place.pod
    for one in (*(pod.get("initContainers") or ()), *pod["containers"]):
        if one["name"] in (AGENT_CONTAINER, SIDECAR_CONTAINER) and not _is_ours(one):
            raise InjectError(
                f"{place.title} has a container {one['name']} of its own: give it another name."
            )
    for one in pod.get("volumes") or ():
        if one["name"] == PROBE_VOLUME["name"] and one != PROBE_VOLUME:
            raise InjectError(f"{place.title} has a volume {one['name']} of its own: give it another name.")


def _is_ours(container: Container) -> bool:
    command = container.get("command")
    return isinstance(command, list) and command[:1] == ["celery-probe"]
