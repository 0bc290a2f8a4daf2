"""Walks the OpenAPI document: what no route may allow."""

from collections.abc import Iterator
from typing import Any

import pytest

from celery_health.wire.group_requests import REQUESTS_PATH
from celery_health.wire.resource_push import PUSH_PATH, ResourcePush
from celery_monitor.settings import Role, ServerSettings
from celery_monitor.web.application import all_routes, create_application
from celery_monitor.web.push import PushReceiver
from celery_monitor.web.routes import page
from celery_monitor.web.routing.openapi import document
from tests.support.monitor_web import ADMIN, API, OPERATOR, VIEWER, served, services

OPEN = {
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/api/celery/health/"),
    ("post", f"{API}/login"),
    ("get", f"{API}/session"),
    ("get", "/login/{link}"),
    *(("get", route.path) for route in page.ROUTES),
}
PARTS: dict[str, Any] = {"metrics": lambda: [b""], "server": ServerSettings(flower_api=True)}
"""With these, the application has every route that is described."""
OWN_SESSION = {("post", f"{API}/logout"), ("post", f"{API}/ws/ticket")}
"""What a viewer may change: the own session."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    described = document(all_routes(services(**PARTS)), "", "1")
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


OPERATIONS = list(operations())
SECURED = [(method, path) for method, path, _ in OPERATIONS if (method, path) not in OPEN]
CHANGING = [
    (method, path) for method, path in SECURED if method != "get" and (method, path) not in OWN_SESSION
]


def filled(path: str) -> str:
    return path.replace("{", "").replace("}", "")


def test_only_probes_and_logins_need_no_identity() -> None:
    opened = {(method, path) for method, path, operation in OPERATIONS if not operation["security"]}
    assert opened == OPEN


@pytest.mark.parametrize(("method", "path"), SECURED)
async def test_a_route_answers_nothing_without_an_identity(method: str, path: str) -> None:
    async with served(**PARTS) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "celery-monitor-session=x.y"}):
            response = await client.request(method, filled(path), headers=headers)
            assert response.status == 401


async def test_a_viewer_changes_nothing_by_any_route() -> None:
    async with served(**PARTS) as client:
        for method, path in CHANGING:
            response = await client.request(method, filled(path), headers=VIEWER, json={})
            assert response.status == 403, f"{method} {path}"


async def test_no_route_takes_another_method() -> None:
    allowed: dict[str, set[str]] = {}
    for method, path, _ in OPERATIONS:
        allowed.setdefault(path, set()).add(method)
    async with served(**PARTS) as client:
        for path, methods in allowed.items():
            for method in {"post", "put", "patch", "delete", "options"} - methods:
                response = await client.request(method, filled(path), headers=ADMIN)
                assert response.status == 405, f"{method} {path}"


async def test_the_audit_is_for_admins() -> None:
    async with served() as client:
        for headers in (VIEWER, OPERATOR):
            assert (await client.get(f"{API}/audit", headers=headers)).status == 403


def test_every_role_of_the_document_exists() -> None:
    roles = {operation["x-role"] for _, _, operation in OPERATIONS if "x-role" in operation}
    assert roles <= {role.value for role in Role}


async def test_what_is_not_described_is_for_the_operator_and_no_identity_opens_it() -> None:
    taken: list[ResourcePush] = []
    parts = {**PARTS, "push": PushReceiver(token="the-token-of-pushes", take=taken.append)}
    described = {(method.upper(), path.rstrip("/")) for method, path, _ in OPERATIONS}
    served_routes = {
        (route.method, str(route.resource.canonical).rstrip("/"))
        for route in create_application(services(**parts)).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert served_routes - described == {("POST", PUSH_PATH), ("POST", REQUESTS_PATH)}
    assert described <= served_routes
    async with served(**parts) as client:
        for headers in ({}, VIEWER, OPERATOR, ADMIN):
            for path in (PUSH_PATH, REQUESTS_PATH):
                assert (await client.post(path, data=b"{}", headers=headers)).status == 401
    assert taken == []
