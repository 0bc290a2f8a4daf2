"""The newest known state of CeleryDeployments and their owned objects, as the watches brought it.

Entries are kept small: a pod's spec and every object's managedFields are dropped on the way in.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from celery_operator.api import names
from celery_operator.kinds import CELERY_DEPLOYMENT, OWNED_KINDS, POD, Json, Kind

WATCHED = (CELERY_DEPLOYMENT, *OWNED_KINDS, POD)
"""Every kind that has a watch."""


class Key(NamedTuple):
    """A CeleryDeployment: the unit of reconciling and of metrics."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(slots=True)
class _Entry:
    """``wanted``: what users want of the object, as the watch last brought it."""

    body: Json
    version: int
    watched_version: int
    wanted: object


class Cache:
    """Objects by kind, and owned objects by the CeleryDeployment that their instance label names."""

    def __init__(self) -> None:
        self._entries: dict[Kind, dict[Key, _Entry]] = {kind: {} for kind in WATCHED}
        self._instances: dict[tuple[Kind, Key], dict[str, Json]] = {}
        self._gone: deque[str] = deque(maxlen=1000)

    def resource(self, key: Key) -> Json | None:
        """The CeleryDeployment itself."""
        return self.get(CELERY_DEPLOYMENT, key)

    def resources(self) -> list[Key]:
        """Every CeleryDeployment that is known."""
        return list(self._entries[CELERY_DEPLOYMENT])

    def get(self, kind: Kind, key: Key) -> Json | None:
        """One object by its own namespace and name."""
        entry = self._entries[kind].get(key)
        return entry.body if entry else None

    def owned(self, kind: Kind, owner: Key) -> list[Json]:
        """Objects of a kind whose labels name this CeleryDeployment, by name."""
        return [body for _, body in sorted(self._instances.get((kind, owner), {}).items())]

    def put(self, kind: Kind, body: Json, *, watched: bool) -> Key | None:
        """Store an object. Returns the CeleryDeployment that it concerns, or None where nothing is new.

        ``watched`` is False for the answer to our own write, which proves nothing about the watch. It may
        already have what a user changed at that moment: the event of that change is news all the same.
        """
        metadata = body["metadata"]
        key = Key(metadata["namespace"], metadata["name"])
        version = int(metadata["resourceVersion"])
        known = self._entries[kind].get(key)
        watched_version = known.watched_version if known else 0
        if not watched and metadata["uid"] in self._gone:
            return None  # the watch was faster than the answer to our write
        wanted = known.wanted if known else None
        if watched:
            watched_version = max(watched_version, version)
            wanted = _wanted(kind, metadata)
        if known and known.version >= version and known.body["metadata"]["uid"] == metadata["uid"]:
            is_news = wanted != known.wanted
            known.watched_version, known.wanted = watched_version, wanted
            return concerns(kind, known.body) if is_news else None
        if known:
            self._forget(kind, key, known.body)
        body = _trimmed(kind, body)
        self._entries[kind][key] = _Entry(body, version, watched_version, wanted)
        owner = concerns(kind, body)
        if owner is not None and kind is not CELERY_DEPLOYMENT:
            self._instances.setdefault((kind, owner), {})[key.name] = body
        return owner

    def remove(self, kind: Kind, body: Json) -> Key | None:
        """Forget an object, unless its name belongs to another by now. Returns the CeleryDeployment it
        concerned.
        """
        metadata = body["metadata"]
        self._gone.append(metadata["uid"])
        key = Key(metadata["namespace"], metadata["name"])
        known = self._entries[kind].get(key)
        if known is None or known.body["metadata"]["uid"] != metadata["uid"]:
            return None
        self._forget(kind, key, known.body)
        return concerns(kind, known.body)

    def _forget(self, kind: Kind, key: Key, body: Json) -> None:
        del self._entries[kind][key]
        owner = concerns(kind, body)
        if owner is not None and (siblings := self._instances.get((kind, owner))):
            siblings.pop(key.name, None)
            if not siblings:
                del self._instances[(kind, owner)]

    def is_gone(self, uid: str) -> bool:
        """Whether the object of this uid is known to have gone lately."""
        return uid in self._gone

    def watched_versions(self, kind: Kind) -> dict[tuple[Key, str], int]:
        """The newest resourceVersion that the watch of a kind brought, by key and uid."""
        return {
            (key, entry.body["metadata"]["uid"]): entry.watched_version
            for key, entry in self._entries[kind].items()
        }


def _wanted(kind: Kind, metadata: Json) -> object:
    """Of a CeleryDeployment all that a user can change; of the others we write what counts."""
    if kind is not CELERY_DEPLOYMENT:
        return None
    return metadata.get("generation"), metadata.get("annotations"), "deletionTimestamp" in metadata


def concerns(kind: Kind, body: Json) -> Key | None:
    """The CeleryDeployment that an object belongs to by its labels; None if it names none."""
    metadata = body["metadata"]
    if kind is CELERY_DEPLOYMENT:
        return Key(metadata["namespace"], metadata["name"])
    instance = metadata.get("labels", {}).get(names.LABEL_INSTANCE)
    return Key(metadata["namespace"], instance) if instance else None


_POD_METADATA = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "ownerReferences",
)
_POD_STATUS = ("phase", "podIP", "startTime", "conditions", "containerStatuses", "initContainerStatuses")
_POD_CONDITIONS = ("PodScheduled", "Ready")
_POD_CONTAINER = ("name", "ready", "restartCount", "started", "state", "lastState")


def _trimmed(kind: Kind, body: Json) -> Json:
    if kind is not POD:
        metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
        return {**body, "metadata": metadata}
    status = _picked(body.get("status", {}), _POD_STATUS)
    if "conditions" in status:
        status["conditions"] = [c for c in status["conditions"] if c["type"] in _POD_CONDITIONS]
    for containers in ("containerStatuses", "initContainerStatuses"):
        if containers in status:
            status[containers] = [_picked(container, _POD_CONTAINER) for container in status[containers]]
    metadata = _picked(body["metadata"], _POD_METADATA)
    labels = body["metadata"].get("labels", {})
    kept = (names.LABEL_INSTANCE, names.LABEL_COMPONENT, names.LABEL_GROUP, names.LABEL_TEMPLATE)
    metadata["labels"] = _picked(labels, kept)
    annotations = body["metadata"].get("annotations", {})
    metadata["annotations"] = _picked(annotations, (names.ANNOTATION_DELETION_COST,))
    return {"metadata": metadata, "status": status}


def _picked(whole: Json, fields: Iterable[str]) -> Json:
    return {name: whole[name] for name in fields if name in whole}
