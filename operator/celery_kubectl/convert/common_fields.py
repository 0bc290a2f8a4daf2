"""Fields that all pods of a resource share go into ``spec``, the others into the template of each part."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.environment import REFERENCE
from celery_kubectl.convert.pod.container import set_in_container
from celery_kubectl.convert.pod.shared import Shared
from celery_kubectl.convert.pod.variables import plain_secrets
from celery_kubectl.kubectl import Object

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """A worker group or beat."""

    draft: Draft
    shared: Shared
    container: str
    """The name of Celery's container."""

    @property
    def is_worker(self) -> bool:
        """Whether this is a worker group."""
        return self.container == "worker"


def write_common_fields(parts: Sequence[Part], spec: Draft) -> None:
    """Write ``spec``, and the templates of parts that differ. The first part is a worker group.

    Beat takes over what all workers have in common, where it has nothing of its own.
    """
    _write_image(parts, spec)
    _write_account(parts, spec)
    _write_environment(parts, spec)
    _write_volumes(parts, spec)
    _note_limits(parts, spec)
    _note_selectors(parts, spec)
    seen = set()
    for note in chain.from_iterable(part.shared.about.notes for part in parts):
        if note.text not in seen:
            spec.notes.append(note)
            seen.add(note.text)


def _write_image(parts: Sequence[Part], spec: Draft) -> None:
    image = parts[0].shared.image
    spec.fields["image"] = image or "IMAGE"
    if not image:
        spec.ask("The Deployment names no image: write it here.", "image")
    policy = _of_all_workers([part.shared.pull_policy for part in parts if part.is_worker])
    spec.put(policy or None, "imagePullPolicy")
    for part in parts:
        if part.shared.image != image:
            set_in_container(part.draft, part.container, "image", part.shared.image)
        if part.shared.pull_policy != policy:
            set_in_container(part.draft, part.container, "imagePullPolicy", part.shared.pull_policy)


def _write_account(parts: Sequence[Part], spec: Draft) -> None:
    secrets = {str(one.get("name")): one for part in parts for one in part.shared.pull_secrets}
    spec.put([*secrets.values()], "imagePullSecrets")
    account = _of_all_workers([part.shared.service_account for part in parts if part.is_worker])
    spec.put(account or None, "serviceAccountName")
    user = _of_all_workers([part.shared.run_as_user for part in parts if part.is_worker])
    spec.put(user, "runAsUser")
    for part in parts:
        if part.shared.service_account and part.shared.service_account != account:
            part.draft.put(part.shared.service_account, "template", "spec", "serviceAccountName")
        if part.shared.run_as_user not in {None, user}:
            place = ("template", "spec", "securityContext", "runAsUser")
            part.draft.put(part.shared.run_as_user, *place)


def _of_all_workers(values: Sequence[T]) -> T | None:
    """The value, if all workers have the same."""
    return values[0] if all(one == values[0] for one in values) else None


def _write_environment(parts: Sequence[Part], spec: Draft) -> None:
    workers = [part.shared for part in parts if part.is_worker]
    common = _common_variables(workers)
    spec.put(common, "env")
    sources = workers[0].env_from
    same = all(one.env_from == sources for one in workers)
    if same:
        spec.put(sources, "envFrom")
    _note_plain_secrets(common, spec)
    for part in parts:
        own = [one for one in part.shared.env if one not in common]
        part.draft.put(own, "env")
        _note_plain_secrets(own, part.draft)
        if not same or part.shared.env_from != sources:
            set_in_container(part.draft, part.container, "envFrom", part.shared.env_from)


def _common_variables(workers: Sequence[Shared]) -> list[Object]:
    """Variables of all workers that refer to no variable of some workers: spec.env is read before theirs."""
    common: list[Object] = []
    for entry in workers[0].env:
        own = {one["name"] for shared in workers for one in shared.env} - {one["name"] for one in common}
        references = set(REFERENCE.findall(str(entry.get("value") or "")))
        if all(entry in shared.env for shared in workers) and not references & own:
            common.append(entry)
    return common


def _write_volumes(parts: Sequence[Part], spec: Draft) -> None:
    first = parts[0].shared
    if all(
        (one.shared.volumes, one.shared.volume_mounts) == (first.volumes, first.volume_mounts)
        for one in parts
    ):
        spec.put(first.volumes, "volumes")
        spec.put(first.volume_mounts, "volumeMounts")
        return
    for part in parts:
        part.draft.put(part.shared.volumes, "template", "spec", "volumes")
        set_in_container(part.draft, part.container, "volumeMounts", part.shared.volume_mounts)


def _note_plain_secrets(variables: Sequence[Object], draft: Draft) -> None:
    if names := plain_secrets(variables):
        draft.ask(
            f"Secrets in plain text: {', '.join(names)}. Move them to a Secret and write valueFrom.", "env"
        )


def _note_limits(parts: Sequence[Part], spec: Draft) -> None:
    texts = sorted({text for part in parts for text in part.shared.new_limits}, reverse=True)
    if texts:
        spec.ask(
            f"The pods {' and '.join(texts)}. If the image needs more, see docs/howto/worker-pods.md, "
            '"Files and users".',
            "image",
        )


def _note_selectors(parts: Sequence[Part], spec: Draft) -> None:
    selectors = [part.shared.selector for part in parts if part.shared.selector]
    texts = [",".join(f"{key}={value}" for key, value in one.items()) for one in selectors]
    if texts:
        spec.remark(
            f"Services, NetworkPolicies and monitors that select {', '.join(dict.fromkeys(texts))} do not "
            "find the new pods. Those have the labels app.kubernetes.io/instance (the name of this resource) "
            "and celery-operator.dev/group.",
            "workers",
        )
