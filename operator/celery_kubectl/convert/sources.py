"""Reads what ``kubectl celery convert`` needs: from files, or from the cluster by ``kubectl get``."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO, TypeVar

from celery_health.verdicts.text import is_or_are, listed
from celery_kubectl.convert.application import Surroundings
from celery_kubectl.convert.conversion import Sources
from celery_kubectl.convert.environment import Configuration
from celery_kubectl.convert.errors import ConversionError
from celery_kubectl.convert.fields import in_namespace, part, parts, text
from celery_kubectl.kubectl import Kubectl, KubectlError, NoResourceTypeError, NotFoundError, Object
from celery_kubectl.manifests import read_manifests

_KINDS = {
    **dict.fromkeys(("deployment", "deployments", "deploy", "deployments.apps"), "Deployment"),
    **dict.fromkeys(("statefulset", "statefulsets", "sts", "statefulsets.apps"), "StatefulSet"),
}
_SCALED_OBJECTS = "scaledobjects.keda.sh"
_AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
_BUDGETS = "poddisruptionbudgets.policy"
# Names only: no value of a Secret reaches this program.
_KEYS = '{{range $key, $value := .data}}{{$key}}{{"\\n"}}{{end}}'

Target = tuple[str, str]
"""A kind and a name."""

T = TypeVar("T")


def targets_of(names: Iterable[str]) -> list[Target]:
    """``deployment/shop`` as kind and name.

    Raises:
        ConversionError: it is of another kind.
    """
    targets = []
    for given in names:
        kind, slash, name = given.rpartition("/")
        if (slash and kind.lower() not in _KINDS) or not name:
            raise ConversionError(f"{given} is no Deployment: write deployment/NAME.")
        targets.append((_KINDS[kind.lower()] if slash else "Deployment", name))
    return list(dict.fromkeys(targets))


def from_files(files: Sequence[Path | TextIO], targets: Sequence[Target], scaled: Sequence[str]) -> Sources:
    """The objects of manifests. Without targets, all Deployments and StatefulSets.

    Raises:
        ManifestError: a file cannot be read.
        ConversionError: a target or a ScaledObject is missing.
    """
    read = [one for file in files for one in read_manifests(file)]
    # An object with generateName has no name by which another could refer to it.
    objects = [one for one in read if text(one["metadata"], "name")]
    candidates = {
        (text(one["metadata"], "namespace"), _target(one)): one
        for one in objects
        if one["kind"] in _KINDS.values()
    }
    all_targets = list(dict.fromkeys(target for _, target in candidates))
    for target in targets:
        if target not in all_targets:
            raise ConversionError(f"The manifests have no {_title(target)}: {_there(all_targets)}.")
    if not all_targets:
        raise ConversionError("The manifests have no Deployment: write those of the workers into the file.")
    scaled_objects = _of_kind(objects, "ScaledObject")
    for name in scaled:
        if all(one["metadata"]["name"] != name for one in scaled_objects):
            there = [("ScaledObject", one["metadata"]["name"]) for one in scaled_objects]
            raise ConversionError(f"The manifests have no scaledobject/{name}: {_there(there)}.")
    chosen = [one for one in scaled_objects if not scaled or one["metadata"]["name"] in scaled]
    return Sources(
        deployments=[one for (_, target), one in candidates.items() if not targets or target in targets],
        surroundings=Surroundings(
            scalers=[*chosen, *_of_kind(objects, "HorizontalPodAutoscaler")],
            budgets=_of_kind(objects, "PodDisruptionBudget"),
            deployments=[name for kind, name in all_targets if kind == "Deployment"],
        ),
        configuration=_of_objects(objects),
        of_namespaces={
            namespace: _of_objects([one for one in objects if in_namespace(one, namespace)])
            for namespace in dict.fromkeys(namespace for namespace, _ in candidates)
        },
        named=bool(targets),
    )


def _of_objects(objects: Sequence[Object]) -> Configuration:
    return Configuration(
        config_maps={
            one["metadata"]["name"]: _texts(part(one, "data")) for one in _of_kind(objects, "ConfigMap")
        },
        secret_keys={
            one["metadata"]["name"]: frozenset([*part(one, "data"), *part(one, "stringData")])
            for one in _of_kind(objects, "Secret")
        },
    )


def from_cluster(kubectl: Kubectl, targets: Sequence[Target], scaled: Sequence[str]) -> Sources:
    """The objects of the namespace.

    Raises:
        KubectlError: a Deployment or a named ScaledObject cannot be read.
    """
    deployments = [_read(kubectl, f"{kind.lower()}s.apps", (kind, name)) for kind, name in targets]
    problems: list[str] = []

    def listing(kind: str, consequence: str = "they are not carried over") -> list[Object]:
        try:
            return parts(kubectl.json("get", kind), "items")
        except NoResourceTypeError:
            return []
        except KubectlError as error:
            problems.append(f"{kind} were not read, so {consequence}. {error.message}")
            return []

    if scaled:
        scaled_objects = [_read(kubectl, _SCALED_OBJECTS, ("ScaledObject", name)) for name in scaled]
    else:
        scaled_objects = listing(_SCALED_OBJECTS)
    others = listing(
        "deployments.apps", "check that none has the name of this resource and one of its groups"
    )
    return Sources(
        deployments=deployments,
        surroundings=Surroundings(
            scalers=[*scaled_objects, *listing(_AUTOSCALERS)],
            budgets=listing(_BUDGETS),
            deployments=[one["metadata"]["name"] for one in others],
        ),
        configuration=_configuration(kubectl, deployments),
        problems=problems,
    )


def _read(kubectl: Kubectl, resource: str, target: Target) -> Object:
    kind, name = target
    try:
        return kubectl.json("get", resource, name)
    except NoResourceTypeError:
        raise ConversionError(
            f"This cluster has no {kind}s: leave out {name}, or use --context for another cluster."
        ) from None
    except NotFoundError:
        pass
    namespace = kubectl.namespace
    try:
        others = [(kind, one["metadata"]["name"]) for one in kubectl.json("get", resource)["items"]]
    except KubectlError:  # the user may get, and not list
        others = []
    raise ConversionError(f"There is no {_title(target)} in namespace {namespace}: {_there(others)}.")


def _configuration(kubectl: Kubectl, deployments: Iterable[Object]) -> Configuration:
    """The ConfigMaps and the keys of the Secrets that containers name. What cannot be read is left out."""
    containers = [one for deployment in deployments for one in _containers(deployment)]

    def keys(name: str) -> frozenset[str]:
        return frozenset(kubectl.run("get", "secret", name, "-o", f"go-template={_KEYS}").split())

    def data(name: str) -> Mapping[str, str]:
        return _texts(part(kubectl.json("get", "configmap", name), "data"))

    return Configuration(
        config_maps=_each(data, _named(containers, "configMapRef", "configMapKeyRef")),
        secret_keys=_each(keys, _named(containers, "secretRef", "")),
    )


def _each(read: Callable[[str], T], names: Iterable[str]) -> dict[str, T]:
    found: dict[str, T] = {}
    for name in dict.fromkeys(names):
        try:
            found[name] = read(name)
        except KubectlError:
            continue
    return found


def _containers(deployment: Object) -> list[Object]:
    return parts(part(part(part(deployment, "spec"), "template"), "spec"), "containers")


def _named(containers: Iterable[Object], source: str, reference: str) -> Iterator[str]:
    for container in containers:
        for one in parts(container, "envFrom"):
            yield from _name_of(part(one, source))
        for one in parts(container, "env"):
            yield from _name_of(part(part(one, "valueFrom"), reference))


def _name_of(reference: Object) -> Iterator[str]:
    if name := text(reference, "name"):
        yield name


def _of_kind(objects: Iterable[Object], kind: str) -> list[Object]:
    return [one for one in objects if one["kind"] == kind]


def _texts(data: Object) -> dict[str, str]:
    return {key: str(value) for key, value in data.items()}


def _target(one: Object) -> Target:
    return one["kind"], one["metadata"]["name"]


def _title(target: Target) -> str:
    return f"{target[0].lower()}/{target[1]}"


def _there(targets: Sequence[Target]) -> str:
    """What there is instead."""
    titles = listed([_title(target) for target in targets])
    return f"there {is_or_are(len(targets))} {titles}" if titles else "check the name and the namespace"
