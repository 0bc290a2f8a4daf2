"""The managed Redis: what is durable, what is secret, and how much memory it has."""

import shlex
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from celery_operator.api.parts.managed_redis import ManagedRedis
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.environment import connections
from celery_operator.resources.ownership import ResourceIdentity, may_keep
from celery_operator.resources.parts.redis import redis_command, redis_stateful_set, redis_volume_claim
from celery_operator.resources.parts.redis_address import redis_secret_values
from tests.unit.resources.golden import SECRETS

OWNER = ResourceIdentity("default", "shop", "uid")
AWKWARD = 'p"a\\s/s@w:ö r#d$'


def spec(**managed: Any) -> CeleryDeploymentSpec:
    return CeleryDeploymentSpec.model_validate(
        {
            "app": "shop.celery",
            "image": "shop:1",
            "broker": {"managed": managed},
            "resultBackend": {"managed": {}},
            "workers": [{"name": "default"}],
        }
    )


def built(revision: str = "", **managed: Any) -> dict[str, Any]:
    whole = spec(**managed)
    assert whole.broker.managed
    return redis_stateful_set(OWNER, whole, whole.broker.managed, revision)


def pod(**managed: Any) -> dict[str, Any]:
    return dict(built(**managed)["spec"]["template"]["spec"])


def test_it_is_one_pod_with_an_append_only_file_on_its_volume() -> None:
    assert (built()["kind"], built()["spec"]["replicas"]) == ("StatefulSet", 1)
    command = shlex.join(redis_command(ManagedRedis()))
    assert "--dir /data --appendonly yes --appendfsync everysec" in command
    assert "--maxmemory 256mb --maxmemory-policy noeviction" in command
    data = next(one for one in pod()["volumes"] if one["name"] == "data")
    assert data["persistentVolumeClaim"] == {"claimName": "shop-redis"}


def test_without_persistence_it_has_no_claim() -> None:
    data = next(one for one in pod(persistent=False)["volumes"] if one["name"] == "data")
    assert data == {"name": "data", "emptyDir": {}}
    assert ManagedRedis.model_validate({"persistent": False}).volume is None


@pytest.mark.parametrize(
    ("memory", "request_", "limit"),
    [("256mb", "288Mi", "576Mi"), ("2GB", "2080Mi", "4160Mi"), ("064Mb", "96Mi", "192Mi")],
)
def test_the_container_has_room_for_a_copy_of_its_memory(memory: str, request_: str, limit: str) -> None:
    (container,) = pod(memory=memory)["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "20m", "memory": request_},
        "limits": {"memory": limit},
    }
    assert memory.lower() in container["command"]


def test_resources_of_the_user_replace_ours() -> None:
    (container,) = pod(resources={"limits": {"memory": "1Gi"}})["containers"]
    assert container["resources"] == {"limits": {"memory": "1Gi"}}


def test_probes_ask_redis_itself_every_five_seconds() -> None:
    (container,) = pod()["containers"]
    assert container["livenessProbe"]["exec"] == {"command": ["redis-cli", "ping"]}
    assert "redis-cli ping" in container["readinessProbe"]["exec"]["command"][-1]
    assert {container[name]["periodSeconds"] for name in ("livenessProbe", "readinessProbe")} == {5}


def test_no_password_is_in_a_pod() -> None:
    assert SECRETS.redis.value not in str(built())
    variables = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in connections(OWNER, spec())}
    assert variables == {
        "CELERY_BROKER_URL": {"name": "shop-redis", "key": "url"},
        "CELERY_RESULT_BACKEND": {"name": "shop-redis", "key": "result-backend-url"},
    }


def test_the_urls_of_the_secret_have_the_whole_password() -> None:
    values = redis_secret_values(OWNER, AWKWARD)
    for key, database in (("url", "/0"), ("result-backend-url", "/1")):
        url = urlsplit(values[key])
        assert unquote(url.password or "") == AWKWARD
        assert (url.hostname, url.port, url.path) == ("shop-redis", 6379, database)


def test_a_new_password_of_the_user_restarts_redis() -> None:
    annotations = [
        built(revision)["spec"]["template"]["metadata"].get("annotations") for revision in ("", "7", "8")
    ]
    assert annotations[0] is None
    assert annotations[1] != annotations[2]


def claim(**storage: Any) -> dict[str, Any]:
    volume = ManagedRedis.model_validate({"storage": storage}).volume
    assert volume
    return redis_volume_claim(OWNER, volume)


def test_the_claim_outlives_the_resource_unless_the_user_says_otherwise() -> None:
    assert "ownerReferences" not in claim()["metadata"]
    assert claim(whenDeleted="Delete")["metadata"]["ownerReferences"][0]["uid"] == "uid"
    assert claim(size="5Gi", storageClassName="fast")["spec"]["storageClassName"] == "fast"


def test_a_kept_claim_is_taken_over_by_a_new_resource_of_the_same_name_only() -> None:
    kept = claim()
    assert may_keep(kept, claim(), "a new uid")
    assert may_keep(kept, claim(whenDeleted="Delete"), "a new uid")
    other = redis_volume_claim(ResourceIdentity("default", "other", "x"), ManagedRedis().volume)  # type: ignore[arg-type]
    assert not may_keep(other, claim(), "uid")
    assert not may_keep({"metadata": {"name": "shop-redis"}}, claim(), "uid")
    assert not may_keep(claim(whenDeleted="Delete"), claim(), "a new uid")
    service_account = {"kind": "ServiceAccount", "metadata": kept["metadata"]}
    assert not may_keep(service_account, service_account, "a new uid")
