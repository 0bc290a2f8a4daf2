"""The pods of one CeleryDeployment: by their owners, because the creator of a pod chooses its labels."""

import re
import time
from collections.abc import Callable

from celery_operator.cache import Cache, Key
from celery_operator.kinds import OWNED_KINDS, POD, REPLICA_SET, Json
from celery_operator.kube import Kube
from celery_operator.resources.ownership import ResourceIdentity, controller_of, is_owned

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
"""Of an object: no ReplicaSet has another name."""

ASK_AGAIN_SECONDS = 30.0
"""Between two reads of a ReplicaSet that belongs to no owned Deployment."""
ASKED_AT_ONCE = 20
"""ReplicaSets that one ``refresh`` reads. One rollout of one group makes one."""


class OwnedPods:
    """A pod belongs to the resource whose Deployment or StatefulSet controls it, directly or by a ReplicaSet.

    Pods with the labels alone are left out: no decision counts them, and no order or token is sent to them.
    """

    def __init__(
        self,
        kube: Kube,
        cache: Cache,
        identity: ResourceIdentity,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kube = kube
        self._cache = cache
        self._key = Key(identity.namespace, identity.name)
        self._uid = identity.uid
        self._clock = clock
        # Pods outlive the Deployment that was deleted by mistake.
        self._workloads: set[str] = set()
        self._replica_sets: dict[str, str | None] = {}
        self._asked_at: dict[str, float] = {}

    def now(self) -> list[Json]:
        """The pods as the cache has them, by name. A ReplicaSet counts after the next ``refresh``."""
        self._note_workloads()
        return [pod for pod in self._cache.owned(POD, self._key) if self._is_ours(pod)]

    async def refresh(self) -> list[Json]:
        """The pods, with ReplicaSets that are new read first. Raises KubeError."""
        self._note_workloads()
        pods = self._cache.owned(POD, self._key)
        controllers = {one["uid"]: one for one in map(controller_of, pods) if one is not None}
        self._replica_sets = {uid: of for uid, of in self._replica_sets.items() if uid in controllers}
        self._asked_at = {uid: at for uid, at in self._asked_at.items() if uid in controllers}
        unknown = [one for one in controllers.values() if self._is_to_be_read(one)]
        for one in unknown[:ASKED_AT_ONCE]:
            found = await self._kube.get(REPLICA_SET, self._key.namespace, one["name"])
            self._asked_at[one["uid"]] = self._clock()
            self._replica_sets[one["uid"]] = _controller_uid(found, one["uid"])
        return self.now()

    def _note_workloads(self) -> None:
        self._workloads |= {
            live["metadata"]["uid"]
            for kind in OWNED_KINDS
            for live in self._cache.owned(kind, self._key)
            if is_owned(live, self._uid)
        }

    def _is_to_be_read(self, controller: Json) -> bool:
        uid = controller["uid"]
        if controller["kind"] != REPLICA_SET.kind or self._replica_sets.get(uid) in self._workloads:
            return False
        # The creator of a pod chooses the name of its owner. The path of ".." would lead elsewhere.
        if not _NAME.fullmatch(controller["name"]):
            return False
        return self._clock() - self._asked_at.get(uid, float("-inf")) >= ASK_AGAIN_SECONDS

    def _is_ours(self, pod: Json) -> bool:
        controller = controller_of(pod)
        if controller is None:
            return False
        uid = controller["uid"]
        return uid in self._workloads or self._replica_sets.get(uid) in self._workloads


def _controller_uid(replica_set: Json | None, uid: str) -> str | None:
    """What controls the ReplicaSet of this uid; None where it is gone or controlled by nothing."""
    if replica_set is None or replica_set["metadata"]["uid"] != uid:
        return None
    controller = controller_of(replica_set)
    return None if controller is None else str(controller["uid"])
