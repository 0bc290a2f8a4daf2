"""Owned objects that the API server does not write or delete, beside those that it does."""

from typing import Any, cast

import pytest

from celery_operator.act.owned_objects import DesiredObject, OwnedObjects
from celery_operator.api import names
from celery_operator.cache import Cache, Key
from celery_operator.kinds import DEPLOYMENT, SERVICE, Json, Kind
from celery_operator.kube import Kube, KubeError, RefusedError

SHOP = Key("market", "shop")


def owned(kind: Kind, name: str) -> Json:
    """An object of the shop."""
    owner = {"kind": names.KIND, "name": "shop", "uid": "uid-shop", "controller": True}
    metadata = {
        "name": name,
        "namespace": "market",
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "labels": {names.LABEL_INSTANCE: "shop", names.LABEL_MANAGED_BY: names.MANAGED_BY},
        "ownerReferences": [owner],
    }
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": {}}


class Cluster:
    """A Kube without objects, which fails to delete those of one name and applies those of no kind."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get(self, *_: Any) -> None:
        return None

    async def apply(self, _kind: Kind, _body: Json) -> Json:
        raise RefusedError("the quota is used up", 403)

    async def delete(self, _kind: Kind, _namespace: str, name: str, _uid: str) -> None:
        self.asked.append(name)
        if name == "shop-mail":
            raise KubeError("a webhook does not answer", 500)


async def test_an_object_that_cannot_be_deleted_holds_up_no_other() -> None:
    cluster, cache = Cluster(), Cache()
    for kind, name in ((DEPLOYMENT, "shop-mail"), (DEPLOYMENT, "shop-old"), (SERVICE, "shop-flower")):
        cache.put(kind, owned(kind, name), watched=True)
    objects = OwnedObjects(cast("Kube", cluster), cache, SHOP, "uid-shop")
    desired = DesiredObject.of(owned(DEPLOYMENT, "shop-default"))

    with pytest.raises(KubeError, match="a webhook does not answer"):
        await objects.apply([desired], {})

    assert sorted(cluster.asked) == ["shop-flower", "shop-mail", "shop-old"]
    assert objects.refused == {desired.reference}
