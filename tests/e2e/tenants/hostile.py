"""Ten CeleryDeployments that harm the operator as far as they can, and the pods that help them."""

from collections.abc import Mapping
from typing import Any

from tools.testbed.kube import Object
from tools.testbed.shop import EXAMPLE_IMAGE, Shop, celery_deployment, group, pod

TAR_PIT = "tar-pit"

# A server for each port. Sidecars get what SIDECAR names.
_SERVER = """
import asyncio
import os

DEEP = b'{"version": 1, "unknown": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
CHUNKED = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
CHUNK = b"10000\\r\\n" + b"{}," * 21845 + b" " + b"\\r\\n"


async def silent(reader, writer):
    await asyncio.sleep(3600)


def sending(head, part):
    async def answer(reader, writer):
        await reader.read(1)
        writer.write(head)
        while part:
            writer.write(part)
            await writer.drain()
        await writer.drain()
        writer.close()
    return answer


SIDECARS = {
    "slow": silent,
    "huge": sending(CHUNKED, CHUNK),
    "deep": sending(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(DEEP) + DEEP, b""),
    "none": silent,
}
PORTS = {
    5672: silent,
    6379: silent,
    6380: sending(b"$500000000\\r\\n", b"x" * 65536),
    15672: sending(CHUNKED, CHUNK),
    9809: SIDECARS[os.environ.get("SIDECAR", "none")],
}


async def main():
    servers = [await asyncio.start_server(answer, "0.0.0.0", port) for port, answer in PORTS.items()]
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
"""

SIDECARS = {
    "slow": "no answer within",
    "huge": "larger than",
    "deep": "nested too deeply",
}
"""How sidecars of the hostile pods answer, and what the operator says of each."""

SOURCES: Mapping[str, Mapping[str, Any]] = {
    "silent-redis": {"broker": {"url": f"redis://{TAR_PIT}:6379/0"}},
    "endless-redis": {"broker": {"url": f"redis://{TAR_PIT}:6380/0"}},
    "silent-amqp": {"broker": {"url": f"amqp://guest:guest@{TAR_PIT}:5672//"}},
    "endless-api": {
        "broker": {
            "url": f"amqp://guest:guest@{TAR_PIT}:5672//",
            "managementUrl": f"http://{TAR_PIT}:15672",
        }
    },
    "silent-results": {
        "broker": {"url": f"redis://{TAR_PIT}:6379/1"},
        "resultBackend": {"url": f"redis://{TAR_PIT}:6380/1"},
    },
    "no-name": {"broker": {"url": "redis://nowhere.invalid:6379/0"}},
    "no-route": {"broker": {"url": "redis://192.0.2.1:6379/0"}},
}
"""Resources without workers, by what they have the operator read."""

HOSTS = {
    **dict.fromkeys(SOURCES, TAR_PIT),
    "no-name": "nowhere.invalid",
    "no-route": "192.0.2.1",
}
"""The host that the status of each of them has to name."""


def server(name: str, sidecar: str = "none") -> Object:
    """A pod that listens at all ports."""
    body = pod(name, EXAMPLE_IMAGE, ["python", "-c", _SERVER], port=9809)
    body["spec"]["containers"][0]["env"] = [{"name": "SIDECAR", "value": sidecar}]
    return body


def tar_pit() -> tuple[Object, Object]:
    """The pod behind the brokers of the resources, and its Service."""
    ports = [{"name": f"port-{port}", "port": port} for port in (5672, 6379, 6380, 15672)]
    spec = {"selector": {"app": TAR_PIT}, "ports": ports}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": TAR_PIT}, "spec": spec}
    return server(TAR_PIT), service


def resources() -> list[Object]:
    """Three with a pod whose image does not exist, the others without pods."""
    absent = "celery-operator/no-such-image:1"
    return [
        *(celery_deployment(name, image=absent, workers=[group(name)]) for name in SIDECARS),
        *(
            celery_deployment(name, workers=[group(name, replicas=0)], **sources)
            for name, sources in SOURCES.items()
        ),
    ]


def take_over(shop: Shop, name: str) -> None:
    """Put a pod with a hostile sidecar in the place of the one that cannot start, as its owner may.

    The ReplicaSet counts the pod as its own, and deletes the one that is not ready.
    """
    selector = f"app.kubernetes.io/instance={name}"
    (owner,) = shop.kube.until(
        f"the ReplicaSet of {name}", lambda: shop.kube.list(shop.namespace, "replicasets", selector)
    )
    body = server(f"{name}-hostile", name)
    body["metadata"]["labels"] |= owner["spec"]["template"]["metadata"]["labels"]
    body["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
        }
    ]
    shop.kube.apply(shop.namespace, body)
