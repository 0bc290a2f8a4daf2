"""The owned objects that a CeleryDeployment should have now, built again only when something changed."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from celery_operator.act.owned_objects import DesiredObject
from celery_operator.act.probe_rollouts import ProbeRollouts
from celery_operator.api import names
from celery_operator.api.annotations import chosen_probe_image
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.cache import Cache, Key
from celery_operator.decide.replicas import initial_replicas
from celery_operator.kinds import DEPLOYMENT, OWNED_KINDS, SECRET, Json, Kind, Reference
from celery_operator.observe.configuration import ConfigurationReader
from celery_operator.resources.configuration.changes import replaced_anyway
from celery_operator.resources.configuration.references import Data, mark_of, variables_of
from celery_operator.resources.configuration.turns import Workload, turns
from celery_operator.resources.generated_secrets import GeneratedSecrets
from celery_operator.resources.object_faults import withheld
from celery_operator.resources.overlay import laid_over
from celery_operator.resources.owned_objects import owned_objects
from celery_operator.resources.ownership import Manifest, ResourceIdentity, deployment_name, redis_name
from celery_operator.resources.settings import ObjectSettings
from celery_operator.snapshot import ConfigurationFault, ReconcileMemory

_KINDS = {(kind.api_version, kind.kind): kind for kind in OWNED_KINDS}

_Built = tuple[Manifest, ConfigurationFault | None]
"""A manifest, and the fault for which it is not applied."""


class DesiredObjects:
    """The objects of one CeleryDeployment."""

    def __init__(
        self,
        configuration: ConfigurationReader,
        cache: Cache,
        identity: ResourceIdentity,
        settings: ObjectSettings,
        *,
        rollouts: ProbeRollouts,
    ) -> None:
        self._cache = cache
        self._probe_rollouts = rollouts
        self._identity = identity
        self._settings = settings
        self._built: tuple[tuple[object, ...], Sequence[_Built]] = ((), ())
        self._marked: tuple[object, Sequence[DesiredObject]] = (None, ())
        self._changing: dict[str, int] = {}
        """Objects whose pods are replaced anyway, by the generation that they have until then."""
        self._configuration = configuration

    async def of(
        self,
        resource: Json,
        spec: CeleryDeploymentSpec,
        memory: ReconcileMemory,
        secrets: GeneratedSecrets,
        *,
        refused: Set[Reference] = frozenset(),
    ) -> tuple[Sequence[DesiredObject], str | None]:
        """All of them, in the order in which they are applied. ``refused``: what could not be the last time.

        Also the name of the Deployment whose pods are replaced now because values that they read changed.
        """
        metadata = resource["metadata"]
        annotations = metadata.get("annotations", {})
        replicas = self._replicas(spec, memory)
        settings = replace(self._settings, probe_image=self._probe_image(annotations))
        version = (
            metadata["generation"],
            secrets,
            tuple(sorted(annotations.items())),
            tuple(replicas.items()),
            settings,
        )
        changing: Set[str] = frozenset()
        if self._built[0] != version:
            bodies = owned_objects(
                self._identity, spec, settings, secrets, replicas=replicas, annotations=annotations
            )
            earlier = (body for body, _ in self._built[1])
            changing = replaced_anyway(earlier, bodies, redis_name(self._identity))
            fields = self._settings.template_fields
            self._built = (
                version,
                [(body, withheld(self._identity, spec, body, fields)) for body in bodies],
            )
        # An object that is not applied takes no turn: the others would wait for it.
        free = [body for body, fault in self._built[1] if fault is None]
        marks, begun = await self._marks(free, secrets, changing, refused)
        if self._marked[0] != (version, marks):
            marked = [DesiredObject.of(_marked(body, marks), fault) for body, fault in self._built[1]]
            self._marked = (version, marks), marked
        return self._marked[1], begun

    async def _marks(
        self,
        bodies: Sequence[Manifest],
        secrets: GeneratedSecrets,
        changing: Set[str],
        refused: Set[Reference],
    ) -> tuple[Mapping[str, str | None], str | None]:
        pods = {
            body["metadata"]["name"]: (body, variables_of(body["spec"]["template"]))
            for body in sorted(bodies, key=_turn)
            if _has_pods(body)
        }
        ours: dict[Reference, Data | None] = {
            (SECRET, body["metadata"]["name"]): body["data"] for body in bodies if body["kind"] == SECRET.kind
        }
        read = {one.reference for _, variables in pods.values() for one in variables} - ours.keys()
        # New pods read the newest values whatever their mark says: it has to be of these values, or they are
        # replaced a second time.
        now = await self._configuration.read(sorted(read, key=str), at_once=bool(changing))
        values, key = {**now, **ours}, secrets.probe[names.TOKEN_KEY]
        workloads = [
            self._workload(body, mark_of(variables, values, key), changing, refused)
            for body, variables in pods.values()
            if variables
        ]
        if secrets.probe_is_foreign:
            # The key of the marks goes with this process, so that others say nothing about the values.
            workloads = [replace(one, desired=None) if one.live else one for one in workloads]
        marks, begun = turns(workloads)
        self._changing = {
            one.name: self._changing[one.name]
            for one in workloads
            if one.changes and one.mark != marks[one.name]
        }
        return marks, begun

    def _workload(
        self, body: Manifest, desired: str | None, changing: Set[str], refused: Set[Reference]
    ) -> Workload:
        name = body["metadata"]["name"]
        kind: Kind = _KINDS[body["apiVersion"], body["kind"]]
        live = self._cache.get(kind, Key(self._identity.namespace, name))
        generation = 0 if live is None else live["metadata"].get("generation", 0)
        if name in changing:
            self._changing[name] = generation
        return Workload(
            name,
            desired,
            live,
            changes=self._changing.get(name) == generation,
            refused=(kind, name) in refused,
        )

    def _probe_image(self, annotations: Mapping[str, str]) -> str:
        key = Key(self._identity.namespace, self._identity.name)
        return self._probe_rollouts.image(key, self._identity.uid, chosen_probe_image(annotations))

    def _replicas(self, spec: CeleryDeploymentSpec, memory: ReconcileMemory) -> dict[str, int]:
        return {
            group.name: memory.replicas[group.name]
            if group.name in memory.replicas
            else initial_replicas(spec, group, self._in_force(group.name))
            for group in spec.workers
        }

    def _in_force(self, group: str) -> int | None:
        name = deployment_name(self._identity, group)
        live = self._cache.get(DEPLOYMENT, Key(self._identity.namespace, name))
        return None if live is None else int(live["spec"].get("replicas", 1))


def _turn(body: Manifest) -> bool:
    """Workers come before beat and the monitor, which have no second pod that could go on."""
    return bool(body["metadata"]["labels"].get(names.LABEL_COMPONENT) != names.COMPONENT_WORKER)


def _has_pods(body: Manifest) -> bool:
    return "template" in body.get("spec", {})


def _marked(body: Manifest, marks: Mapping[str, str | None]) -> Manifest:
    mark = marks.get(body["metadata"]["name"]) if _has_pods(body) else None
    if mark is None:
        return body
    annotations = {"metadata": {"annotations": {names.ANNOTATION_CONFIGURATION: mark}}}
    return laid_over(body, {"spec": {"template": annotations}})
