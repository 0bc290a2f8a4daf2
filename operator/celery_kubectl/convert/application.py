"""Which Deployments belong to one application, and the CeleryDeployment that replaces them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from celery_health.verdicts.text import listed
from celery_kubectl.command_line.options import Role
from celery_kubectl.convert.beat import beat_part, embedded_beat
from celery_kubectl.convert.common_fields import Part, write_common_fields
from celery_kubectl.convert.connections import Connection, write_broker, write_result_backend
from celery_kubectl.convert.draft import Draft, Note
from celery_kubectl.convert.flower import flower_part
from celery_kubectl.convert.names import group_names
from celery_kubectl.convert.scaling.target import budgets_of, scalers_of
from celery_kubectl.convert.worker import ORDER, worker_group
from celery_kubectl.convert.workload import Workload
from celery_kubectl.kubectl import GROUP, Object

_INSTANCE, _COMPONENT = "app.kubernetes.io/instance", "app.kubernetes.io/component"
_ORDER = (
    *("app", "image", "imagePullPolicy", "imagePullSecrets", "serviceAccountName", "runAsUser"),
    *("broker", "resultBackend", "env", "envFrom", "volumes", "volumeMounts", "workers", "beat", "flower"),
)


@dataclass(slots=True)
class Application:
    """Workloads with the same application and the same broker, in one namespace."""

    workers: list[Workload]
    beats: list[Workload] = field(default_factory=list)
    flowers: list[Workload] = field(default_factory=list)

    @property
    def workloads(self) -> list[Workload]:
        """All of them, the workers first."""
        return [*self.workers, *self.beats, *self.flowers]

    @property
    def broker(self) -> Connection:
        """The broker of the first workload that names one."""
        found = [one.broker for one in self.workloads if one.broker.identity]
        return found[0] if found else self.workers[0].broker

    @property
    def namespace(self) -> str:
        """Empty where the manifests name none."""
        return self.workers[0].namespace

    def takes(self, workload: Workload) -> bool:
        """Whether the workload belongs to this application. What is not known agrees with everything."""
        return self.is_of_same_app(workload) and self.has_broker_of(workload)

    def is_of_same_app(self, workload: Workload) -> bool:
        """Whether the workload has the same application and the same namespace."""
        return workload.namespace == self.namespace and _agree(
            workload.app_identity, self.workers[0].app_identity
        )

    def has_broker_of(self, workload: Workload) -> bool:
        """Whether the workload names the same broker, or none."""
        return _agree(workload.broker.identity, self.broker.identity)


def _agree(one: str, other: str) -> bool:
    return not one or not other or one == other


def applications_of(workloads: Sequence[Workload]) -> tuple[list[Application], list[Workload]]:
    """The applications, in the order of their workers; and beat and Flower without workers."""
    found: list[Application] = []
    alone: list[Workload] = []
    for worker in (one for one in workloads if one.role is Role.WORKER):
        owner = next((one for one in found if one.takes(worker)), None)
        if owner is None:
            found.append(Application([worker]))
        else:
            owner.workers.append(worker)
    for other in (one for one in workloads if one.role is not Role.WORKER):
        owner = _owner(other, found)
        if owner is None:
            alone.append(other)
        else:
            (owner.beats if other.role is Role.BEAT else owner.flowers).append(other)
    return found, alone


def _owner(workload: Workload, applications: Sequence[Application]) -> Application | None:
    """The application of beat or Flower."""
    if owner := next((one for one in applications if one.takes(workload)), None):
        return owner
    # One broker has many spellings, such as a URL with and without the number of the database.
    candidates = [one for one in applications if one.is_of_same_app(workload)]
    return candidates[0] if len(candidates) == 1 else None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Other objects of the namespace."""

    scalers: Sequence[Object] = ()
    """ScaledObjects and HorizontalPodAutoscalers."""
    budgets: Sequence[Object] = ()
    deployments: Collection[str] = ()
    """The names of all Deployments that are known."""


