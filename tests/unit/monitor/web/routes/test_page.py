import gzip
import re
import struct
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from celery_health.survey.task.states import SIGNALS
from celery_monitor.settings import ServerSettings
from celery_monitor.web.page_files import FOLDER, SCRIPT, STYLES, page_files, sources
from celery_monitor.web.routing.dispatch import MAX_PARAMETER_LENGTH
from tests.support.monitor_web import ADMIN, API, VIEWER, problem, served

_LINK = re.compile(r'(?:href|src)="([^"]+)"')
SCREENS = (
    "/monitoring",
    "/monitoring/tasks?q=state:failure",
    "/monitoring/tasks/a%2Fb",
    f"/monitoring/tasks/{'x' * (MAX_PARAMETER_LENGTH + 1)}",
    f"/monitoring/{'x' * (MAX_PARAMETER_LENGTH + 1)}",
    "/settings",
)


async def document(client: TestClient[Any, Any], path: str, **headers: str) -> str:
    response = await client.get(path, headers=headers)
    assert response.status == 200
    assert response.content_type == "text/html"
    return str(await response.text())


def policy(response: ClientResponse) -> dict[str, list[str]]:
    words = [part.split() for part in response.headers["Content-Security-Policy"].split(";")]
    return {name: sources for name, *sources in words}


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: path[:30])
async def test_every_screen_has_the_same_document_without_a_login(path: str) -> None:
    async with served() as client:
        assert await document(client, path) == await document(client, "/monitoring")


async def test_only_a_secure_page_has_a_header_that_browsers_ignore_on_plain_http() -> None:
    async with served(server=ServerSettings(proxies=(ip_network("127.0.0.1"),))) as client:
        secure = await client.get("/monitoring", headers={"X-Forwarded-Proto": "https"})
        plain = await client.get("/monitoring")
        assert secure.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "Cross-Origin-Opener-Policy" not in plain.headers


async def test_the_root_and_the_login_link_lead_to_the_page() -> None:
    async with served(server=ServerSettings(url_prefix="/ops")) as client:
        response = await client.get("/ops/", allow_redirects=False)
        assert (response.status, response.headers["Location"]) == (303, "/ops/monitoring")


async def test_a_file_never_changes_below_its_address() -> None:
    async with served() as client:
        links = _LINK.findall(await document(client, "/monitoring"))
        # A browser asks for six files at a time, so more of them make the first paint later.
        assert len(links) == 5
        for link in links:
            response = await client.get(link)
            assert response.status == 200, link
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_a_file_of_another_version_is_not_found() -> None:
    async with served() as client:
        response = await client.get("/monitoring/static/0123456789abcdef/app/page.js")
        assert response.status == 404
        assert "Reload" in (await problem(response))["detail"]


@pytest.mark.parametrize(
    "name", ["..%2Findex.html", "%2e%2e%2findex.html", "vendor%2FSHA256SUMS", "nothing.js"]
)
async def test_only_files_of_the_page_are_served(name: str) -> None:
    async with served() as client:
        response = await client.get(f"/monitoring/static/{page_files().version}/app/{name}")
        assert response.status == 404


async def test_a_file_is_compressed_for_clients_that_take_it() -> None:
    path = f"/monitoring/static/{page_files().version}/vendor/libraries.js"
    async with served() as client:
        client.session._auto_decompress = False
        packed = await client.get(path, headers={"Accept-Encoding": "gzip"})
        plain = await client.get(path, headers={"Accept-Encoding": "identity"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in plain.headers
        assert gzip.decompress(await packed.read()) == await plain.read()
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
        assert packed.content_type == "text/javascript"


async def test_nothing_inline_and_nothing_of_another_site_runs() -> None:
    async with served() as client:
        response = await client.get("/monitoring")
        allowed = policy(response)
        assert allowed["default-src"] == ["'none'"]
        assert allowed["script-src"] == allowed["style-src"] == allowed["connect-src"] == ["'self'"]
        text = await response.text()
        assert "<style" not in text
        assert not re.search(r"<script(?![^>]* src=)", text)
        assert not re.search(r"\son[a-z]+=", text)
        assert "http://" not in text
        assert "https://" not in text


async def test_the_page_works_below_a_prefix() -> None:
    async with served(server=ServerSettings(url_prefix="/ops/celery")) as client:
        text = await document(client, "/ops/celery/monitoring")
        assert 'data-prefix="/ops/celery"' in text
        assert all(link.startswith("/ops/celery/monitoring/static/") for link in _LINK.findall(text))


async def test_the_page_offers_the_signals_that_the_api_takes() -> None:
    async with served() as client:
        assert f'data-signals="{" ".join(SIGNALS)}"' in await document(client, "/monitoring")


async def test_a_proxy_names_the_prefix_that_it_removes() -> None:
    server = ServerSettings(proxies=(ip_network("127.0.0.0/8"),))
    async with served(server=server) as client:
        text = await document(client, "/monitoring", **{"X-Forwarded-Prefix": "/behind"})
        assert 'data-prefix="/behind"' in text
        hostile = await document(client, "/monitoring", **{"X-Forwarded-Prefix": '/"><script>'})
        assert 'data-prefix=""' in hostile


async def test_a_browser_asks_who_is_logged_in_without_an_error() -> None:
    async with served() as client:
        assert await (await client.get(f"{API}/session")).json() == {"identity": None}
        wrong = await client.get(f"{API}/session", headers={"Authorization": "Bearer wrong"})
        assert (wrong.status, await wrong.json()) == (200, {"identity": None})
        known = await (await client.get(f"{API}/session", headers=VIEWER)).json()
        assert known["identity"]["role"] == "viewer"


async def test_the_health_names_what_is_wrong_and_what_to_do() -> None:
    async with served() as client:
        document = await (await client.get(f"{API}/health", headers=ADMIN)).json()
        assert document["health"] == "Unhealthy"
        assert document["verdicts"][0]["remedy"]


def test_the_scripts_are_within_their_budget() -> None:
    scripts = {name: file for name, file in page_files().files.items() if name.endswith(".js")}
    assert sum(len(file.compressed) for file in scripts.values()) <= 120_000


def test_the_page_builds_html_from_text_nodes_only() -> None:
    own = [file for file in FOLDER.rglob("*.js") if file.parent.name != "vendor"]
    assert own
    for file in own:
        text = file.read_text(encoding="utf-8")
        for refused in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
        ):
            assert refused not in text, f"{file}: {refused}"


def test_the_page_knows_how_long_a_name_may_be() -> None:
    assert f"const LONGEST_NAME = {MAX_PARAMETER_LENGTH};" in sources()["screens/not_found.js"]


def test_compression_has_no_time_of_day() -> None:
    """The same files are the same bytes on every monitor behind one address."""
    for file in page_files().files.values():
        assert struct.unpack("<I", file.compressed[4:8]) == (0,)


def test_every_file_of_the_folder_is_served() -> None:
    texts, page = sources(), page_files()
    present = {file.relative_to(FOLDER).as_posix() for file in FOLDER.glob("*/*")}
    assert present - set(texts) == {"vendor/SHA256SUMS"}
    assert not [folder for folder in FOLDER.glob("*/*") if Path(folder).is_dir()]
    for name in set(texts) - set(page.files):
        if name.endswith(".js"):
            assert (
                f"const ${name.removesuffix('.js').replace('/', '_')} = ".encode() in page.files[SCRIPT].body
            )
        else:
            assert texts[name].encode() in page.files[STYLES].body, name
