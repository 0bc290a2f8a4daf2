"""A refusal of our own login is no fault of the broker: the application's is used, or nothing is known."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis as redis_client
from tools.testbed import certificates
from tools.testbed.certificates import Certificate
from tools.testbed.sentinels import sentinel
from tools.testbed.servers import free_port, rabbit_server, redis_server

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from tests.integration.cli.harness import run
from tests.integration.configurations.configured import a_worker, health, messages
from tests.integration.sidecar.checked import checked

PASSWORD = "hunter2"
READERS = Path(__file__).parents[3] / "docs" / "reference" / "readers.md"


@pytest.fixture(scope="module")
def sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Three Sentinels: the first is down, and the others have a password of their own."""
    with ExitStack() as stack:
        master = stack.enter_context(redis_server(tmp_path_factory.mktemp("master")))
        ports = [
            stack.enter_context(sentinel(tmp_path_factory.mktemp("sentinel"), master.port, PASSWORD))
            for _ in range(2)
        ]
        yield ";".join(f"sentinel://127.0.0.1:{port}/0" for port in (free_port(), *ports))


def test_the_application_knows_the_password_of_its_sentinels(sentinels: str, tmp_path: Path) -> None:
    options = {"master_name": "shop", "sentinel_kwargs": {"password": PASSWORD}}
    settings = {"broker_url": sentinels, "broker_transport_options": options}
    with a_worker(tmp_path / "worker", settings):
        found = health(settings)
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
    assert [queue["ready"] for queue in found.document["queues"]] == [0]
    assert PASSWORD not in found.out


def test_without_the_application_sentinels_that_ask_for_a_login_are_unknown(sentinels: str) -> None:
    first, *others = sentinels.split(";")
    found = run(
        "--broker", ";".join([f"{first}?master_name=shop", *others]), "--timeout", "30", "--format", "json"
    )
    assert (found.code, found.document["status"]) == (2, "unknown")
    assert "asks for a login of its own" in messages(found)


def test_the_redis_user_of_the_docs_may_ask_and_count_the_workers(tmp_path: Path) -> None:
    (words,) = re.findall(r"^ACL SETUSER cli on >PASSWORD (.+)$", READERS.read_text(), re.MULTILINE)
    with redis_server(tmp_path / "redis") as redis:
        with redis_client.Redis(port=redis.port) as client:
            client.execute_command("ACL", "SETUSER", "cli", "on", f">{PASSWORD}", *words.split())
        url = f"redis://cli:{PASSWORD}@127.0.0.1:{redis.port}/0"
        settings = {"broker_url": url, "result_backend": url}
        none = health(settings)
        assert (none.code, none.reasons) == (2, {"NoWorkers"}), messages(none)
        with a_worker(tmp_path / "worker", {"broker_url": redis.url, "result_backend": redis.url}):
            found = health(settings, "--test-tasks", "--check-redis")
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)


def test_sentinels_that_are_down_are_named_as_such() -> None:
    found = run(
        "--broker",
        f"sentinel://127.0.0.1:{free_port()}/0?master_name=shop",
        "--timeout",
        "30",
        "--format",
        "json",
    )
    assert (found.code, found.document["broker"]["reason"]) == (2, "ConnectionRefused")


@dataclass(frozen=True)
class TlsRabbit:
    """A RabbitMQ whose users log in with certificates. ``client``: that of the user ``shop``."""

    url: str
    authority: Certificate
    client: Certificate

    def settings(self) -> dict[str, object]:
        """The settings of an application that logs in."""
        files = {"ca_certs": self.authority.certificate, "certfile": self.client.certificate}
        files["keyfile"] = self.client.key
        return {
            "broker_url": self.url,
            "broker_use_ssl": {name: str(path) for name, path in files.items()},
            "broker_login_method": "EXTERNAL",
        }

    def query(self) -> str:
        """The same TLS options for a URL."""
        return (
            f"ssl_ca_certs={self.authority.certificate}&ssl_certfile={self.client.certificate}"
            f"&ssl_keyfile={self.client.key}"
        )


