"""A real worker with every preset runs tasks and stores results, on each transport."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World

from tests.integration.conformance.servers import filled
from tests.integration.presets.harness import preset_worker

HOST = "127.0.0.1"
MASTER = {"master_name": "shop"}
SOCKET = "redis+socket://<socket>?virtual_host=6"


@dataclass(frozen=True)
class Transport:
    """How an application reaches its broker and its result backend."""

    broker: str
    store: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    world: World = CELERY_5_6


def _of_redis(url: str, **settings: Any) -> Transport:
    return Transport(url, url, settings)


TRANSPORTS = {
    "redis": _of_redis(f"redis://{HOST}:<plain>/5"),
    "rediss": _of_redis(f"rediss://{HOST}:<tls>/5?ssl_cert_reqs=none"),
    "sentinel": _of_redis(
        f"sentinel://:hunter2@{HOST}:<sentinel>/5",
        broker_transport_options=MASTER,
        result_backend_transport_options=MASTER,
    ),
    "socket": _of_redis(SOCKET),
    "socket-5.3": Transport(SOCKET, SOCKET, world=CELERY_5_3),
    "socket-5.7": Transport(SOCKET, SOCKET, world=CELERY_5_7),
    "amqp": Transport(f"amqp://{HOST}:<rabbit>//", "rpc://"),
    "amqps": Transport(f"amqps://{HOST}:<rabbit_tls>//", "rpc://", {"broker_use_ssl": {"cert_reqs": 0}}),
    "filesystem": Transport(
        "filesystem://",
        "file://<home>/results",
        {
            "broker_transport_options": {
                "data_folder_in": "<home>/messages",
                "data_folder_out": "<home>/messages",
                "control_folder": "<home>/control",
            }
        },
    ),
}


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
def test_a_worker_with_every_preset_runs_tasks(
    transport: Transport, names: Mapping[str, str], tmp_path: Path
) -> None:
    for folder in ("results", "messages", "control"):
        (tmp_path / folder).mkdir()
    known = {**names, "home": str(tmp_path)}
    broker, store = filled(transport.broker, known), filled(transport.store, known)
    given = {"TEST_SETTINGS": json.dumps(filled(dict(transport.settings), known))}
    send = "from preset_app import app; print(app.send_task('mail', queue='email').get(timeout=50))"
    with preset_worker(tmp_path / "worker", transport.world, broker, store, "-P", "solo", **given) as worker:
        worker.wait_ready()
        assert worker.run(send).strip() == "sent"
