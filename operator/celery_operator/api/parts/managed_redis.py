"""The managed Redis: ``spec.broker.managed``."""

import re
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from celery_operator.api.base import ApiModel
from celery_operator.api.parts import rules
from celery_operator.api.podparts import PodTemplate, Quantity, Resources
from celery_operator.api.references import Image, ObjectName, SecretSource
from celery_operator.api.rules import checked

_BYTES = {"mb": 1024**2, "gb": 1024**3}

NO_EVICTION = "noeviction"


class RedisStorage(ApiModel):
    """The volume of the managed Redis. The operator creates the PersistentVolumeClaim NAME-redis."""

    size: Quantity = "1Gi"
    """Size of the volume, such as 1Gi. Choose at least three times memory: while Redis rewrites its file, the
    volume holds the old and the new one. A larger size enlarges the volume if its storage class allows that.
    """
    storage_class_name: ObjectName | None = None
    """StorageClass of the volume. By default that of the cluster. It cannot be changed later."""
    when_deleted: Literal["Retain", "Delete"] = "Retain"
    """What happens to the claim when the CeleryDeployment is deleted. Retain: the claim stays, and a new
    CeleryDeployment of the same name continues with its messages. Delete: the claim is deleted too.
    """


class ManagedRedis(ApiModel):
    """A Redis that the operator runs: one pod, never two, with a password and an append-only file on a
    volume. Write {} for the defaults. A crash loses at most the last second of messages; a restart loses
    none that waits in a queue.
    """

    model_config = ConfigDict(json_schema_extra=checked(*rules.REDIS))

    image: Image = "redis:7.4-alpine"
    """Image that holds redis-server and redis-cli."""
    memory: Annotated[str, Field(max_length=16, json_schema_extra=checked(*rules.MEMORY))] = "256mb"
    """maxmemory of Redis, such as 256mb or 2gb. The container requests this and 32 MiB, and its limit is
    twice this and 64 MiB, because Redis needs a copy while it rewrites its file. A change restarts Redis.
    """
    maxmemory_policy: Literal[
        "noeviction",
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ] = NO_EVICTION  # type: ignore[assignment]
    """What Redis does when memory is full. noeviction: it refuses new messages, and senders get an error.
    Every other policy deletes keys: results, and with allkeys also whole queues. The status then warns.
    """
    password_from: SecretSource | None = None
    """A Secret that holds the password. By default the operator generates one, in the Secret NAME-redis. In
    both cases that Secret has the whole URL too, in the key url.
    """
    persistent: bool = True
    """Whether the messages are on a volume. With false, they are lost with the pod."""
    storage: RedisStorage | None = None
    resources: Resources = Field(default_factory=dict)
    """Requests and limits of Redis's container, as in a pod, instead of those that follow from memory."""
    template: PodTemplate = Field(default_factory=dict)
    """A pod template that is merged into the one that the operator builds, as the template of a worker group.
    Redis's container is called redis.
    """

    @property
    def volume(self) -> RedisStorage | None:
        """The volume, if there is one."""
        return (self.storage or RedisStorage()) if self.persistent else None

    @property
    def memory_bytes(self) -> int:
        """``memory`` in bytes."""
        number, unit = re.fullmatch(r"([0-9]+)([a-z]+)", self.memory.lower()).groups()  # type: ignore[union-attr]
        return int(number) * _BYTES[unit]
