"""Schemathesis: generated requests against the served OpenAPI document, with each role."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from celery_monitor.history import History
from celery_monitor.settings import Role
from celery_monitor.web import create_application
from tests.integration.monitor.history.examples import many
from tests.support.monitor_web import API, FakeLive, bearer, services

# No route describes a status 500, so a failure of the monitor is an unknown status.
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 12


class Served:
    """The application in a thread of its own: schemathesis blocks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()])

    def __enter__(self) -> "Served":
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(60)
        self._loop.close()

    async def _run(self) -> None:
        history = await History.open(f"sqlite:///{self.folder}/history.db")
        await history.write(many(200))
        parts = services(history=history, live=FakeLive(), metrics=lambda: [b"up 1\n"])
        runner = web.AppRunner(create_application(parts))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._stopped.wait()
        await runner.cleanup()
        await history.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("history")) as running:
        yield running


@pytest.mark.parametrize("role", [*Role, None])
def test_generated_requests_get_what_the_document_describes(server: Served, role: Role | None) -> None:
    headers = bearer(role) if role is not None else {}
    schema: Any = schemathesis.openapi.from_url(f"{server.url}{API}/openapi.json", headers=bearer(Role.ADMIN))
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        if role is None and operation.path.startswith("/login"):
            continue
        _exercise(operation, server.url, headers)


def _exercise(operation: Any, url: str, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        response = case.call(base_url=url, headers=headers, timeout=60)
        case.validate_response(response, checks=CHECKS)

    run()
