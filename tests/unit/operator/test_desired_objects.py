"""When the pods of which objects take changed values, over several reconciles."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from celery_operator.act.probe_rollouts import ProbeRollouts
from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.cache import Cache, Key
from celery_operator.desired_objects import DesiredObjects
from celery_operator.kinds import DEPLOYMENT, SECRET, STATEFUL_SET, Kind, Reference
from celery_operator.observe.configuration import ConfigurationReader
from celery_operator.resources.generated_secrets import GeneratedSecrets, RedisPassword
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.snapshot import ReconcileMemory
from tests.unit.resources.golden import SECRETS, SETTINGS

KINDS = (DEPLOYMENT, STATEFUL_SET)
BROKER: dict[str, Any] = {"urlFrom": {"secretKeyRef": {"name": "broker", "key": "url"}}}


class Shop:
    """A resource with two groups, a Secret that they read, and a cluster that applies what it is given."""

    def __init__(self, broker: Mapping[str, Any] = BROKER) -> None:
        self.cache = Cache()
        self.broker = broker
        self.image = "shop:1"
        self.secrets: GeneratedSecrets = SECRETS
        self.generation = self.version = 1
        self.put("one")
        self.begin()

    def begin(self) -> None:
        """A new operator process."""
        self.now = 0.0
        self.desired = DesiredObjects(
            ConfigurationReader(self._get, changed=lambda: None, clock=lambda: self.now),
            self.cache,
            ResourceIdentity("market", "shop", "uid-shop"),
            SETTINGS,
            rollouts=ProbeRollouts(self.cache, SETTINGS.probe_image, 0),
        )

    def put(self, url: str) -> None:
        self.data = {"url": b64encode(url.encode()).decode()}

    def deploy(self, image: str) -> None:
        """A new generation of the resource."""
        self.image, self.generation = image, self.generation + 1

    async def _get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        return {"data": self.data} if (kind, name) == (SECRET, "broker") else None

    async def reconcile(
        self, *, applied: bool = True, refused: frozenset[Reference] = frozenset()
    ) -> set[str]:
        """Returns the objects whose pods it replaces. ``applied``: whether the API server takes them."""
        spec = CeleryDeploymentSpec.model_validate(
            {
                "app": "shop.celery",
                "image": self.image,
                "broker": self.broker,
                "workers": [{"name": name, "queues": [name]} for name in ("a", "b")],
            }
        )
        resource = {"metadata": {"name": "shop", "namespace": "market", "generation": self.generation}}
        desired, _ = await self.desired.of(resource, spec, ReconcileMemory(), self.secrets, refused=refused)
        replaced = set()
        for one in desired:
            if one.kind not in KINDS:
                continue
            live = self.cache.get(one.kind, Key("market", one.name))
            if live is not None and live["spec"]["template"] == one.body["spec"]["template"]:
                continue
            replaced.add(one.name)
            if applied and one.reference not in refused:
                self._apply(one.kind, one.body, live)
        return replaced

    def _apply(self, kind: Kind, body: dict[str, Any], live: dict[str, Any] | None) -> None:
        """All pods are replaced before the next reconcile."""
        self.version += 1
        generation = 1 + (live["metadata"]["generation"] if live else 0)
        changes = {
            "generation": generation,
            "uid": body["metadata"]["name"],
            "resourceVersion": str(self.version),
        }
        status = {"observedGeneration": generation, "replicas": 1, "updatedReplicas": 1}
        self.cache.put(
            kind, {**body, "metadata": {**body["metadata"], **changes}, "status": status}, watched=True
        )


async def test_a_new_image_takes_new_values_along_in_one_rollout() -> None:
    shop = Shop()
    assert await shop.reconcile() == {"shop-a", "shop-b"}
    shop.put("two")
    shop.deploy("shop:2")
    assert await shop.reconcile() == {"shop-a", "shop-b"}
    shop.now += 60
    assert await shop.reconcile() == set()


async def test_a_rollout_that_could_not_be_applied_still_takes_the_values_along() -> None:
    shop = Shop()
    await shop.reconcile()
    shop.put("two")
    shop.deploy("shop:2")
    await shop.reconcile(applied=False)
    assert await shop.reconcile() == {"shop-a", "shop-b"}
    assert await shop.reconcile() == set()


async def test_values_that_change_after_a_new_image_have_turns_again() -> None:
    shop = Shop()
    await shop.reconcile()
    shop.deploy("shop:2")
    await shop.reconcile()
    shop.put("two")
    shop.now += 60
    assert [await shop.reconcile() for _ in range(3)] == [{"shop-a"}, {"shop-b"}, set()]


async def test_an_object_that_the_api_server_refuses_keeps_no_other_from_new_values() -> None:
    shop = Shop()
    await shop.reconcile()
    shop.put("two")
    shop.now += 60
    assert await shop.reconcile(applied=False) == {"shop-a"}
    refused = frozenset({(DEPLOYMENT, "shop-a")})
    assert await shop.reconcile(refused=refused) == {"shop-a", "shop-b"}
    assert await shop.reconcile(refused=refused) == {"shop-a"}
    assert await shop.reconcile() == {"shop-a"}


async def test_a_new_password_of_the_managed_redis_restarts_it_once_and_all_workers_with_it() -> None:
    shop = Shop({"managed": {}})
    assert await shop.reconcile() == {"shop-a", "shop-b", "shop-redis"}
    shop.secrets = replace(SECRETS, redis=RedisPassword("another", "2"))
    assert await shop.reconcile() == {"shop-a", "shop-b", "shop-redis"}
    assert await shop.reconcile() == set()


async def test_a_new_process_replaces_no_pods_where_the_secret_of_the_sidecars_is_anothers() -> None:
    shop = Shop()
    shop.secrets = replace(SECRETS, probe_is_foreign=True)
    await shop.reconcile()
    shop.begin()
    shop.secrets = replace(shop.secrets, probe={names.TOKEN_KEY: "random"})
    assert [await shop.reconcile() for _ in range(2)] == [set(), set()]
