"""Ten CeleryDeployments that harm the operator as far as they can, and the servers that help them."""

from collections.abc import Mapping
from typing import Any

from tools.testbed.kube import Object
from tools.testbed.shop import EXAMPLE_IMAGE, celery_deployment, group, pod

from celery_probe.pod import SIDECAR_CONTAINER

TAR_PIT = "tar-pit"
ABSENT = {"$patch": "delete"}

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


def tar_pit() -> tuple[Object, Object]:
    """The pod behind the brokers of the resources, and its Service."""
    ports = [{"name": f"port-{port}", "port": port} for port in (5672, 6379, 6380, 15672)]
    spec = {"selector": {"app": TAR_PIT}, "ports": ports}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": TAR_PIT}, "spec": spec}
    return pod(TAR_PIT, EXAMPLE_IMAGE, ["python", "-c", _SERVER], port=6379), service


def resources() -> list[Object]:
    """Three whose template puts another program in the place of the sidecar, the others without pods."""
    return [
        *(
            celery_deployment(name, workers=[group(name, template=_with_hostile_sidecar(name))])
            for name in SIDECARS
        ),
        *(
            celery_deployment(name, workers=[group(name, replicas=0)], **sources)
            for name, sources in SOURCES.items()
        ),
    ]


def _with_hostile_sidecar(name: str) -> Object:
    """A pod template, as every tenant may write it, for pods that are ready whatever their sidecar says."""
    sidecar = {
        "name": SIDECAR_CONTAINER,
        "image": EXAMPLE_IMAGE,
        "command": ["python", "-c", _SERVER],
        "env": [{"name": "SIDECAR", "value": name}],
        **dict.fromkeys(("startupProbe", "livenessProbe"), ABSENT),
    }
    worker = {
        "name": "worker",
        "command": ["sleep", "86400"],
        "args": [],
        **dict.fromkeys(("startupProbe", "livenessProbe", "readinessProbe", "lifecycle"), ABSENT),
    }
    return {"spec": {"initContainers": [sidecar], "containers": [worker]}}
