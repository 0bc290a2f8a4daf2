"""The token of the sidecars, which both reconciles of a resource need."""

import asyncio
from base64 import b64encode
from typing import Any, cast

import pytest

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.generated_values import ResourceSecrets, SecretAccess
from celery_operator.kinds import Kind
from celery_operator.kube import Kube
from celery_operator.resources.ownership import ResourceIdentity

SPEC = CeleryDeploymentSpec.model_validate(
    {
        "app": "shop.celery",
        "image": "shop:1",
        "broker": {"url": "redis://redis:6379/0"},
        "workers": [{"name": "default", "queues": ["celery"]}],
    }
)


class Cluster:
    """Has the Secret of the sidecars."""

    async def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any]:
        owner = {"uid": "uid-shop", "controller": True}
        metadata = {"name": name, "namespace": namespace, "ownerReferences": [owner]}
        return {"metadata": metadata, "data": {"token": b64encode(b"s3cret").decode()}}


@pytest.fixture
def secrets() -> ResourceSecrets:
    identity = ResourceIdentity("market", "shop", "uid-shop")
    return ResourceSecrets(SecretAccess(cast("Kube", Cluster()), "market", "named"), identity)


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