@pytest.fixture(scope="module", params=["EXTERNAL", "EXTERNAL and PLAIN"])
def rabbit(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsRabbit]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = certificates.authority(folder)
    server = certificates.server(folder, authority)
    client = certificates.client(folder, authority, "shop")
    port = free_port()
    settings = [
        f"listeners.ssl.default = 127.0.0.1:{port}",
        f"ssl_options.cacertfile = {authority.certificate}",
        f"ssl_options.certfile = {server.certificate}",
        f"ssl_options.keyfile = {server.key}",
        "ssl_options.verify = verify_peer",
        "ssl_options.fail_if_no_peer_cert = true",
        "ssl_cert_login_from = common_name",
        *(f"auth_mechanisms.{number} = {name}" for number, name in enumerate(request.param.split(" and "))),
    ]
    plugins = ["rabbitmq_auth_mechanism_ssl"]
    with rabbit_server(tmp_path_factory.mktemp("rabbit"), plugins, settings) as started:
        started.control("add_user", "shop", PASSWORD)
        started.control("set_permissions", "shop", ".*", ".*", ".*")
        yield TlsRabbit(f"amqps://127.0.0.1:{port}//", authority, client)


def test_the_application_logs_in_to_rabbitmq_with_a_certificate(rabbit: TlsRabbit, tmp_path: Path) -> None:
    with a_worker(tmp_path / "worker", rabbit.settings()):
        found = health(rabbit.settings())
        by_url = run(
            "--broker",
            f"{rabbit.url}?{rabbit.query()}&login_method=EXTERNAL",
            "--timeout",
            "30",
            "--format",
            "json",
        )
        # In the URL of a worker the same options raise a TypeError.
        refused = health({"broker_url": f"{rabbit.url}?{rabbit.query()}"})
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
    assert [queue["consumers"] for queue in found.document["queues"]] == [1]
    assert (by_url.code, len(by_url.document["workers"])) == (0, 1), messages(by_url)
    assert refused.code == 3
    assert "set broker_use_ssl" in refused.err


def test_a_file_that_does_not_exist_is_named_with_its_setting(rabbit: TlsRabbit, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.crt")
    found = health({**rabbit.settings(), "broker_use_ssl": {"ca_certs": gone}})
    assert (found.code, found.document["status"]) == (2, "unknown")
    assert f"the file {gone}, ca_certs of broker_use_ssl, does not exist here" in messages(found)
    assert "a user who may log in" not in found.document["problems"][0]["remedy"]

    command = ("--timeout", "30", "--format", "json")
    by_url = run("--broker", f"{rabbit.url}?ssl_ca_certs={gone}", *command)
    assert f"the file {gone}, ssl_ca_certs of its URL, does not exist here" in messages(by_url)

    with redis_server(tmp_path / "redis") as redis:
        use_ssl = {"ssl_cert_reqs": 2, "ssl_ca_certs": gone}
        settings = {"broker_url": redis.url, "redis_backend_use_ssl": use_ssl}
        backend = health({**settings, "result_backend": f"rediss://127.0.0.1:{redis.port}/0"})
    assert f"the file {gone}, ssl_ca_certs of redis_backend_use_ssl, does not exist here" in messages(backend)


@pytest.mark.parametrize("query", ["", "tls", "tls and login"])
async def test_the_reader_and_the_sidecar_know_only_what_the_url_says(rabbit: TlsRabbit, query: str) -> None:
    """Without the certificate, or without the login method, nothing is known of the workers' own login."""
    url = rabbit.url.replace("://", "://stranger:wrong@") + ("?" + rabbit.query() if query else "")
    if query == "tls and login":
        url += "&login_method=EXTERNAL"
    reader = reader_for(url)
    readings = [await reader.read(["celery"]), checked(url)]
    await reader.close()
    expected = {"": (None, BrokerReason.TLS_FAILED), "tls": (None, BrokerReason.UNSUPPORTED_KIND)}
    for reading in readings:
        found = (reading.reachable, reading.reason)
        assert found == expected.get(query, (True, BrokerReason.REACHABLE)), reading.message
