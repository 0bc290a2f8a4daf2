"""The servers of the configurations, and their names in the texts of a configuration."""

import contextlib
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tools.testbed import certificates
from tools.testbed.certificates import Certificate
from tools.testbed.sentinels import sentinel
from tools.testbed.servers import RedisServer, free_port, rabbit_server, redis_server

PASSWORD = "hunter2"
ODD_PASSWORD = "p/w?d#%40:"
"""The password of ``odd``, which each URL has to encode."""
_MASTER_LOGIN = (f"sentinel auth-pass shop {PASSWORD}",)


@contextmanager
def all_servers(folder: Path) -> Iterator[Mapping[str, str]]:
    """What a configuration may name: ports of running servers, and the paths of certificates."""
    authority = certificates.authority(folder)
    server = _subfolder(folder, "server")
    good = certificates.server(server, authority)
    elsewhere = certificates.server(_subfolder(folder, "elsewhere"), authority, "DNS:elsewhere")
    client = certificates.client(folder, authority, "shop")
    tls = {name: str(free_port()) for name in ("tls", "mtls", "elsewhere")}
    with ExitStack() as stack:

        def redis(name: str, password: str = "", *arguments: str) -> RedisServer:
            return stack.enter_context(redis_server(folder / name, password, arguments))

        plain = redis("plain", "", "--unixsocket", str(folder / "redis.sock"))
        locked = redis("locked", PASSWORD)
        master = redis("master", PASSWORD)
        redis("tls", "", *_behind_tls(tls["tls"], good, authority, "no"))
        redis("mtls", "", *_behind_tls(tls["mtls"], good, authority, "yes"))
        redis("wrong", "", *_behind_tls(tls["elsewhere"], elsewhere, authority, "no"))
        rabbit_tls = free_port()
        settings = [
            f"listeners.ssl.default = 127.0.0.1:{rabbit_tls}",
            f"ssl_options.cacertfile = {authority.certificate}",
            f"ssl_options.certfile = {good.certificate}",
            f"ssl_options.keyfile = {good.key}",
            "ssl_options.verify = verify_peer",
            "ssl_options.fail_if_no_peer_cert = false",
            "ssl_cert_login_from = common_name",
            "auth_mechanisms.1 = PLAIN",
            "auth_mechanisms.2 = AMQPLAIN",
            "auth_mechanisms.3 = EXTERNAL",
        ]
        rabbit = stack.enter_context(
            rabbit_server(folder / "rabbit", ["rabbitmq_auth_mechanism_ssl"], settings)
        )
        rabbit.control("add_vhost", "prod")
        for user, password in (("shop", PASSWORD), ("odd", ODD_PASSWORD)):
            rabbit.control("add_user", user, password)
            for vhost in ("/", "prod") if user == "shop" else ("/",):
                rabbit.control("set_permissions", "-p", vhost, user, ".*", ".*", ".*")
        yield {
            **tls,
            "plain": str(plain.port),
            "locked": str(locked.port),
            "sentinel": str(
                stack.enter_context(sentinel(folder / "sentinel", master.port, settings=_MASTER_LOGIN))
            ),
            "sentinel_locked": str(
                stack.enter_context(
                    sentinel(folder / "sentinel_locked", master.port, PASSWORD, _MASTER_LOGIN)
                )
            ),
            "rabbit": str(rabbit.port),
            "rabbit_tls": str(rabbit_tls),
            "closed": str(free_port()),
            "silent": str(stack.enter_context(_silent())),
            "socket": str(folder / "redis.sock"),
            "folder": str(folder),
            "ca": str(authority.certificate),
            "cert": str(client.certificate),
            "key": str(client.key),
        }


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """The settings with each ``<name>`` in them replaced."""
    if isinstance(value, dict):
        return {key: filled(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(f"<{name}>", text)
    return value


def _subfolder(folder: Path, name: str) -> Path:
    made = folder / f"{name}-certificate"
    made.mkdir()
    return made


def _behind_tls(port: str, server: Certificate, authority: Certificate, clients: str) -> list[str]:
    files = {"cert": server.certificate, "key": server.key, "ca-cert": authority.certificate}
    arguments = ["--tls-port", port, "--tls-auth-clients", clients]
    for name, path in files.items():
        arguments += [f"--tls-{name}-file", str(path)]
    return arguments


@contextmanager
def _silent() -> Iterator[int]:
    """A port whose connections the kernel accepts, and that no program reads."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]
