"""Our client and kopf's against an API server whose authority has no key usage, as in many clusters."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import kopf
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from kopf._cogs.clients.auth import APIContext
from kubernetes.aio.client.configuration import Configuration
from tools.testbed import certificates
from tools.testbed.certificates import POOR_AUTHORITY

from celery_operator.handlers import credentials
from celery_operator.kube import Kube, UnreachableError

Read = Callable[[Configuration], Awaitable[dict[str, str]]]

VERSION = {"gitVersion": "v1.34.0"}


async def version(request: web.Request) -> web.Response:
    return web.json_response({**VERSION, "seen": request.headers.get("Authorization", "")})


@pytest.fixture
async def configuration(tmp_path: Path) -> AsyncIterator[Configuration]:
    """How to reach a server with such an authority and a certificate for localhost, with a token."""
    authority = certificates.authority(tmp_path, extensions=POOR_AUTHORITY)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server = certificates.server(tmp_path, authority, "DNS:localhost")
    serving.load_cert_chain(server.certificate, server.key)
    application = web.Application()
    application.router.add_get("/version", version)
    runner = web.AppRunner(application)
    await runner.setup()
    port = unused_port()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=serving).start()
    yield configured(f"https://localhost:{port}", authority.certificate)
    await runner.cleanup()


def configured(host: str, authority: Path | str | None) -> Configuration:
    configuration = Configuration()
    configuration.host = host
    configuration.ssl_ca_cert = None if authority is None else str(authority)
    configuration.api_key = {"BearerToken": "Bearer token-of-the-operator"}
    return configuration


async def by_kopf(configuration: Configuration) -> dict[str, str]:
    context = APIContext(await credentials(configuration))
    try:
        async with context.session.get(f"{context.server}/version") as answer:
            return dict(await answer.json())
    finally:
        await context.close()


async def by_kube(configuration: Configuration) -> dict[str, str]:
    async with Kube(configuration, 5) as kube:
        return dict(await kube.get_path("/version") or {})


@pytest.mark.parametrize("read", [by_kube, by_kopf])
async def test_an_authority_without_key_usage_is_accepted(read: Read, configuration: Configuration) -> None:
    assert await read(configuration) == {**VERSION, "seen": "Bearer token-of-the-operator"}


@pytest.mark.parametrize("read", [by_kube, by_kopf])
async def test_an_unknown_authority_and_another_host_name_are_refused(
    read: Read, configuration: Configuration, tmp_path: Path
) -> None:
    other = certificates.authority(tmp_path, "other", extensions=POOR_AUTHORITY)
    stranger = configured(configuration.host, other.certificate)
    misnamed = configured(configuration.host.replace("localhost", "127.0.0.1"), configuration.ssl_ca_cert)
    for wrong in (stranger, misnamed, configured(configuration.host, None)):
        with pytest.raises((UnreachableError, ssl.SSLError, OSError), match="CERTIFICATE_VERIFY_FAILED"):
            await read(wrong)


@pytest.mark.parametrize("read", [by_kube, by_kopf])
async def test_verification_is_off_where_the_kubeconfig_says_so(
    read: Read, configuration: Configuration
) -> None:
    insecure = configured(configuration.host.replace("localhost", "127.0.0.1"), None)
    insecure.verify_ssl = False
    assert (await read(insecure))["gitVersion"] == VERSION["gitVersion"]


async def test_kopf_knows_rejected_credentials_again(configuration: Configuration) -> None:
    assert await credentials(configuration) == await credentials(configuration)
    changed = configured(configuration.host, None)
    changed.api_key = {"BearerToken": "Bearer renewed"}
    assert await credentials(changed) != await credentials(configuration)
    assert isinstance(await credentials(configuration), kopf.ConnectionInfo)
