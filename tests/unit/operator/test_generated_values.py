"""The token of the sidecars, which both reconciles of a resource need."""

import asyncio
from base64 import b64encode
from typing import Any, cast

import pytest

from celery_health import known_secrets
from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.known_secrets import mask_known
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.generated_values import PasswordMissingError, ResourceSecrets, SecretAccess
from celery_operator.kinds import Kind
from celery_operator.kube import Kube
from celery_operator.resources.ownership import ResourceIdentity

OWNER = {"uid": "uid-shop", "controller": True}
SPEC = CeleryDeploymentSpec.model_validate(
    {
        "app": "shop.celery",
        "image": "shop:1",
        "broker": {"url": "redis://redis:6379/0"},
        "workers": [{"name": "default", "queues": ["celery"]}],
    }
)
PASSWORD = {"secretKeyRef": {"name": "theirs", "key": "password"}}
MANAGED = CeleryDeploymentSpec.model_validate(
    {
        **SPEC.model_dump(by_alias=True, include={"app", "image", "workers"}),
        "broker": {"managed": {"passwordFrom": PASSWORD}},
    }
)


class Cluster:
    """Has the Secret of the sidecars, and those that a test puts there."""

    def __init__(self) -> None:
        self.secrets: dict[str, dict[str, Any]] = {}
        self.put("shop-probe", owned=True, token="s3cret")

    def put(self, name: str, *, owned: bool = False, version: str = "1", **texts: str) -> None:
        metadata = {
            "name": name,
            "namespace": "market",
            "resourceVersion": version,
            "ownerReferences": [OWNER] if owned else [],
        }
        data = {key: b64encode(text.encode()).decode() for key, text in texts.items()}
        self.secrets[name] = {"metadata": metadata, "data": data}

    async def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        return self.secrets.get(name)

    def process(self) -> ResourceSecrets:
        """What a new operator process knows."""
        identity = ResourceIdentity("market", "shop", "uid-shop")
        return ResourceSecrets(SecretAccess(cast("Kube", self), "market", "named"), identity)


@pytest.fixture
def secrets() -> ResourceSecrets:
    return Cluster().process()


@pytest.fixture
def redis() -> Cluster:
    """With the password of a user, and what the operator made of it."""
    cluster = Cluster()
    cluster.put("theirs", password="hunter2")
    cluster.put("shop-redis", owned=True, password="hunter2")
    return cluster


async def test_the_health_reconcile_waits_for_the_token_that_the_object_reconcile_reads(
    secrets: ResourceSecrets,
) -> None:
    token, _ = await asyncio.gather(secrets.known_probe_token(), secrets.read(SPEC))
    assert token == "s3cret"


async def test_a_token_that_cannot_be_read_is_not_waited_for_long(
    secrets: ResourceSecrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ResourceSecrets, "PATIENCE_SECONDS", 0.05)
    assert await secrets.known_probe_token() == ""


async def test_a_label_on_the_secret_of_a_password_changes_no_revision_and_a_new_password_does(
    redis: Cluster,
) -> None:
    secrets = redis.process()
    before = (await secrets.read(MANAGED))[0].redis
    redis.put("theirs", version="2", password="hunter2")
    assert (await secrets.read(MANAGED))[0].redis == before
    redis.put("theirs", version="3", password="hunter3")
    after = (await secrets.read(MANAGED))[0].redis
    assert (after.value, after.revision != before.revision) == ("hunter3", True)


async def test_a_missing_password_is_a_fault_with_which_the_known_one_stays_in_use(redis: Cluster) -> None:
    running = redis.process()
    before = (await running.read(MANAGED))[0].redis
    del redis.secrets["theirs"]
    for secrets in (running, redis.process()):
        assert (await secrets.read(MANAGED))[0].redis == before
        assert [fault.reason for fault in secrets.faults] == [ConfigurationReason.SECRET_MISSING]
        assert await secrets.redis_password() == "hunter2"
    redis.put("theirs", password="hunter2")
    await running.read(MANAGED)
    assert running.faults == ()


async def test_while_a_password_is_waited_for_the_other_secrets_are_masked(redis: Cluster) -> None:
    known_secrets.begin()
    del redis.secrets["theirs"], redis.secrets["shop-redis"]
    redis.put("shop-probe", owned=True, token="token-of-the-sidecars-1")
    secrets = redis.process()
    with pytest.raises(PasswordMissingError):
        await secrets.read(MANAGED)
    assert "token-of-the-sidecars-1" not in mask_known("refused: token-of-the-sidecars-1")


async def test_whether_the_secret_of_the_sidecars_is_anothers_is_known(redis: Cluster) -> None:
    secrets = redis.process()
    assert not (await secrets.read(SPEC))[0].probe_is_foreign
    redis.put("shop-probe", token="theirs")
    assert (await secrets.read(SPEC))[0].probe_is_foreign
    del redis.secrets["shop-probe"]
    assert not (await secrets.read(SPEC))[0].probe_is_foreign
