import io
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer

from celery_monitor.settings import AccessSettings, ProxyIdentity, Role, ServerSettings
from celery_monitor.web import create_application
from celery_monitor.web.identity.sessions import COOKIE
from celery_monitor.web.routes.login import link_path
from tests.support.monitor_web import ACCESS, API, TOKENS, VIEWER, problem, served, services

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


async def log_in(client: TestClient[Any, Any], role: Role = Role.ADMIN) -> str:
    response = await client.post(f"{API}/login", json={"token": TOKENS[role]}, headers=OWN_PAGE)
    assert response.status == 200
    assert (await response.json())["role"] == role.value
    return response.headers["Set-Cookie"]


async def test_a_browser_trades_its_token_for_a_cookie() -> None:
    async with served() as client:
        client.session._cookie_jar = CookieJar(unsafe=True)
        cookie = await log_in(client, Role.VIEWER)
        for attribute in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43"):
            assert attribute in cookie
        assert "Secure" not in cookie
        assert TOKENS[Role.VIEWER] not in cookie
        identity = await (await client.get(f"{API}/identity")).json()
        assert identity["name"] == "the-viewer"
        assert identity["source"] == "token"


async def test_logout_ends_the_session_of_a_copied_cookie_too() -> None:
    async with served() as client:
        value = (await log_in(client)).partition(";")[0]
        headers = {"Cookie": value, **OWN_PAGE}
        assert (await client.get(f"{API}/identity", headers=headers)).status == 200
        response = await client.post(f"{API}/logout", headers=headers)
        assert response.status == 200
        assert f"{COOKIE}=; " in response.headers["Set-Cookie"]
        assert "Max-Age=0" in response.headers["Set-Cookie"]
        response = await client.get(f"{API}/identity", headers=headers)
        assert response.status == 401
        assert "log in again" in (await problem(response))["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"token": "wrong"}, 401),
        ({"token": ""}, 422),
        ({"token": 5}, 422),
        ({"token": "x" * 8193}, 422),
        ({}, 422),
        ({"token": "x", "role": "admin"}, 422),
        ([], 422),
        ("token", 422),
        ({"token": {"a": "b"}}, 422),
    ],
)
async def test_a_login_with_another_body_is_refused(body: Any, status: int) -> None:
    async with served() as client:
        response = await client.post(f"{API}/login", json=body)
        assert response.status == status
        assert "Set-Cookie" not in response.headers
        await problem(response)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("token=x", "application/x-www-form-urlencoded", 415),
        ('{"token": "x"}', "text/plain", 415),
        ("{", "application/json", 400),
        ("", "application/json", 400),
        ("null", "application/json", 422),
        (b"\xff\xfe", "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        ("[" * 40 + "]" * 40, "application/json", 422),
    ],
)
async def test_a_body_that_is_no_json_is_refused(body: Any, content_type: str, status: int) -> None:
    async with served() as client:
        response = await client.post(f"{API}/login", data=body, headers={"Content-Type": content_type})
        assert response.status == status
        await problem(response)


async def test_a_large_body_is_refused() -> None:
    async with served() as client:
        body = io.BytesIO(b" " * (1024 * 1024 + 1))
        response = await client.post(f"{API}/login", data=body, headers={"Content-Type": "application/json"})
        assert response.status == 413
        await problem(response)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
async def test_a_page_of_another_site_changes_nothing_with_the_cookie(headers: dict[str, str]) -> None:
    async with served() as client:
        value = (await log_in(client)).partition(";")[0]
        response = await client.post(f"{API}/logout", headers={"Cookie": value, **headers})
        assert response.status == 403
        await problem(response)
        assert (await client.get(f"{API}/identity", headers={"Cookie": value})).status == 200


async def test_an_older_browser_shows_its_own_page_by_origin() -> None:
    async with served() as client:
        value = (await log_in(client)).partition(";")[0]
        origin = str(client.make_url("")).rstrip("/")
        response = await client.post(f"{API}/logout", headers={"Cookie": value, "Origin": origin})
        assert response.status == 200


async def test_a_page_of_another_site_cannot_log_a_browser_in() -> None:
    async with served() as client:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            response = await client.post(f"{API}/login", json={"token": TOKENS[Role.VIEWER]}, headers=headers)
            assert response.status == 403


async def test_a_login_link_of_the_terminal_works_once_and_leads_to_the_api() -> None:
    parts = services(server=ServerSettings(url_prefix="/celery"))
    async with TestClient(TestServer(create_application(parts))) as client:
        path = "/celery" + link_path(parts.access.links.make())
        assert (await client.head(path)).status == 405
        response = await client.get(path, allow_redirects=False)
        assert response.status == 303
        assert response.headers["Location"].startswith("/celery/")
        assert "Path=/celery;" in response.headers["Set-Cookie"]
        value = response.headers["Set-Cookie"].partition(";")[0]
        identity = await (await client.get(f"/celery{API}/identity", headers={"Cookie": value})).json()
        assert (identity["name"], identity["role"]) == ("terminal", "admin")
        response = await client.get(path, allow_redirects=False)
        assert response.status == 410
        assert "Set-Cookie" not in response.headers


LOOPBACK = (ip_network("127.0.0.0/8"),)


async def test_behind_a_proxy_with_https_the_cookie_is_secure() -> None:
    async with served(server=ServerSettings(proxies=LOOPBACK)) as client:
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/jobs"}
        response = await client.post(f"{API}/login", json={"token": TOKENS[Role.ADMIN]}, headers=headers)
        assert response.headers["Set-Cookie"].endswith("; Secure")
        assert "Path=/jobs;" in response.headers["Set-Cookie"]


IDENTITY = AccessSettings(
    tokens=ACCESS.tokens, proxy_identity=ProxyIdentity("X-Auth-Request-Email", Role.OPERATOR)
)


async def test_a_proxy_names_its_user() -> None:
    async with served(access=IDENTITY, server=ServerSettings(proxies=LOOPBACK)) as client:
        identity = await (
            await client.get(f"{API}/identity", headers={"X-Auth-Request-Email": "ann@shop.example"})
        ).json()
        assert identity == {
            "name": "ann@shop.example",
            "role": "operator",
            "source": "proxy",
            "expires": None,
        }
        assert (await client.get(f"{API}/identity")).status == 401
        response = await client.post(f"{API}/logout", headers={"X-Auth-Request-Email": "ann@shop.example"})
        assert response.status == 403


@pytest.mark.parametrize(("access", "proxies"), [(IDENTITY, ()), (ACCESS, LOOPBACK)])
async def test_the_header_of_another_peer_or_of_no_setting_names_no_user(
    access: AccessSettings, proxies: Any
) -> None:
    async with served(access=access, server=ServerSettings(proxies=proxies)) as client:
        response = await client.get(f"{API}/identity", headers={"X-Auth-Request-Email": "ann@shop.example"})
        assert response.status == 401


@pytest.mark.parametrize("value", ["", " ", "x" * 256])
async def test_a_proxy_that_names_no_user_gives_no_access(value: str) -> None:
    async with served(access=IDENTITY, server=ServerSettings(proxies=LOOPBACK)) as client:
        response = await client.get(f"{API}/identity", headers={"X-Auth-Request-Email": value})
        assert response.status == 401


async def test_a_bearer_token_comes_before_the_cookie() -> None:
    async with served() as client:
        value = (await log_in(client, Role.ADMIN)).partition(";")[0]
        identity = await (await client.get(f"{API}/identity", headers={"Cookie": value, **VIEWER})).json()
        assert identity["role"] == "viewer"