def resource_of(application: Application, name: str, surroundings: Surroundings) -> tuple[Object, list[Note]]:
    """The CeleryDeployment, and the comments on it."""
    spec = Draft()
    _write_app(application, spec)
    write_broker(application.broker, spec, name, application.workers[0].variables.unread)
    _write_result_backend(application, spec)
    parts = _worker_parts(application, name, surroundings)
    groups = [part.draft for part in parts]
    beat = _beat_part(application, name, parts)
    write_common_fields(parts, spec)
    flower = _flower(application, name)
    fields = {**spec.fields, "workers": [_ordered(draft.fields, ORDER) for draft in groups]}
    for key, draft in (("beat", beat), ("flower", flower)):
        if draft is not None:
            fields[key] = draft.fields
            spec.notes += draft.notes_at(key)
    metadata = {"name": name}
    if namespace := application.workers[0].namespace:
        metadata["namespace"] = namespace
    document = {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "CeleryDeployment",
        "metadata": metadata,
        "spec": _ordered(fields, _ORDER),
    }
    of_groups = [
        note for number, one in enumerate(groups) for note in one.notes_at("spec", "workers", number)
    ]
    return document, [*spec.notes_at("spec"), *of_groups]


def _ordered(fields: Object, order: Sequence[str]) -> Object:
    return {key: fields[key] for key in order if key in fields}


def _write_app(application: Application, spec: Draft) -> None:
    app = next((one.app for one in application.workloads if one.app), "")
    spec.fields["app"] = app or "APPLICATION"
    if not app:
        spec.ask(
            "No option -A names the application: write what `celery -A` takes, such as shop.celery.", "app"
        )


def _write_result_backend(application: Application, spec: Draft) -> None:
    named = [one.result_backend for one in (*application.workers, *application.beats)]
    named = [one for one in named if one.value is not None]
    if named:
        write_result_backend(named[0], spec)
    if len({one.identity for one in named}) > 1:
        spec.ask("The Deployments have different result backends: this is the first one.", "resultBackend")


def _worker_parts(application: Application, name: str, surroundings: Surroundings) -> list[Part]:
    workers = application.workers
    others = [*application.beats, *application.flowers]
    parts = []
    for workload, group in zip(
        workers, group_names(workers, others, name, surroundings.deployments), strict=True
    ):
        draft, shared = worker_group(
            workload,
            group,
            scalers_of(workload, surroundings.scalers),
            budgets_of(workload, surroundings.budgets),
            {_INSTANCE: name, f"{GROUP}/group": group},
        )
        parts.append(Part(draft, shared, Role.WORKER.value))
    return parts


def _beat_part(application: Application, name: str, parts: list[Part]) -> Draft | None:
    """``spec.beat``. A Deployment of beat becomes a part too, because it shares fields of ``spec``."""
    if not application.beats:
        for part, worker in zip([*parts], application.workers, strict=True):
            if worker.beat_command is not None:
                parts.append(Part(embedded_beat(worker), part.shared, Role.BEAT.value))
                return parts[-1].draft
        return None
    first, *more = application.beats
    draft, shared = beat_part(first, {_INSTANCE: name, _COMPONENT: "beat"})
    parts.append(Part(draft, shared, Role.BEAT.value))
    _check_broker(first, application, draft)
    if more:
        draft.ask(f"There may be one beat: {listed([one.title for one in more])} is not carried over.")
    return draft


def _check_broker(workload: Workload, application: Application, draft: Draft) -> None:
    if not application.has_broker_of(workload):
        draft.ask(
            f"{workload.title} names its broker in another way than the workers: check that it is the same "
            "one, which spec.broker names.",
            "enabled",
        )


def _flower(application: Application, name: str) -> Draft | None:
    if not application.flowers:
        return None
    first, *more = application.flowers
    draft = flower_part(first, {_INSTANCE: name, _COMPONENT: "flower"})
    _check_broker(first, application, draft)
    if more:
        draft.ask(f"There may be one Flower: {listed([one.title for one in more])} is not carried over.")
    return draft
