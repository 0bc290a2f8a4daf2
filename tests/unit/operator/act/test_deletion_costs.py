"""The deletion costs of a group, before its replicas are lowered."""

from typing import Any, cast

from celery_operator.act.deletion_costs import set_costs
from celery_operator.cache import Cache, Key
from celery_operator.decide.draining.actions import DeletionCost, GroupActions
from celery_operator.kinds import Json
from celery_operator.kube import Kube, RefusedError

SHOP = Key("market", "shop")
COSTS = (DeletionCost("a", "uid-a", -1000), DeletionCost("b", "uid-b", 0))


class Pods:
    """A Kube that patches pods, or refuses to patch one."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.costs: dict[str, Any] = {}

    async def merge(self, _kind: Any, namespace: str, name: str, body: Json) -> Json:
        if name == self.refused:
            raise RefusedError("a webhook does not like it", 403)
        self.costs[name] = next(iter(body["metadata"]["annotations"].values()))
        metadata = {"namespace": namespace, "name": name, "resourceVersion": "2", "labels": {}}
        return {"metadata": {**metadata, **body["metadata"]}}


async def are_set(kube: Pods, actions: GroupActions) -> bool:
    return await set_costs(cast("Kube", kube), Cache(), SHOP, actions)


async def test_replicas_may_be_lowered_when_all_costs_are_set() -> None:
    kube = Pods()
    assert await are_set(kube, GroupActions(1, costs=COSTS))
    assert kube.costs == {"a": "-1000", "b": None}


async def test_replicas_are_not_lowered_while_a_cost_is_refused_or_left_for_the_next_reconcile() -> None:
    assert not await are_set(Pods(refused="b"), GroupActions(1, costs=COSTS))
    assert not await are_set(Pods(), GroupActions(1, costs=COSTS, more_costs=True))
